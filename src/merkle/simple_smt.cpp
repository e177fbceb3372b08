#include "merkle/simple_smt.hpp"

#include <algorithm>

#include "crypto/poseidon2.hpp"

namespace miden {
namespace {

using Level = std::vector<std::pair<uint64_t, Word>>;

const Word& node_or_empty(const Level& level, uint64_t position, unsigned height) {
  const auto found =
      std::ranges::lower_bound(level, position, {}, &std::pair<uint64_t, Word>::first);
  if (found == level.end() || found->first != position) return empty_subtree_root(height);
  return found->second;
}

Level parents_of(const Level& level, unsigned height) {
  Level parents;
  std::vector<Word> pairs;
  const Word& empty = empty_subtree_root(height);
  for (size_t i = 0; i < level.size(); ++i) {
    const auto& [position, node] = level[i];
    parents.emplace_back(position / 2, Word());
    if (position & 1) {
      pairs.insert(pairs.end(), {empty, node});
    } else if (i + 1 < level.size() && level[i + 1].first == position + 1) {
      pairs.insert(pairs.end(), {node, level[++i].second});
    } else {
      pairs.insert(pairs.end(), {node, empty});
    }
  }
  std::vector<Word> hashes(parents.size());
  merge_batch(pairs, hashes);
  for (size_t i = 0; i < hashes.size(); ++i) parents[i].second = hashes[i];
  return parents;
}

}  // namespace

Result<SimpleSmt> SimpleSmt::from_leaves(uint8_t depth,
                                         std::vector<std::pair<uint64_t, Word>> leaves) {
  if (depth > 63) return fail("DepthTooBig", "a simple tree's depth is at most 63");
  std::ranges::sort(leaves, {}, &std::pair<uint64_t, Word>::first);
  for (size_t i = 0; i < leaves.size(); ++i) {
    if (leaves[i].first >> depth != 0) {
      return fail("InvalidIndex", "leaf index " + std::to_string(leaves[i].first) +
                                      " is not valid for depth " + std::to_string(depth));
    }
    if (i > 0 && leaves[i].first == leaves[i - 1].first) {
      return fail("DuplicateValuesForIndex",
                  "several values for leaf index " + std::to_string(leaves[i].first));
    }
  }
  std::erase_if(leaves, [](const auto& leaf) { return leaf.second.is_zero(); });

  SimpleSmt tree;
  tree.depth_ = depth;
  tree.levels_.front() = std::move(leaves);
  for (unsigned height = 0; height < depth; ++height) {
    tree.levels_.push_back(parents_of(tree.levels_.back(), height));
  }
  return tree;
}

const Word& SimpleSmt::root() const { return node_or_empty(levels_.back(), 0, depth_); }

Word SimpleSmt::leaf(uint64_t index) const { return node_or_empty(levels_.front(), index, 0); }

SparseMerklePath SimpleSmt::open(uint64_t index) const {
  std::vector<Word> siblings;
  siblings.reserve(depth_);
  for (unsigned height = 0; height < depth_; ++height, index >>= 1) {
    siblings.push_back(node_or_empty(levels_[height], index ^ 1, height));
  }
  return SparseMerklePath::from_siblings(siblings);
}

}  // namespace miden
