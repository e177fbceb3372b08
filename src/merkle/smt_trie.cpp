#include "merkle/smt_trie.hpp"

#include <algorithm>

#include "crypto/poseidon2.hpp"

namespace miden {
namespace {

using Kind = TrieNode::Kind;

unsigned tag_of(Kind kind) { return static_cast<unsigned>(kind); }

// A branch at the bottom of a subtree has its children in a row of its own.
bool has_own_row(unsigned depth) { return depth % kSubtreeLevels == 0 && depth > 0; }

bool has_anchor(unsigned depth) { return anchor_depth(depth) != depth; }

std::unexpected<Error> corrupt_subtree(const SubtreeKey& key) {
  return corrupt_tree("the subtree at depth " + std::to_string(key.depth) + " position " +
                      std::to_string(key.position) + " is missing or damaged");
}

}  // namespace

// Reads until something is wrong, then gives zeros: rows are long and most of the work of a single
// opening, so failure is looked at once, at their end.
class SmtTrie::RowReader {
 public:
  explicit RowReader(ByteView row) : rest_(row) {}

  unsigned u8() { return take<uint8_t>(); }
  uint64_t u64() { return take<uint64_t>(); }
  Word word() {
    const auto values = take<std::array<uint64_t, 4>>();
    Word word;
    for (size_t i = 0; i < 4; ++i) {
      require(values[i] < Felt::kModulus);
      word[i] = Felt::from_canonical(values[i]);
    }
    return word;
  }
  // Two tags in a byte, of a branch's children.
  std::pair<unsigned, unsigned> tags() {
    const unsigned both = u8();
    const unsigned left = both & 3;
    const unsigned right = both >> 2;
    const unsigned lone = tag_of(Kind::kLone);
    const unsigned branch = tag_of(Kind::kBranch);
    require(left <= branch && right <= branch);
    // Two leaves or more.
    require(left == branch || right == branch || (left == lone && right == lone));
    return {left, right};
  }
  // The bytes of the children of a branch at `depth`. At most four calls deep.
  ByteView children(unsigned depth) {
    const ByteView before = rest_;
    const auto [left, right] = tags();
    for (const unsigned tag : {left, right}) {
      if (tag == tag_of(Kind::kEmpty) || !is_good_) continue;
      if (tag == tag_of(Kind::kLone)) {
        skip(sizeof(uint64_t) + sizeof(Word) * (has_anchor(depth + 1) ? 2 : 1));
        continue;
      }
      require(depth + 1 < kSmtDepth);
      skip(sizeof(Word));
      if (is_good_ && !has_own_row(depth + 1)) children(depth + 1);
    }
    return before.first(before.size() - rest_.size());
  }
  void require(bool condition) { is_good_ = is_good_ && condition; }
  bool is_good() const { return is_good_; }
  bool is_good_to_its_end() const { return is_good_ && rest_.empty(); }

