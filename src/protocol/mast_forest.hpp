// Compiled programs as far as a node must read them: find the end, the roots and the digests, and
// drop debug information. spec/types.md §5, crypto.md §13.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "crypto/word.hpp"

namespace miden {

// Digests are the sender's claim and are not recomputed (the reference trusts them on the same
// paths); use validate() where the code itself matters.
class MastForest {
 public:
  // Without nodes.
  MastForest() = default;

  size_t node_count() const { return digests_.size(); }
  // Error: InvalidNodeId.
  Result<Word> digest_of(uint32_t node) const;
  // Node ids of the procedure roots, in stored order, repeated ones dropped.
  const std::vector<uint32_t>& roots() const { return roots_; }
  bool has_procedure(const Word& root) const;
  // Recomputes every digest. Errors: ForwardReference, HashMismatch, InvalidBatch.
  Result<void> validate() const;
  // Without debug information: same nodes, digests, roots and advice map.
  MastForest without_debug_info() const;

  // Re-encodes as the reference would after decoding the same bytes.
  void encode(ByteWriter& writer) const { writer.bytes(*bytes_); }
  static Result<MastForest> decode(ByteReader& reader);
  friend bool operator==(const MastForest& a, const MastForest& b) {
    return *a.bytes_ == *b.bytes_;
  }

 private:
  static const std::shared_ptr<const Bytes>& empty_forest();
  // Canonical encoding, shared between copies.
  std::shared_ptr<const Bytes> bytes_ = empty_forest();
  size_t debug_info_offset_ = 0;
  std::vector<uint32_t> roots_;
  std::vector<Word> digests_;
};

}  // namespace miden
