// Basic blocks of a MAST forest: operations in groups of nine, groups in batches of eight.
// spec/crypto.md §13.2.
#pragma once

#include <vector>

#include "crypto/felt.hpp"

namespace miden {

inline constexpr size_t kGroupsPerBatch = 8;
inline constexpr unsigned kMaxOperationsPerGroup = 9;

// A decoded block, borrowed from the block data.
struct BasicBlock {
  ByteView operations;  // those that batches cover: opcode, and 8 bytes where it has an operand
  size_t operation_count = 0;  // in `operations`
  ByteView group_sizes;        // 4 bytes a batch: operations in each group, low nibble first
  ByteView padding;  // 1 byte a batch: bit i says that group i ends with a NOOP that fills it

  size_t batch_count() const { return padding.size(); }
  size_t encoded_size() const;
  void encode(ByteWriter& writer) const;
};

// Reads blocks of one forest; keeps its scratch memory from block to block.
class BasicBlockReader {
 public:
  explicit BasicBlockReader(ByteView block_data) : data_(block_data) {}

  // The block at `offset`, checked as the reference's trusted reader does. Errors: UnexpectedEOF,
  // InvalidValue.
  Result<BasicBlock> read(uint32_t offset);
  // Appends the eight group values of each batch of the block read last: what its digest hashes.
  // Error: InvalidBatch when batches break the rules of spec/crypto.md §13.6 (3).
  Result<void> append_groups(const BasicBlock& block, std::vector<Felt>& groups) const;

 private:
  ByteView data_;
  std::vector<uint8_t> opcodes_;  // of the block read last
};

}  // namespace miden
