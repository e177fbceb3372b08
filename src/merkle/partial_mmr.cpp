#include <algorithm>
#include <bit>

#include "crypto/poseidon2.hpp"
#include "merkle/mmr.hpp"

namespace miden {
namespace {

constexpr uint8_t kTrackedMarker = 0xff;

// In-order numbering (crypto.md §11): the node over the `size` leaves that begin at `first_leaf`.
uint64_t in_order_index(uint64_t first_leaf, uint64_t size) { return 2 * first_leaf + size; }

// How many leaves the node covers, and the first of them. The size is the index's lowest bit.
uint64_t size_of(uint64_t index) { return index & -index; }
uint64_t first_leaf_of(uint64_t index) { return (index - size_of(index)) / 2; }

// The tree that holds a leaf has as many leaves as the highest bit in which the leaf's position
// differs from the leaf count: positions of one tree share the count's higher bits and lack that
// bit.
uint64_t tree_size(uint64_t num_leaves, uint64_t position) {
  return std::bit_floor(num_leaves ^ position);
}

// Separators between trees are the indices of nodes that reach beyond the last leaf.
bool is_node_of(uint64_t num_leaves, uint64_t index) {
  return index != 0 && index < 2 * num_leaves &&
         first_leaf_of(index) + size_of(index) <= num_leaves;
}

const Word& peak_over(const MmrPeaks& peaks, uint64_t position) {
  const uint64_t larger = peaks.num_leaves & ~(2 * tree_size(peaks.num_leaves, position) - 1);
  return peaks.peaks[static_cast<size_t>(std::popcount(larger))];
}

std::unexpected<Error> position_not_found(uint64_t position) {
  return fail("PositionNotFound",
              "the partial MMR does not track position " + std::to_string(position));
}

}  // namespace

PartialMmr PartialMmr::from_peaks(MmrPeaks peaks) {
  PartialMmr partial;
  partial.peaks_ = std::move(peaks);
  return partial;
}

std::optional<Word> PartialMmr::tracked_leaf(uint64_t position) const {
  if (!is_tracked(position)) return std::nullopt;
  const auto found = nodes_.find(in_order_index(position, 1));
  if (found == nodes_.end()) return std::nullopt;
  return found->second;
}

Result<MmrProof> PartialMmr::open(uint64_t position) const {
  if (!is_tracked(position)) return position_not_found(position);
  MmrProof proof{num_leaves(), position, {}};
  const uint64_t tree = tree_size(num_leaves(), position);
  for (uint64_t size = 1; size < tree; size *= 2) {
    const uint64_t sibling = (position & -size) ^ size;
    const auto found = nodes_.find(in_order_index(sibling, size));
    if (found == nodes_.end()) return position_not_found(position);
    proof.path.siblings.push_back(found->second);
  }
  return proof;
}

Result<void> PartialMmr::track(uint64_t position, const Word& leaf, const MerklePath& path) {
  if (position >= num_leaves()) {
    return fail("InvalidPath", "position " + std::to_string(position) + " is beyond the MMR");
  }
  const uint64_t tree = tree_size(num_leaves(), position);
  if (path.siblings.size() != static_cast<size_t>(std::countr_zero(tree))) {
    return fail("InvalidPath",
                "the path's length does not fit position " + std::to_string(position));
  }
  const Word root = TRY(path.compute_root(position & (tree - 1), leaf));
  if (root != peak_over(peaks_, position)) {
    return fail("InvalidPath",
                "the path of position " + std::to_string(position) + " does not lead to its peak");
  }
  tracked_.insert(position);
  nodes_.insert_or_assign(in_order_index(position, 1), leaf);
  uint64_t size = 1;
  for (const Word& sibling : path.siblings) {
    nodes_.insert_or_assign(in_order_index((position & -size) ^ size, size), sibling);
    size *= 2;
  }
  return {};
}

Word PartialMmr::merge_trees(uint64_t first_leaf, uint64_t size, const Word& left,
                             const Word& right) {
  const auto tracks_any = [this](uint64_t begin, uint64_t end) {
    const auto found = tracked_.lower_bound(begin);
    return found != tracked_.end() && *found < end;
  };
  const uint64_t middle = first_leaf + size;
  if (tracks_any(first_leaf, middle)) nodes_.insert_or_assign(in_order_index(middle, size), right);
  if (tracks_any(middle, middle + size)) {
    nodes_.insert_or_assign(in_order_index(first_leaf, size), left);
  }
  return merge(left, right);
}

void PartialMmr::add(const Word& leaf, bool track) {
  const uint64_t position = peaks_.num_leaves;
  if (track) {
    tracked_.insert(position);
    nodes_.insert_or_assign(in_order_index(position, 1), leaf);
  }
  Word node = leaf;
  for (uint64_t size = 1; position & size; size *= 2) {
    node = merge_trees((position & -size) - size, size, peaks_.peaks.back(), node);
    peaks_.peaks.pop_back();
  }
  peaks_.peaks.push_back(node);
  ++peaks_.num_leaves;
}

// The walk of mmr_delta, from the holder's side.
Result<void> PartialMmr::apply(const MmrDelta& delta) {
  const uint64_t from = num_leaves();
  const uint64_t to = delta.num_leaves;
  if (to < from || to > 0xffffffff) {
    return fail("InvalidPeaks", "an MMR of " + std::to_string(from) +
                                    " leaves cannot become one of " + std::to_string(to));
  }
  const auto invalid_update = [&] {
    return fail("InvalidUpdate", "an MMR delta from " + std::to_string(from) + " to " +
                                     std::to_string(to) + " leaves cannot have " +
                                     std::to_string(delta.data.size()) + " nodes");
  };
  if (from == to) {
    if (!delta.data.empty()) return invalid_update();
    return {};
  }

  const uint64_t grown_tree = std::bit_floor(from ^ to);
  const uint64_t merged = from & (grown_tree - 1);
  // Of the merges between the smallest peak and the grown tree, one for every further merged peak
  // needs no node from outside.
  const int merges = merged == 0 ? 0
                                 : std::countr_zero(grown_tree) - std::countr_zero(merged) -
                                       (std::popcount(merged) - 1);
  const uint64_t new_peaks = merged == 0 ? from ^ to : to & (grown_tree - 1);
  if (delta.data.size() != static_cast<size_t>(merges + std::popcount(new_peaks))) {
    return invalid_update();
  }

  auto next = delta.data.begin();
  std::vector<Word>& peaks = peaks_.peaks;
  if (merged != 0) {
    uint64_t size = size_of(merged);
    uint64_t first_leaf = from - size;
    Word node = peaks.back();
    peaks.pop_back();
    for (; size < grown_tree; size *= 2) {
      if (first_leaf & size) {
        first_leaf -= size;
        node = merge_trees(first_leaf, size, peaks.back(), node);
        peaks.pop_back();
      } else {
        node = merge_trees(first_leaf, size, node, *next++);
      }
    }
    peaks.push_back(node);
  }
  peaks.insert(peaks.end(), next, delta.data.end());
  peaks_.num_leaves = to;
  return {};
}

void PartialMmr::encode(ByteWriter& writer) const {
  writer.vint(num_leaves());
  encode_vec(writer, peaks_.peaks);
  writer.vint(nodes_.size());
  for (const auto& [index, node] : nodes_) {
    writer.vint(index);
    node.encode(writer);
  }
  writer.u8(kTrackedMarker);
  writer.vint(tracked_.size());
  for (const uint64_t position : tracked_) writer.vint(position);
}

Result<PartialMmr> PartialMmr::decode(ByteReader& reader) {
  constexpr size_t kMinNodeSize = 1 + sizeof(Word);
  PartialMmr partial;
  const uint64_t num_leaves = TRY(reader.vint());
  std::vector<Word> peaks = TRY(decode_items<Word>(reader, TRY(reader.count(sizeof(Word)))));
  for (size_t left = TRY(reader.count(kMinNodeSize)); left > 0; --left) {
    const uint64_t index = TRY(reader.vint());
    partial.nodes_.insert_or_assign(index, TRY(Word::decode(reader)));
  }
  if (TRY(reader.u8()) != kTrackedMarker) {
    return invalid_value("unknown partial mmr serialization format");
  }
  for (size_t left = TRY(reader.count(1)); left > 0; --left) {
    partial.tracked_.insert(TRY(reader.vint()));
  }

  Result<MmrPeaks> valid_peaks = MmrPeaks::make(num_leaves, std::move(peaks));
  if (!valid_peaks) {
    return invalid_value("invalid partial mmr peaks: " + valid_peaks.error().message);
  }
  partial.peaks_ = *std::move(valid_peaks);
  for (const auto& [index, node] : partial.nodes_) {
    if (!is_node_of(num_leaves, index)) {
      return invalid_value("invalid partial mmr: node index " + std::to_string(index) +
                           " is not in the forest");
    }
  }
  TRY(partial.check_tracked_paths());
  return partial;
}

// Level by level over all tracked leaves at once, so that shared parts of paths are hashed once.
Result<void> PartialMmr::check_tracked_paths() const {
  const auto inconsistent = [](uint64_t position, std::string_view what) {
    return invalid_value("invalid partial mmr: tracked leaf at position " +
                         std::to_string(position) + " " + std::string(what));
  };
  struct Subtree {
    uint64_t first_leaf;
    uint64_t a_tracked_position;
    Word root;
  };
  std::vector<Subtree> level;
  for (const uint64_t position : tracked_) {
    if (position >= num_leaves()) return inconsistent(position, "is out of bounds");
    const auto leaf = nodes_.find(in_order_index(position, 1));
    if (leaf == nodes_.end()) return inconsistent(position, "has no value in nodes");
    level.push_back({position, position, leaf->second});
  }
  std::vector<Word> pairs;
  std::vector<Word> parents;
  for (uint64_t size = 1; !level.empty(); size *= 2) {
    pairs.clear();
    std::vector<Subtree> next_level;
    for (const Subtree& subtree : level) {
      const auto given = nodes_.find(in_order_index(subtree.first_leaf, size));
      if (given != nodes_.end() && given->second != subtree.root) {
        return inconsistent(subtree.a_tracked_position, "contradicts a node above it");
      }
      if (tree_size(num_leaves(), subtree.first_leaf) == size) {
        if (subtree.root != peak_over(peaks_, subtree.first_leaf)) {
          return inconsistent(subtree.a_tracked_position, "does not lead to its peak");
        }
        continue;
      }
      const auto sibling = nodes_.find(in_order_index(subtree.first_leaf ^ size, size));
      if (sibling == nodes_.end()) {
        return inconsistent(subtree.a_tracked_position, "lacks a sibling");
      }
      const uint64_t parent = subtree.first_leaf & ~size;
      // The left child has made this parent already; that the two agree is checked above, since
      // both are siblings and so both must be given.
      if (!next_level.empty() && next_level.back().first_leaf == parent) continue;
      const bool is_right = subtree.first_leaf & size;
      pairs.push_back(is_right ? sibling->second : subtree.root);
      pairs.push_back(is_right ? subtree.root : sibling->second);
      next_level.push_back({parent, subtree.a_tracked_position, {}});
    }
    parents.resize(next_level.size());
    merge_batch(pairs, parents);
    for (size_t i = 0; i < parents.size(); ++i) next_level[i].root = parents[i];
    level = std::move(next_level);
  }
  return {};
}

}  // namespace miden
