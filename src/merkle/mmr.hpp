// Merkle mountain range over block commitments: block n is leaf n. spec/crypto.md §11, types.md §4.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "merkle/sparse_merkle_path.hpp"

namespace miden {

// H of the peaks (largest tree first), padded with zero words to 16, beyond 16 to an even number:
// the chain commitment.
Word hash_peaks(std::span<const Word> peaks);

struct MmrPeaks {
  uint64_t num_leaves = 0;
  std::vector<Word> peaks;  // largest tree first; popcount(num_leaves) of them

  static Result<MmrPeaks> make(uint64_t num_leaves,
                               std::vector<Word> peaks);  // Error: InvalidPeaks
  Word hash() const { return hash_peaks(peaks); }
  void add(const Word& leaf);
  friend bool operator==(const MmrPeaks&, const MmrPeaks&) = default;
};

struct MmrProof {
  uint64_t num_leaves = 0;  // of the range the proof is against
  uint64_t position = 0;
  MerklePath path;  // inside the tree that holds the position
  friend bool operator==(const MmrProof&, const MmrProof&) = default;
};

// What a holder of the peaks at `from` needs to reach `num_leaves`.
struct MmrDelta {
  uint64_t num_leaves = 0;
  std::vector<Word> data;
  friend bool operator==(const MmrDelta&, const MmrDelta&) = default;
};

// Nodes are numbered in post-order over all trees, so an append only ever adds nodes at the end:
// the first nodes_of(n) nodes are the range of n leaves. Reading goes through this function, so
// that the nodes may lie in memory or in a store.
using MmrNodeReader = std::function<Word(uint64_t node_index)>;
uint64_t mmr_node_count(uint64_t num_leaves);  // 2n - popcount(n)
// The nodes that appending `leaf` to a range of n leaves adds, in order.
std::vector<Word> mmr_append(uint64_t num_leaves, const MmrNodeReader& read, const Word& leaf);
MmrPeaks mmr_peaks_at(uint64_t num_leaves, const MmrNodeReader& read);
// Error: PositionNotFound when position >= num_leaves.
Result<MmrProof> mmr_open_at(uint64_t num_leaves, uint64_t position, const MmrNodeReader& read);
// Error: InvalidRange unless from <= to.
Result<MmrDelta> mmr_delta(uint64_t from, uint64_t to, const MmrNodeReader& read);

// All nodes in memory.
class Mmr {
 public:
  uint64_t num_leaves() const { return num_leaves_; }
  void add(const Word& leaf);
  MmrPeaks peaks() const { return peaks_at(num_leaves_); }
  MmrPeaks peaks_at(uint64_t num_leaves) const;  // at most num_leaves() of them
  Result<MmrProof> open_at(uint64_t position, uint64_t num_leaves) const;
  Result<MmrDelta> delta(uint64_t from, uint64_t to) const;
  Word leaf(uint64_t position) const;

 private:
  MmrNodeReader reader() const;
  uint64_t num_leaves_ = 0;
  std::vector<Word> nodes_;
};

// Peaks and the authentication nodes of some tracked leaves.
class PartialMmr {
 public:
  PartialMmr() = default;
  static PartialMmr from_peaks(MmrPeaks peaks);

  uint64_t num_leaves() const { return peaks_.num_leaves; }
  const MmrPeaks& peaks() const { return peaks_; }
  const std::set<uint64_t>& tracked() const { return tracked_; }
  bool is_tracked(uint64_t position) const { return tracked_.contains(position); }
  std::optional<Word> tracked_leaf(uint64_t position) const;
  // Error: PositionNotFound when untracked or when its path is incomplete.
  Result<MmrProof> open(uint64_t position) const;
  // Checks the path against the peak first. Error: InvalidPath.
  Result<void> track(uint64_t position, const Word& leaf, const MerklePath& path);
  // Appends a leaf; with `track` its path is kept.
  void add(const Word& leaf, bool track);
  // Errors: InvalidPeaks, InvalidUpdate.
  Result<void> apply(const MmrDelta& delta);

  // vint leaves, peaks, in-order-indexed nodes, 0xff, tracked positions. Checks of types.md §4; a
  // tracked leaf with an incomplete path or one that does not open to its peak is refused as
  // InvalidValue.
  void encode(ByteWriter& writer) const;
  static Result<PartialMmr> decode(ByteReader& reader);

 private:
  // The parent of two neighbouring trees of `size` leaves; keeps whichever root a tracked leaf
  // under the other one needs.
  Word merge_trees(uint64_t first_leaf, uint64_t size, const Word& left, const Word& right);
  Result<void> check_tracked_paths() const;

  MmrPeaks peaks_;
  std::map<uint64_t, Word> nodes_;  // by in-order index
  std::set<uint64_t> tracked_;
};

}  // namespace miden
