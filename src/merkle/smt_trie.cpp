#include "merkle/smt_trie.hpp"

#include <algorithm>

#include "crypto/poseidon2.hpp"

namespace miden {
namespace {

using Kind = TrieNode::Kind;

unsigned tag_of(Kind kind) { return static_cast<unsigned>(kind); }

}  // namespace

std::unexpected<Error> corrupt_tree(std::string message) {
  return fail("CorruptTree", "stored tree is corrupt: " + std::move(message));
}

Result<std::vector<SmtTrie::Id>> SmtTrie::load(const SmtReader& reader,
                                               std::span<const uint64_t> indices) {
  indices_ = indices;
  ends_.assign(indices.size(), kEmpty);
  const SubtreeKey root_key;
  const std::optional<Bytes> root_row = std::move(reader.subtrees({&root_key, 1}).at(0));
  has_root_row = root_row.has_value();
  if (!has_root_row) return std::move(ends_);
  TRY(decode_root(*root_row));
  descend(root, 0, 0, indices.size());

  while (!pending_.empty()) {
    const std::vector<Pending> pending = std::move(pending_);
    pending_.clear();
    std::vector<SubtreeKey> keys;
    keys.reserve(pending.size());
    for (const Pending& subtree : pending) keys.push_back(subtree.key);
    const std::vector<std::optional<Bytes>> rows = reader.subtrees(keys);
    size_t row_bytes = 0;
    for (const std::optional<Bytes>& row : rows) row_bytes += row ? row->size() : 0;
    nodes.reserve(nodes.size() + row_bytes / sizeof(Word));
    for (size_t i = 0; i < pending.size(); ++i) {
      const auto& [id, key, begin, end] = pending[i];
      if (!rows.at(i)) {
        return corrupt_tree("no subtree at depth " + std::to_string(key.depth) + " position " +
                            std::to_string(key.position));
      }
      ByteReader row(*rows[i]);
      TRY(decode_children(row, id, key.depth, key.position));
      if (row.remaining() > 0) return corrupt_tree("bytes after a subtree");
      descend(id, key.depth, begin, end);
    }
  }
  return std::move(ends_);
}

// At most eight calls deep: an unloaded branch ends it.
void SmtTrie::descend(Id id, unsigned depth, size_t begin, size_t end) {
  if (begin == end) return;
  const TrieNode& node = nodes[id];
  if (node.kind != Kind::kBranch) {
    std::fill(ends_.begin() + static_cast<ptrdiff_t>(begin),
              ends_.begin() + static_cast<ptrdiff_t>(end), id);
    return;
  }
  if (!node.is_loaded) {
    const SubtreeKey key{static_cast<uint8_t>(depth), ancestor(indices_[begin], depth)};
    pending_.push_back({id, key, begin, end});
    return;
  }
  const auto first = indices_.begin() + static_cast<ptrdiff_t>(begin);
  const auto middle =
      std::partition_point(first, indices_.begin() + static_cast<ptrdiff_t>(end),
                           [depth](uint64_t index) { return !goes_right(index, depth); });
  const size_t split = static_cast<size_t>(middle - indices_.begin());
  descend(node.left, depth + 1, begin, split);
  descend(node.right, depth + 1, split, end);
}

void SmtTrie::encode_lone(ByteWriter& writer, const TrieNode& node) const {
  writer.u64(node.leaf_index);
  node.hash.encode(writer);
  if (anchor_depth(node.depth) != node.depth) node.anchor.encode(writer);
}

// Tags of both children, then the left child's contents, then the right child's.
void SmtTrie::encode_children(ByteWriter& writer, Id id, unsigned depth) const {
  const unsigned child_depth = depth + 1;
  const TrieNode& node = nodes[id];
  writer.u8(
      static_cast<uint8_t>(tag_of(nodes[node.left].kind) | tag_of(nodes[node.right].kind) << 2));
  for (const Id child_id : {node.left, node.right}) {
    const TrieNode& child = nodes[child_id];
    if (child.kind == Kind::kLone) {
      encode_lone(writer, child);
    } else if (child.kind == Kind::kBranch) {
      child.hash.encode(writer);
      if (child_depth % kSubtreeLevels != 0) encode_children(writer, child_id, child_depth);
    }
  }
}

Bytes SmtTrie::encode_row(Id id) const {
  const TrieNode& node = nodes[id];
  ByteWriter writer;
  writer.reserve(512);
  if (node.depth == 0) {
    writer.u8(static_cast<uint8_t>(tag_of(node.kind)));
    if (node.kind == Kind::kLone) {
      encode_lone(writer, node);
      return std::move(writer).take();
    }
    node.hash.encode(writer);
  }
  encode_children(writer, id, node.depth);
  return std::move(writer).take();
}

Result<void> SmtTrie::decode_root(ByteView row) {
  ByteReader reader(row);
  const Result<uint8_t> tag = reader.u8();
  if (!tag || *tag == tag_of(Kind::kEmpty)) return corrupt_tree("a root's subtree without a root");
  root = TRY(decode_node(reader, *tag, 0, 0));
  if (reader.remaining() > 0) return corrupt_tree("bytes after a subtree");
  return {};
}

Result<void> SmtTrie::decode_children(ByteReader& reader, Id id, unsigned depth,
                                      uint64_t position) {
  const Result<uint8_t> tags = reader.u8();
  if (!tags || *tags >> 4 != 0) return corrupt_tree("a branch without children");
  const unsigned left_tag = *tags & 3;
  const unsigned right_tag = *tags >> 2;
  const bool keeps_two = left_tag == tag_of(Kind::kBranch) || right_tag == tag_of(Kind::kBranch) ||
                         (left_tag != 0 && right_tag != 0);
  if (!keeps_two) return corrupt_tree("a branch with fewer than two leaves");
  const Id left = TRY(decode_node(reader, left_tag, depth + 1, 2 * position));
  const Id right = TRY(decode_node(reader, right_tag, depth + 1, 2 * position + 1));
  nodes[id].left = left;
  nodes[id].right = right;
  nodes[id].is_loaded = true;
  return {};
}

Result<SmtTrie::Id> SmtTrie::decode_node(ByteReader& reader, unsigned tag, unsigned depth,
                                         uint64_t position) {
  if (tag == tag_of(Kind::kEmpty)) return kEmpty;
  const auto read_word = [&]() -> Result<Word> {
    Result<Word> word = Word::decode(reader);
    if (!word) return corrupt_tree(word.error().message);
    return word;
  };
  if (tag == tag_of(Kind::kBranch)) {
    if (depth == kSmtDepth) return corrupt_tree("a branch among the leaves");
    const Id id = add(
        {.kind = Kind::kBranch, .depth = static_cast<uint8_t>(depth), .hash = TRY(read_word())});
    // A stored child's own row has its children.
    const bool has_row = depth % kSubtreeLevels == 0 && depth > 0;
    if (!has_row) TRY(decode_children(reader, id, depth, position));
    return id;
  }
  if (tag != tag_of(Kind::kLone)) return corrupt_tree("unknown tag of a node");
  const Result<uint64_t> leaf_index = reader.u64();
  if (!leaf_index || ancestor(*leaf_index, depth) != position) {
    return corrupt_tree("a leaf out of its place");
  }
  TrieNode node{.kind = Kind::kLone,
                .depth = static_cast<uint8_t>(depth),
                .hash_depth = static_cast<uint8_t>(depth),
                .leaf_index = *leaf_index};
  node.hash = TRY(read_word());
  node.anchor = anchor_depth(depth) == depth ? node.hash : TRY(read_word());
  return add(node);
}

void fold_chains(std::vector<LeafChain>& chains, Executor& executor) {
  // As many as stay in the first-level cache together with their pairs.
  constexpr size_t kTile = 256;
  // Chains of like extent side by side, so that a tile keeps the lanes full to its end.
  std::vector<uint32_t> order(chains.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<uint32_t>(i);
  std::ranges::sort(order, std::greater(),
                    [&](uint32_t i) { return std::tuple(chains[i].from, chains[i].to, ~i); });

  const auto fold_tile = [&](std::span<const uint32_t> tile) {
    std::array<Word, 2 * kTile> pairs;
    std::array<uint32_t, kTile> active;
    unsigned lowest_to = kSmtDepth;
    for (const uint32_t i : tile) {
      lowest_to = std::min(lowest_to, chains[i].to);
      if (chains[i].from == anchor_depth(chains[i].to)) chains[i].anchor = chains[i].hash;
    }
    for (unsigned depth = chains[tile.front()].from; depth > lowest_to; --depth) {
      const Word& empty = empty_subtree_root(kSmtDepth - depth);
      size_t count = 0;
      for (const uint32_t i : tile) {
        const LeafChain& chain = chains[i];
        if (chain.from < depth) break;
        if (chain.to >= depth) continue;
        const bool is_right = goes_right(chain.leaf_index, depth - 1);
        pairs[2 * count + is_right] = chain.hash;
        pairs[2 * count + !is_right] = empty;
        active[count++] = i;
      }
      merge_batch(std::span(pairs).first(2 * count), std::span(pairs).first(count));
      for (size_t k = 0; k < count; ++k) {
        LeafChain& chain = chains[active[k]];
        chain.hash = pairs[k];
        if (anchor_depth(chain.to) == depth - 1) chain.anchor = chain.hash;
      }
    }
  };
  const size_t tiles = (order.size() + kTile - 1) / kTile;
  executor.parallel_for(tiles, 1, [&](size_t begin, size_t end) {
    for (size_t tile = begin; tile < end; ++tile) {
      const size_t first = tile * kTile;
      fold_tile(std::span(order).subspan(first, std::min(kTile, order.size() - first)));
    }
  });
}

Result<SmtLeaf> decode_stored_leaf(uint64_t index, ByteView bytes) {
  Result<SmtLeaf> leaf = from_bytes<SmtLeaf>(bytes);
  const std::string name = "leaf " + std::to_string(index);
  if (!leaf) return corrupt_tree(name + ": " + leaf.error().message);
  if (leaf->index != index) return corrupt_tree(name + " holds another leaf");
  if (leaf->entries.empty()) return corrupt_tree(name + " is empty");
  for (size_t i = 0; i < leaf->entries.size(); ++i) {
    if (leaf->entries[i].value.is_zero()) return corrupt_tree(name + " has a zero value");
    if (i > 0 && leaf->entries[i - 1].key >= leaf->entries[i].key) {
      return corrupt_tree(name + " is not sorted");
    }
  }
  return leaf;
}

Result<std::vector<SmtLeaf>> read_stored_leaves(const SmtReader& reader,
                                                std::span<const uint64_t> indices) {
  std::vector<SmtLeaf> leaves;
  if (indices.empty()) return leaves;
  leaves.reserve(indices.size());
  const std::vector<std::optional<Bytes>> rows = reader.leaves(indices);
  for (size_t i = 0; i < indices.size(); ++i) {
    if (!rows.at(i)) return corrupt_tree("no leaf " + std::to_string(indices[i]));
    leaves.push_back(TRY(decode_stored_leaf(indices[i], *rows[i])));
  }
  return leaves;
}

}  // namespace miden
