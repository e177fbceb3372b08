// Root, values and openings of a stored tree.
#include <algorithm>

#include "merkle/smt_trie.hpp"

namespace miden {
namespace {

using Id = SmtTrie::Id;
using Kind = TrieNode::Kind;

std::vector<uint64_t> distinct_leaf_indices(std::span<const Word> keys) {
  std::vector<uint64_t> indices;
  indices.reserve(keys.size());
  for (const Word& key : keys) indices.push_back(leaf_index_of(key));
  std::ranges::sort(indices);
  const auto repeated = std::ranges::unique(indices);
  indices.erase(repeated.begin(), repeated.end());
  return indices;
}

size_t place_of(std::span<const uint64_t> indices, uint64_t index) {
  return static_cast<size_t>(std::ranges::lower_bound(indices, index) - indices.begin());
}

}  // namespace

Result<Word> smt_root(const SmtReader& reader) {
  SmtTrie trie;
  TRY(trie.load(reader, {}));
  return trie.hash_at(trie.root, 0);
}

Result<std::vector<Word>> smt_get_many(const SmtReader& reader, std::span<const Word> keys) {
  const std::vector<uint64_t> indices = distinct_leaf_indices(keys);
  const std::vector<std::optional<Bytes>> rows = reader.leaves(indices);
  std::vector<SmtLeaf> leaves;
  leaves.reserve(indices.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    leaves.push_back(rows.at(i) ? TRY(decode_stored_leaf(indices[i], *rows[i]))
                                : SmtLeaf{indices[i], {}});
  }
  std::vector<Word> values;
  values.reserve(keys.size());
  for (const Word& key : keys) {
    values.push_back(*leaves[place_of(indices, leaf_index_of(key))].value_of(key));
  }
  return values;
}

Result<Word> smt_get(const SmtReader& reader, const Word& key) {
  return TRY(smt_get_many(reader, {&key, 1})).front();
}

Result<std::vector<SmtProof>> smt_open_many(const SmtReader& reader, std::span<const Word> keys) {
  const std::vector<uint64_t> indices = distinct_leaf_indices(keys);
  SmtTrie trie;
  const std::vector<Id> ends = TRY(trie.load(reader, indices));

  std::vector<uint64_t> needed;
  for (size_t i = 0; i < indices.size(); ++i) {
    const TrieNode& end = trie.nodes[ends[i]];
    if (end.kind == Kind::kEmpty) continue;
    const bool own = end.leaf_index == indices[i];
    if (own || fork_depth(end.leaf_index, indices[i]) >= anchor_depth(end.depth)) {
      needed.push_back(end.leaf_index);
    }
  }
  std::ranges::sort(needed);
  const auto repeated = std::ranges::unique(needed);
  needed.erase(repeated.begin(), repeated.end());
  const std::vector<SmtLeaf> leaves = TRY(read_stored_leaves(reader, needed));

  // A way may end at another leaf's lone node: that leaf's hash just below the fork is then the
  // deepest sibling that is not empty.
  std::vector<size_t> foreign_places;
  std::vector<LeafChain> chains;
  for (size_t i = 0; i < indices.size(); ++i) {
    const TrieNode& end = trie.nodes[ends[i]];
    if (end.kind == Kind::kEmpty || end.leaf_index == indices[i]) continue;
    LeafChain chain{.leaf_index = end.leaf_index, .to = fork_depth(end.leaf_index, indices[i]) + 1};
    chain.from = anchor_depth(end.depth);
    chain.hash = end.anchor;
    if (chain.to > chain.from) {
      chain.from = kSmtDepth;
      chain.hash = leaves[place_of(needed, end.leaf_index)].hash();
    }
    foreign_places.push_back(i);
    chains.push_back(chain);
  }
  SerialExecutor here;
  fold_chains(chains, here);

  std::vector<SmtProof> distinct;
  distinct.reserve(indices.size());
  auto next_foreign = foreign_places.begin();
  for (size_t i = 0; i < indices.size(); ++i) {
    const uint64_t index = indices[i];
    std::array<Word, kSmtDepth> siblings;
    for (unsigned height = 0; height < kSmtDepth; ++height) {
      siblings[height] = empty_subtree_root(height);
    }
    unsigned depth = 0;
    for (Id id = trie.root; trie.nodes[id].kind == Kind::kBranch; ++depth) {
      const TrieNode& node = trie.nodes[id];
      const bool right = goes_right(index, depth);
      siblings[kSmtDepth - 1 - depth] = trie.hash_at(right ? node.left : node.right, depth + 1);
      id = right ? node.right : node.left;
    }
    SmtLeaf leaf{index, {}};
    const TrieNode& end = trie.nodes[ends[i]];
    if (next_foreign != foreign_places.end() && *next_foreign == i) {
      const LeafChain& chain = chains[static_cast<size_t>(next_foreign - foreign_places.begin())];
      siblings[kSmtDepth - chain.to] = chain.hash;
      ++next_foreign;
    } else if (end.kind == Kind::kLone) {
      leaf = leaves[place_of(needed, index)];
    }
    distinct.push_back({SparseMerklePath::from_siblings(siblings), std::move(leaf)});
  }

  std::vector<SmtProof> proofs;
  proofs.reserve(keys.size());
  for (const Word& key : keys) proofs.push_back(distinct[place_of(indices, leaf_index_of(key))]);
  return proofs;
}

Result<SmtProof> smt_open(const SmtReader& reader, const Word& key) {
  return std::move(TRY(smt_open_many(reader, {&key, 1})).front());
}

}  // namespace miden
