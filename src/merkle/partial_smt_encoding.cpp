// The bytes of a PartialSmt: only what cannot be computed from the rest. spec/types.md §4.
#include <algorithm>
#include <optional>

#include "crypto/poseidon2.hpp"
#include "merkle/partial_smt.hpp"

namespace miden {
namespace {

// No word begins with these eight bytes: the root of an empty subtree.
constexpr uint64_t kEmptyMarker = ~uint64_t{0};

struct ListedNode {
  uint64_t position;
  Word value;
};

void encode_listed(ByteWriter& writer, const ListedNode& node, unsigned depth) {
  writer.u64(node.position);
  if (node.value == empty_subtree_root(kSmtDepth - depth)) {
    writer.u64(kEmptyMarker);
  } else {
    node.value.encode(writer);
  }
}

Result<ListedNode> decode_listed(ByteReader& reader, unsigned depth) {
  const uint64_t position = TRY(reader.u64());
  if (depth == 0 || depth >= kSmtDepth || position >> depth != 0) {
    return invalid_value("node index value " + std::to_string(position) +
                         " is not valid for depth " + std::to_string(depth));
  }
  ByteReader ahead = reader;
  if (TRY(ahead.u64()) == kEmptyMarker) {
    reader = ahead;
    return ListedNode{position, empty_subtree_root(kSmtDepth - depth)};
  }
  return ListedNode{position, TRY(Word::decode(reader))};
}

// Sorted, the last of equal positions kept, as when they are put into a map one after another.
void sort_keeping_last(std::vector<ListedNode>& nodes) {
  std::ranges::stable_sort(nodes, {}, &ListedNode::position);
  size_t kept = 0;
  for (const ListedNode& node : nodes) {
    if (kept > 0 && nodes[kept - 1].position == node.position) --kept;
    nodes[kept++] = node;
  }
  nodes.resize(kept);
}

const ListedNode* find_listed(const std::vector<ListedNode>& nodes, uint64_t position) {
  const auto at = std::ranges::lower_bound(nodes, position, {}, &ListedNode::position);
  return at == nodes.end() || at->position != position ? nullptr : &*at;
}

}  // namespace

// A known inner node need not be listed where the reader will have built it by the time its parent
// is built. The reference's reader builds what lies above leaves first, without the rest; then,
// from the bottom up, the parents of listed nodes. So a node without leaves below (an opening of an
// absent key makes such) is listed when a leaf lies below its parent, or when none of its own
// children is listed. The reference's writer leaves these nodes out, and its reader refuses what it
// wrote.
void PartialSmt::encode(ByteWriter& writer) const {
  // By level and place in it: whether a stored leaf lies below, whether a child is listed.
  std::array<std::vector<bool>, kSmtDepth> has_leaf;
  std::array<std::vector<bool>, kSmtDepth> has_listed_child;
  std::array<std::vector<ListedNode>, kSmtDepth> listed;
  std::vector<ListedNode> value_only;
  for (unsigned depth = kSmtDepth; depth-- > 0;) {
    has_leaf[depth].resize(levels_[depth].size());
    has_listed_child[depth].resize(levels_[depth].size());
    for (size_t i = 0; i < levels_[depth].size(); ++i) {
      const InnerNode& node = levels_[depth][i];
      const std::array<ListedNode, 2> children = {
          {{2 * node.position, node.left}, {2 * node.position + 1, node.right}}};
      if (depth + 1 == kSmtDepth) {
        for (const ListedNode& child : children) {
          const bool is_stored = leaves_.contains(child.position);
          if (is_stored) has_leaf[depth][i] = true;
          if (!is_stored && !child.value.is_zero()) value_only.push_back(child);
        }
        continue;
      }
      const Level& below = levels_[depth + 1];
      std::array<std::optional<size_t>, 2> places;
      for (size_t side = 0; side < 2; ++side) {
        if (const InnerNode* child = find(below, children[side].position)) {
          places[side] = static_cast<size_t>(child - below.data());
          if (has_leaf[depth + 1][*places[side]]) has_leaf[depth][i] = true;
        }
      }
      for (size_t side = 0; side < 2; ++side) {
        const bool can_be_built =
            places[side] && (has_leaf[depth + 1][*places[side]] ||
                             (!has_leaf[depth][i] && has_listed_child[depth + 1][*places[side]]));
        if (can_be_built) continue;
        listed[depth + 1].push_back(children[side]);
        has_listed_child[depth][i] = true;
      }
    }
  }

  root_.encode(writer);
  writer.u64(static_cast<uint64_t>(
      std::ranges::count_if(listed, [](const auto& level) { return !level.empty(); })));
  for (unsigned depth = 0; depth < kSmtDepth; ++depth) {
    if (listed[depth].empty()) continue;
    writer.u8(static_cast<uint8_t>(depth));
    writer.u64(listed[depth].size());
    for (const ListedNode& node : listed[depth]) encode_listed(writer, node, depth);
  }
  writer.u64(leaves_.size());
  for (const auto& [index, leaf] : leaves_) {
    writer.u64(index);
    leaf.encode(writer);
  }
  writer.u64(value_only.size());
  for (const ListedNode& leaf : value_only) {
    writer.u64(leaf.position);
    leaf.value.encode(writer);
  }
}

Result<PartialSmt> PartialSmt::decode(ByteReader& reader) {
  PartialSmt smt = from_root(TRY(Word::decode(reader)));
  std::array<std::vector<ListedNode>, kSmtDepth + 1> listed;
  for (size_t levels = TRY(reader.checked_count(TRY(reader.u64()), 9)); levels > 0; --levels) {
    const unsigned depth = TRY(reader.u8());
    std::vector<ListedNode> nodes;
    for (size_t left = TRY(reader.checked_count(TRY(reader.u64()), 16)); left > 0; --left) {
      nodes.push_back(TRY(decode_listed(reader, depth)));
    }
    sort_keeping_last(nodes);
    if (depth <= kSmtDepth) listed[depth] = std::move(nodes);
  }
  for (size_t left = TRY(reader.checked_count(TRY(reader.u64()), 17)); left > 0; --left) {
    const uint64_t index = TRY(reader.u64());
    SmtLeaf leaf = TRY(SmtLeaf::decode(reader));
    if (leaf.index != index) {
      return invalid_value("node index " + std::to_string(index) +
                           " did not match the embedded leaf index " + std::to_string(leaf.index));
    }
    smt.leaves_.insert_or_assign(index, std::move(leaf));
  }
  std::vector<ListedNode>& leaf_hashes = listed[kSmtDepth];
  leaf_hashes.clear();
  for (size_t left = TRY(reader.checked_count(TRY(reader.u64()), 40)); left > 0; --left) {
    const uint64_t index = TRY(reader.u64());
    leaf_hashes.push_back({index, TRY(Word::decode(reader))});
  }
  sort_keeping_last(leaf_hashes);

  // Known nodes of one depth, built ones before listed ones; their parents are the next to build.
  std::vector<SmtLeaf> leaves;
  for (const auto& [index, leaf] : smt.leaves_) leaves.push_back(leaf);
  std::vector<Word> hashes(leaves.size());
  hash_leaves(leaves, hashes);
  std::vector<ListedNode> built;
  for (size_t i = 0; i < leaves.size(); ++i) built.push_back({leaves[i].index, hashes[i]});
  std::erase_if(smt.leaves_, [](const auto& leaf) { return leaf.second.entries.empty(); });

  std::vector<Word> pairs;
  for (unsigned depth = kSmtDepth; depth-- > 0;) {
    const std::vector<ListedNode>& given = listed[depth + 1];
    Level parents;
    for (const ListedNode& node : built) parents.push_back({node.position >> 1, {}, {}});
    for (const ListedNode& node : given) parents.push_back({node.position >> 1, {}, {}});
    std::ranges::sort(parents, {}, &InnerNode::position);
    const auto repeated = std::ranges::unique(parents, {}, &InnerNode::position);
    parents.erase(repeated.begin(), repeated.end());

    pairs.clear();
    for (InnerNode& parent : parents) {
      for (const uint64_t side : {0, 1}) {
        const uint64_t position = 2 * parent.position + side;
        const ListedNode* child = find_listed(built, position);
        if (child == nullptr) child = find_listed(given, position);
        if (child == nullptr && depth + 1 < kSmtDepth) {
          return invalid_value("node at depth " + std::to_string(depth + 1) + " position " +
                               std::to_string(position) + " not found but is required");
        }
        const Word value = child != nullptr ? child->value : Word();
        (side == 0 ? parent.left : parent.right) = value;
        pairs.push_back(value);
      }
    }
    hashes.resize(parents.size());
    merge_batch(pairs, hashes);
    built.clear();
    for (size_t i = 0; i < parents.size(); ++i) built.push_back({parents[i].position, hashes[i]});
    put(smt.levels_[depth], parents, depth);
  }
  if (!built.empty() && built.front().value != smt.root_) {
    return invalid_value("the nodes of a partial SMT do not lead to its root");
  }
  return smt;
}

}  // namespace miden
