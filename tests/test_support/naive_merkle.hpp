// Merkle structures as their definitions read, hashing everything anew each time: what the real
// ones are compared with. spec/types.md §4, crypto.md §7, §11.
#pragma once

#include <bit>
#include <map>
#include <random>
#include <span>
#include <vector>

#include "crypto/poseidon2.hpp"

namespace miden {

inline Word random_word(std::mt19937_64& random) {
  Word word;
  for (Felt& element : word.elements) element = Felt::reduce(random());
  return word;
}

// Root of a perfect tree over a power of two of leaves.
inline Word naive_tree_root(std::span<const Word> leaves) {
  if (leaves.size() == 1) return leaves[0];
  const size_t half = leaves.size() / 2;
  return merge(naive_tree_root(leaves.first(half)), naive_tree_root(leaves.subspan(half)));
}

// Siblings of leaf `position` in such a tree, leaf side first.
inline std::vector<Word> naive_tree_path(std::span<const Word> leaves, size_t position) {
  std::vector<Word> path;
  for (size_t size = 1; size < leaves.size(); size *= 2) {
    const size_t sibling = (position / size ^ 1) * size;
    path.push_back(naive_tree_root(leaves.subspan(sibling, size)));
  }
  return path;
}

// Of a Merkle mountain range over the leaves: one perfect tree a bit of the count, largest first.
inline std::vector<Word> naive_peaks(std::span<const Word> leaves) {
  std::vector<Word> peaks;
  while (!leaves.empty()) {
    const size_t size = std::bit_floor(leaves.size());
    peaks.push_back(naive_tree_root(leaves.first(size)));
    leaves = leaves.subspan(size);
  }
  return peaks;
}

inline std::vector<Word> naive_mmr_path(std::span<const Word> leaves, size_t position) {
  size_t size = std::bit_floor(leaves.size());
  while (position >= size) {
    leaves = leaves.subspan(size);
    position -= size;
    size = std::bit_floor(leaves.size());
  }
  return naive_tree_path(leaves.first(size), position);
}

// A depth-64 sparse Merkle tree as a sorted map of its entries.
class NaiveSmt {
 public:
  // The zero word removes.
  void set(const Word& key, const Word& value) {
    if (value.is_zero()) {
      entries_.erase(key);
    } else {
      entries_.insert_or_assign(key, value);
    }
  }
  Word get(const Word& key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? Word() : found->second;
  }
  const std::map<Word, Word>& entries() const { return entries_; }
  Word root() const { return node(64, 0); }
  // All 64 siblings of a leaf, leaf side first.
  std::vector<Word> path(uint64_t leaf) const {
    std::vector<Word> siblings;
    for (unsigned height = 0; height < 64; ++height) {
      siblings.push_back(node(height, (leaf >> height ^ 1) << height));
    }
    return siblings;
  }
  Word leaf_hash(uint64_t leaf) const { return node(0, leaf); }

 private:
  // Root of the subtree of `height` whose first leaf is `first`.
  Word node(unsigned height, uint64_t first) const {
    const auto begin = entries_.lower_bound(Word::of(0, 0, 0, first));
    const uint64_t last = height == 64 ? ~uint64_t{0} : first + ((uint64_t{1} << height) - 1);
    if (begin == entries_.end() || begin->first[3].value() > last) {
      return empty(height);
    }
    if (height > 0) {
      const uint64_t middle = first + (uint64_t{1} << (height - 1));
      return merge(node(height - 1, first), node(height - 1, middle));
    }
    std::vector<Felt> elements;
    for (auto entry = begin; entry != entries_.end() && entry->first[3].value() == first; ++entry) {
      for (const Felt e : entry->first.elements) elements.push_back(e);
      for (const Felt e : entry->second.elements) elements.push_back(e);
    }
    return hash_elements_in_domain(elements, Felt::from_canonical(0x13af));
  }

  static Word empty(unsigned height) {
    static std::map<unsigned, Word> known = {{0, Word()}};
    if (!known.contains(height)) known[height] = merge(empty(height - 1), empty(height - 1));
    return known[height];
  }

  std::map<Word, Word> entries_;
};

}  // namespace miden
