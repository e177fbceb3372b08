#include "merkle/mmr.hpp"

#include <algorithm>
#include <bit>

#include "crypto/poseidon2.hpp"

namespace miden {
namespace {

// The reference's bound; every count of ours stays far from overflowing.
constexpr uint64_t kMaxLeaves = 0xffffffff;
constexpr size_t kMinHashedPeaks = 16;

// Nodes of one perfect tree with `leaves` (a power of two) leaves.
uint64_t tree_node_count(uint64_t leaves) { return 2 * leaves - 1; }

// The tree of a range that holds a leaf.
struct Tree {
  uint64_t leaves = 0;
  uint64_t first_leaf = 0;
  uint64_t first_node = 0;
};

Tree tree_of(uint64_t num_leaves, uint64_t position) {
  Tree tree;
  for (uint64_t rest = num_leaves;; rest ^= tree.leaves) {
    tree.leaves = std::bit_floor(rest);
    if (position - tree.first_leaf < tree.leaves) return tree;
    tree.first_leaf += tree.leaves;
    tree.first_node += tree_node_count(tree.leaves);
  }
}

}  // namespace

Word hash_peaks(std::span<const Word> peaks) {
  std::vector<Word> padded(peaks.begin(), peaks.end());
  padded.resize(std::max(kMinHashedPeaks, (peaks.size() + 1) / 2 * 2));
  return hash_words(padded);
}

Result<MmrPeaks> MmrPeaks::make(uint64_t num_leaves, std::vector<Word> peaks) {
  if (num_leaves > kMaxLeaves) {
    return fail("InvalidPeaks", "an MMR cannot have " + std::to_string(num_leaves) + " leaves");
  }
  if (static_cast<size_t>(std::popcount(num_leaves)) != peaks.size()) {
    return fail("InvalidPeaks", "an MMR of " + std::to_string(num_leaves) + " leaves cannot have " +
                                    std::to_string(peaks.size()) + " peaks");
  }
  return MmrPeaks{num_leaves, std::move(peaks)};
}

void MmrPeaks::add(const Word& leaf) {
  Word node = leaf;
  for (uint64_t size = 1; num_leaves & size; size <<= 1) {
    node = merge(peaks.back(), node);
    peaks.pop_back();
  }
  peaks.push_back(node);
  ++num_leaves;
}

uint64_t mmr_node_count(uint64_t num_leaves) {
  return 2 * num_leaves - static_cast<uint64_t>(std::popcount(num_leaves));
}

std::vector<Word> mmr_append(uint64_t num_leaves, const MmrNodeReader& read, const Word& leaf) {
  std::vector<Word> added = {leaf};
  uint64_t end = mmr_node_count(num_leaves);
  for (uint64_t size = 1; num_leaves & size; size <<= 1) {
    added.push_back(merge(read(end - 1), added.back()));
    end -= tree_node_count(size);
  }
  return added;
}

MmrPeaks mmr_peaks_at(uint64_t num_leaves, const MmrNodeReader& read) {
  MmrPeaks peaks{num_leaves, {}};
  uint64_t end = 0;
  for (uint64_t rest = num_leaves; rest != 0; rest ^= std::bit_floor(rest)) {
    end += tree_node_count(std::bit_floor(rest));
    peaks.peaks.push_back(read(end - 1));
  }
  return peaks;
}

Result<MmrProof> mmr_open_at(uint64_t num_leaves, uint64_t position, const MmrNodeReader& read) {
  if (position >= num_leaves) {
    return fail("PositionNotFound", "an MMR of " + std::to_string(num_leaves) +
                                        " leaves does not contain position " +
                                        std::to_string(position));
  }
  const Tree tree = tree_of(num_leaves, position);
  MmrProof proof{num_leaves, position, {}};
  // In post-order the right child stands just before its parent, the left child before all of the
  // right child's tree.
  uint64_t node = tree.first_node + tree_node_count(tree.leaves) - 1;
  for (uint64_t size = tree.leaves; size > 1; size /= 2) {
    const uint64_t left = node - size;
    const uint64_t right = node - 1;
    const bool goes_right = (position - tree.first_leaf) & (size / 2);
    proof.path.siblings.push_back(read(goes_right ? left : right));
    node = goes_right ? right : left;
  }
  std::ranges::reverse(proof.path.siblings);
  return proof;
}

Result<MmrDelta> mmr_delta(uint64_t from, uint64_t to, const MmrNodeReader& read) {
  if (from > to) {
    return fail("InvalidRange",
                "MMR delta from " + std::to_string(from) + " leaves back to " + std::to_string(to));
  }
  MmrDelta delta{to, {}};
  if (from == to) return delta;

  // The smallest of the holder's peaks below the first differing tree are merged upwards. Where the
  // grown node is a left child, its right sibling comes from here; where it is a right child, the
  // holder has the left sibling as a peak.
  const uint64_t grown_tree = std::bit_floor(from ^ to);
  const uint64_t merged = from & (grown_tree - 1);
  uint64_t known = from;
  if (merged != 0) {
    uint64_t size = merged & -merged;
    uint64_t first_leaf = from - size;
    for (; size < grown_tree; size *= 2) {
      if (first_leaf & size) {
        first_leaf -= size;
      } else {
        const uint64_t sibling = first_leaf + size;
        delta.data.push_back(read(mmr_node_count(sibling) + tree_node_count(size) - 1));
      }
    }
    known = first_leaf + grown_tree;
  }
  uint64_t end = mmr_node_count(known);
  for (uint64_t rest = to - known; rest != 0; rest ^= std::bit_floor(rest)) {
    end += tree_node_count(std::bit_floor(rest));
    delta.data.push_back(read(end - 1));
  }
  return delta;
}

MmrNodeReader Mmr::reader() const {
  return [this](uint64_t node_index) { return nodes_[node_index]; };
}

void Mmr::add(const Word& leaf) {
  const std::vector<Word> added = mmr_append(num_leaves_, reader(), leaf);
  nodes_.insert(nodes_.end(), added.begin(), added.end());
  ++num_leaves_;
}

MmrPeaks Mmr::peaks_at(uint64_t num_leaves) const {
  return mmr_peaks_at(std::min(num_leaves, num_leaves_), reader());
}

Result<MmrProof> Mmr::open_at(uint64_t position, uint64_t num_leaves) const {
  if (num_leaves > num_leaves_) {
    return fail("PositionNotFound", "the MMR has " + std::to_string(num_leaves_) +
                                        " leaves, fewer than " + std::to_string(num_leaves));
  }
  return mmr_open_at(num_leaves, position, reader());
}

Result<MmrDelta> Mmr::delta(uint64_t from, uint64_t to) const {
  if (to > num_leaves_) {
    return fail("InvalidRange", "the MMR has " + std::to_string(num_leaves_) +
                                    " leaves, fewer than " + std::to_string(to));
  }
  return mmr_delta(from, to, reader());
}

Word Mmr::leaf(uint64_t position) const { return nodes_[mmr_node_count(position)]; }

}  // namespace miden
