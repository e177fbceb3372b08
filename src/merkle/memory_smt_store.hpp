// The rows of one stored tree in memory.
#pragma once

#include <map>
#include <unordered_map>

#include "merkle/stored_smt.hpp"

namespace miden {

class MemorySmtStore final : public SmtReader {
 public:
  std::vector<std::optional<Bytes>> subtrees(std::span<const SubtreeKey> keys) const override;
  std::vector<std::optional<Bytes>> leaves(std::span<const uint64_t> indices) const override;
  void apply(SmtUpdate update);

  const std::map<SubtreeKey, Bytes>& subtree_rows() const { return subtrees_; }
  const std::map<uint64_t, Bytes>& leaf_rows() const { return leaves_; }
  friend bool operator==(const MemorySmtStore& a, const MemorySmtStore& b) {
    return a.subtrees_ == b.subtrees_ && a.leaves_ == b.leaves_;
  }

 private:
  std::map<SubtreeKey, Bytes> subtrees_;
  std::map<uint64_t, Bytes> leaves_;
};

}  // namespace miden
