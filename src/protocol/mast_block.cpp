#include "protocol/mast_block.hpp"

#include <array>
#include <bit>

#include "protocol/mast_sections.hpp"

namespace miden {
namespace {

constexpr uint8_t kNoop = 0x00;
constexpr uint8_t kPush = 0x5b;
constexpr unsigned kOpcodeBits = 7;

enum class OperationKind : uint8_t { kInvalid, kPlain, kWithOperand };

// Opcodes that may stand in a block; control flow is not among them.
constexpr std::array<OperationKind, 256> kOperationKinds = [] {
  std::array<OperationKind, 256> kinds{};
  const auto allow = [&](unsigned first, unsigned last, unsigned step) {
    for (unsigned opcode = first; opcode <= last; opcode += step) {
      kinds[opcode] = OperationKind::kPlain;
    }
  };
  allow(0x00, 0x05, 1);
  allow(0x07, 0x2e, 1);
  allow(0x30, 0x3f, 1);
  allow(0x40, 0x4e, 2);
  allow(0x50, 0x53, 1);
  allow(0x59, 0x5b, 1);
  allow(0x5d, 0x5e, 1);
  allow(0x60, 0x64, 4);
  for (const unsigned opcode : {0x20u, 0x4au, 0x51u, 0x5bu}) {  // ASSERT U32ASSERT2 MPVERIFY PUSH
    kinds[opcode] = OperationKind::kWithOperand;
  }
  return kinds;
}();

// One batch's groups by their number of operations.
struct BatchShape {
  std::array<unsigned, kGroupsPerBatch> sizes{};
  unsigned operation_count = 0;
};

Result<BatchShape> read_shape(ByteView packed) {
  BatchShape shape;
  for (size_t group = 0; group < kGroupsPerBatch; ++group) {
    const unsigned size = packed[group / 2] >> (group % 2 * 4) & 0xfu;
    if (size > kMaxOperationsPerGroup) {
      return invalid_value("an operation group of " + std::to_string(size) + " operations");
    }
    shape.sizes[group] = size;
    shape.operation_count += size;
  }
  return shape;
}

// The batch's number of groups: the index after the last operation group and its immediates.
Result<size_t> check_batch(const BatchShape& shape, uint8_t padding,
                           std::span<const uint8_t> opcodes) {
  size_t group_count = 0;
  std::array<bool, kGroupsPerBatch> ends_with_noop{};
  size_t position = 0;
  for (size_t group = 0; group < kGroupsPerBatch; ++group) {
    if (shape.sizes[group] == 0) continue;
    size_t next = group + 1;
    for (const uint8_t opcode : opcodes.subspan(position, shape.sizes[group])) {
      if (opcode != kPush) continue;
      if (next >= kGroupsPerBatch) return invalid_value("push immediate exceeds group slots");
      if (shape.sizes[next] != 0)
        return invalid_value("push immediate overlaps an operation group");
      ++next;
    }
    position += shape.sizes[group];
    ends_with_noop[group] = opcodes[position - 1] == kNoop;
    group_count = next;
  }
  for (size_t group = 0; group < group_count; ++group) {
    if ((padding >> group & 1) == 0) continue;
    if (shape.sizes[group] == 0) return invalid_value("an empty group cannot be marked as padded");
    if (!ends_with_noop[group]) return invalid_value("a padded group must end with NOOP");
  }
  return group_count;
}

size_t vint_size(uint64_t value) {
  return static_cast<size_t>(9 - std::min(std::max(std::countl_zero(value) - 1, 0) / 7, 8));
}

}  // namespace

size_t BasicBlock::encoded_size() const {
  return vint_size(operation_count) + operations.size() + 4 + group_sizes.size() + padding.size();
}

void BasicBlock::encode(ByteWriter& writer) const {
  writer.vint(operation_count);
  writer.bytes(operations);
  writer.u32(static_cast<uint32_t>(batch_count()));
  writer.bytes(group_sizes);
  writer.bytes(padding);
}

Result<BasicBlock> BasicBlockReader::read(uint32_t offset) {
  if (offset > data_.size())
    return invalid_value("a basic block's offset lies beyond the block data");
  ByteReader reader(data_.subspan(offset));

  opcodes_.resize(TRY(reader.count(1)));
  const ByteView operations = reader.rest();
  size_t position = 0;
  for (uint8_t& opcode : opcodes_) {
    if (position >= operations.size()) return ByteReader::end_of_file();
    opcode = operations[position++];
    const OperationKind kind = kOperationKinds[opcode];
    if (kind == OperationKind::kPlain) continue;
    if (kind == OperationKind::kInvalid) {
      return invalid_value("invalid opcode " + std::to_string(opcode));
    }
    if (operations.size() - position < 8) return ByteReader::end_of_file();
    TRY(Felt::parse(read_u64(operations.subspan(position), 0)));
    position += 8;
  }
  TRY(reader.bytes(position));

  const size_t batch_count = TRY(reader.checked_count(TRY(reader.u32()), 5));
  if (batch_count == 0) return invalid_value("a basic block must have operations");
  BasicBlock block;
  block.group_sizes = TRY(reader.bytes(4 * batch_count));
  block.padding = TRY(reader.bytes(batch_count));

  for (size_t batch = 0; batch < batch_count; ++batch) {
    const BatchShape shape = TRY(read_shape(block.group_sizes.subspan(4 * batch, 4)));
    if (shape.operation_count > opcodes_.size() - block.operation_count) {
      return invalid_value("batches cover more operations than the basic block has");
    }
    const auto covered = std::span(opcodes_).subspan(block.operation_count, shape.operation_count);
    TRY(check_batch(shape, block.padding[batch], covered));
    block.operation_count += shape.operation_count;
  }

  // Operations after the last batch are read and dropped, as the reference does.
  for (size_t i = opcodes_.size(); i > block.operation_count; --i) {
    position -= kOperationKinds[opcodes_[i - 1]] == OperationKind::kWithOperand ? 9 : 1;
  }
  block.operations = operations.first(position);
  return block;
}

Result<void> BasicBlockReader::append_groups(const BasicBlock& block,
                                             std::vector<Felt>& groups) const {
  const auto broken = [](const char* why) { return fail("InvalidBatch", why); };
  std::span<const uint8_t> opcodes = opcodes_;
  size_t operand = 0;  // of the operation at hand, in block.operations
  for (size_t batch = 0; batch < block.batch_count(); ++batch) {
    const BatchShape shape = TRY(read_shape(block.group_sizes.subspan(4 * batch, 4)));
    const size_t group_count =
        TRY(check_batch(shape, block.padding[batch], opcodes.first(shape.operation_count)));
    const bool is_last = batch + 1 == block.batch_count();
    if (is_last ? !std::has_single_bit(group_count) : group_count != kGroupsPerBatch) {
      return broken("only the last batch may have fewer than eight groups, and a power of two");
    }

    std::array<uint64_t, kGroupsPerBatch> values{};
    for (size_t group = 0; group < group_count; ++group) {
      size_t immediate_slot = group + 1;
      for (unsigned i = 0; i < shape.sizes[group]; ++i) {
        const uint8_t opcode = opcodes[i];
        values[group] |= uint64_t{opcode} << (kOpcodeBits * i);
        const bool has_operand = kOperationKinds[opcode] == OperationKind::kWithOperand;
        if (opcode == kPush) {
          if (i + 1 == shape.sizes[group]) return broken("a group ends with a push");
          values[immediate_slot++] = read_u64(block.operations.subspan(operand + 1), 0);
        }
        operand += has_operand ? 9 : 1;
      }
      opcodes = opcodes.subspan(shape.sizes[group]);
    }
    for (const uint64_t value : values) groups.push_back(Felt::from_canonical(value));
  }
  return {};
}

}  // namespace miden
