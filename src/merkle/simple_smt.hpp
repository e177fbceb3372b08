// Trees whose leaves are their own hashes: the note trees of a batch (depth 10) and a block (depth
// 16).
#pragma once

#include <span>
#include <utility>

#include "merkle/sparse_merkle_path.hpp"

namespace miden {

// Built once, bottom-up, from sorted leaves; answers openings from its levels.
class SimpleSmt {
 public:
  // A zero value is an absent leaf. Errors: InvalidIndex (>= 2^depth), DuplicateValuesForIndex,
  // DepthTooBig (> 63).
  static Result<SimpleSmt> from_leaves(uint8_t depth,
                                       std::vector<std::pair<uint64_t, Word>> leaves);

  uint8_t depth() const { return depth_; }
  const Word& root() const;
  Word leaf(uint64_t index) const;              // zero when absent
  SparseMerklePath open(uint64_t index) const;  // index < 2^depth
  // Ascending by index.
  std::span<const std::pair<uint64_t, Word>> leaves() const { return levels_.front(); }

 private:
  uint8_t depth_ = 0;
  // levels_[h]: non-empty nodes of height h, ascending by position; levels_[depth_] is the root's.
  std::vector<std::vector<std::pair<uint64_t, Word>>> levels_{1};
};

}  // namespace miden
