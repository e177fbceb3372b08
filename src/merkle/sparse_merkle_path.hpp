// Siblings from a leaf to the root of a sparse tree, empty ones left out. spec/types.md §4,
// crypto.md §7.
#pragma once

#include <cstdint>
#include <vector>

#include "crypto/word.hpp"

namespace miden {

// Root of an empty subtree of the given height: 0 is an empty leaf (the zero word), each next
// M(previous, previous). `height` <= 255.
const Word& empty_subtree_root(unsigned height);

// A path is canonical when every sibling equal to its empty-subtree root is masked out;
// verification does not need that.
struct SparseMerklePath {
  uint8_t depth = 0;  // <= 64
  uint64_t empty_nodes_mask =
      0;                    // bit d-1: the sibling at depth d is empty; no bit at or above depth
  std::vector<Word> nodes;  // the other siblings, deepest first; depth - popcount(mask) of them

  // From all siblings, deepest first.
  static SparseMerklePath from_siblings(std::span<const Word> siblings);
  // From the protobuf parts. Errors: InvalidPath (too many siblings, mask beyond depth).
  static Result<SparseMerklePath> from_parts(uint64_t empty_nodes_mask, std::vector<Word> nodes);

  // All siblings, deepest first, `depth` of them.
  std::vector<Word> siblings() const;
  // Folds `leaf` (a leaf's hash) upwards. Error: InvalidIndex when index >= 2^depth.
  Result<Word> compute_root(uint64_t index, const Word& leaf) const;

  // depth u8, mask u64, nodes. Errors: InvalidValue for depth > 64, mask bits beyond depth.
  void encode(ByteWriter& writer) const;
  static Result<SparseMerklePath> decode(ByteReader& reader);
  friend bool operator==(const SparseMerklePath&, const SparseMerklePath&) = default;
};

// Siblings of a dense tree, leaf side first (MMR openings).
struct MerklePath {
  std::vector<Word> siblings;
  Result<Word> compute_root(uint64_t index, const Word& leaf) const;
  friend bool operator==(const MerklePath&, const MerklePath&) = default;
};

}  // namespace miden