 private:
  void skip(size_t size) {
    if (rest_.size() < size) {
      is_good_ = false;
    } else {
      rest_ = rest_.subspan(size);
    }
  }
  template <class T>
  T take() {
    T value{};
    if (rest_.size() < sizeof value) {
      is_good_ = false;
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_ = rest_.subspan(sizeof value);
    return value;
  }
  ByteView rest_;
  bool is_good_ = true;
};

std::unexpected<Error> corrupt_tree(std::string message) {
  return fail("CorruptTree", "stored tree is corrupt: " + std::move(message));
}

Result<std::vector<SmtTrie::Id>> SmtTrie::load(const SmtReader& reader,
                                               std::span<const uint64_t> indices) {
  indices_ = indices;
  ends_.assign(indices.size(), kEmpty);
  const SubtreeKey root_key;
  std::optional<Bytes> root_row = std::move(reader.subtrees({&root_key, 1}).at(0));
  if (!root_row) return std::move(ends_);
  rows_.push_back(*std::move(root_row));
  if (!read_root(rows_.back()) || !descend(root, 0, 0, indices.size())) {
    return corrupt_subtree(root_key);
  }
  while (!pending_.empty()) {
    const std::vector<Pending> pending = std::move(pending_);
    pending_.clear();
    std::vector<SubtreeKey> keys;
    keys.reserve(pending.size());
    for (const Pending& subtree : pending) keys.push_back(subtree.key);
    std::vector<std::optional<Bytes>> rows = reader.subtrees(keys);
    for (size_t i = 0; i < pending.size(); ++i) {
      const auto& [id, key, begin, end] = pending[i];
      if (!rows.at(i)) return corrupt_subtree(key);
      rows_.push_back(*std::move(rows[i]));
      RowReader row(rows_.back());
      nodes[id].stored_children = row.children(key.depth);
      if (!row.is_good_to_its_end() || !descend(id, key.depth, begin, end)) {
        return corrupt_subtree(key);
      }
    }
  }
  return std::move(ends_);
}

// At most four calls deep: a branch with a row of its own ends it.
bool SmtTrie::descend(Id id, unsigned depth, size_t begin, size_t end) {
  if (begin == end) return true;
  if (nodes[id].kind != Kind::kBranch) {
    std::fill(ends_.begin() + static_cast<ptrdiff_t>(begin),
              ends_.begin() + static_cast<ptrdiff_t>(end), id);
    return true;
  }
  const uint64_t position = ancestor(indices_[begin], depth);
  if (nodes[id].stored_children.empty()) {
    pending_.push_back({id, {static_cast<uint8_t>(depth), position}, begin, end});
    return true;
  }
  if (!read_children(id, depth, position)) return false;
  const auto first = indices_.begin() + static_cast<ptrdiff_t>(begin);
  const auto middle =
      std::partition_point(first, indices_.begin() + static_cast<ptrdiff_t>(end),
                           [depth](uint64_t index) { return !goes_right(index, depth); });
  const size_t split = static_cast<size_t>(middle - indices_.begin());
  return descend(nodes[id].left, depth + 1, begin, split) &&
         descend(nodes[id].right, depth + 1, split, end);
}

bool SmtTrie::read_root(ByteView row) {
  RowReader reader(row);
  root = read_node(reader, reader.u8(), 0, 0);
  return reader.is_good_to_its_end() && root != kEmpty;
}

bool SmtTrie::read_children(Id id, unsigned depth, uint64_t position) {
  RowReader row(nodes[id].stored_children);
  const auto [left_tag, right_tag] = row.tags();
  const Id left = read_node(row, left_tag, depth + 1, 2 * position);
  const Id right = read_node(row, right_tag, depth + 1, 2 * position + 1);
  nodes[id].left = left;
  nodes[id].right = right;
  nodes[id].is_loaded = true;
  return row.is_good_to_its_end();
}

SmtTrie::Id SmtTrie::read_node(RowReader& row, unsigned tag, unsigned depth, uint64_t position) {
  if (tag == tag_of(Kind::kEmpty) || !row.is_good()) return kEmpty;
  TrieNode node{.depth = static_cast<uint8_t>(depth), .hash_depth = static_cast<uint8_t>(depth)};
  if (tag == tag_of(Kind::kLone)) {
    node.kind = Kind::kLone;
    node.leaf_index = row.u64();
    row.require(ancestor(node.leaf_index, depth) == position);
    node.hash = row.word();
    node.anchor = has_anchor(depth) ? row.word() : node.hash;
  } else {
    row.require(tag == tag_of(Kind::kBranch) && depth < kSmtDepth);
    node.kind = Kind::kBranch;
    node.hash = row.word();
    if (!has_own_row(depth)) node.stored_children = row.children(depth);
  }
  return add(node);
}

void SmtTrie::encode_lone(ByteWriter& writer, const TrieNode& node) const {
  writer.u64(node.leaf_index);
  node.hash.encode(writer);
  if (has_anchor(node.depth)) node.anchor.encode(writer);
}

// Tags of both children, then the left child's contents, then the right child's.
void SmtTrie::encode_children(ByteWriter& writer, Id id, unsigned depth) const {
  const TrieNode& node = nodes[id];
  if (!node.is_loaded) {
    writer.bytes(node.stored_children);
    return;
  }
  writer.u8(
      static_cast<uint8_t>(tag_of(nodes[node.left].kind) | tag_of(nodes[node.right].kind) << 2));
  for (const Id child_id : {node.left, node.right}) {
    const TrieNode& child = nodes[child_id];
    if (child.kind == Kind::kLone) {
      encode_lone(writer, child);
    } else if (child.kind == Kind::kBranch) {
      child.hash.encode(writer);
      if (!has_own_row(depth + 1)) encode_children(writer, child_id, depth + 1);
    }
  }
}

Bytes SmtTrie::encode_row(Id id) const {
  const TrieNode& node = nodes[id];
  ByteWriter writer;
  writer.reserve(node.stored_children.size() + 256);
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
