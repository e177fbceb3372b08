#include "chain/stored_tree.hpp"

#include "merkle/update_many.hpp"

namespace miden {
namespace {

constexpr size_t kLeafPositionSize = kSmtDepth / 8;
// Rows at this depth and above are 273 of at most 1.7 KB.
constexpr unsigned kUpperDepth = 8;

Key subtree_row(const Key& tree, const SubtreeKey& subtree) {
  Key key = tree;
  return key.u8(subtree.depth).big_endian(subtree.position, (subtree.depth + 7u) / 8);
}

Key leaves_prefix(const Key& tree) {
  Key key = tree;
  return key.u8(kSmtDepth);
}

Key leaf_row(const Key& tree, uint64_t index) { return leaves_prefix(tree).u64(index); }

std::vector<Key> subtree_rows(const Key& tree, std::span<const SubtreeKey> subtrees) {
  std::vector<Key> rows;
  rows.reserve(subtrees.size());
  for (const SubtreeKey& subtree : subtrees) rows.push_back(subtree_row(tree, subtree));
  return rows;
}

std::vector<Key> leaf_rows(const Key& tree, std::span<const uint64_t> indices) {
  std::vector<Key> rows;
  rows.reserve(indices.size());
  for (const uint64_t index : indices) rows.push_back(leaf_row(tree, index));
  return rows;
}

// Looks keys up in `known` and reads the others at once.
template <class K, class Read>
std::vector<std::optional<Bytes>> remember(std::map<K, std::optional<Bytes>>& known,
                                           std::span<const K> keys, Read read) {
  std::vector<K> unknown;
  for (const K& key : keys) {
    if (!known.contains(key)) unknown.push_back(key);
  }
  std::vector<std::optional<Bytes>> values = read(std::span<const K>(unknown));
  for (size_t i = 0; i < unknown.size(); ++i) known.emplace(unknown[i], std::move(values[i]));
  std::vector<std::optional<Bytes>> answer;
  answer.reserve(keys.size());
  for (const K& key : keys) answer.push_back(known.at(key));
  return answer;
}

// Adds the leaf's entries; true when `limit` is reached.
bool take_leaf(std::vector<SmtEntry>& entries, ByteView leaf, size_t limit) {
  for (const SmtEntry& entry : decode_stored<SmtLeaf>(leaf).entries) {
    if (entries.size() >= limit) return true;
    entries.push_back(entry);
  }
  return entries.size() >= limit;
}

TreeChange rows_of_update(const TreeEntries& tree, SmtUpdate update) {
  TreeChange change{update.root, {}};
  change.rows.reserve(update.subtrees.size() + update.leaves.size());
  std::vector<SubtreeKey> subtrees;
  for (const auto& [key, value] : update.subtrees) subtrees.push_back(key);
  std::vector<uint64_t> leaves;
  for (const auto& [index, value] : update.leaves) leaves.push_back(index);

  std::vector<std::optional<Bytes>> old_subtrees = tree.current->subtrees(subtrees);
  for (size_t i = 0; i < subtrees.size(); ++i) {
    change.rows.push_back({subtree_row(tree.tree, subtrees[i]), std::move(old_subtrees[i]),
                           std::move(update.subtrees[i].second)});
  }
  std::vector<std::optional<Bytes>> old_leaves = tree.current->leaves(leaves);
  for (size_t i = 0; i < leaves.size(); ++i) {
    change.rows.push_back({leaf_row(tree.tree, leaves[i]), std::move(old_leaves[i]),
                           std::move(update.leaves[i].second)});
  }
  return change;
}

}  // namespace

std::vector<std::optional<Bytes>> StoredTree::subtrees(std::span<const SubtreeKey> keys) const {
  return reader_.rows_at(kTreeNodes, subtree_rows(tree_, keys), at_);
}

std::vector<std::optional<Bytes>> StoredTree::leaves(std::span<const uint64_t> indices) const {
  return reader_.rows_at(kTreeNodes, leaf_rows(tree_, indices), at_);
}

std::vector<SmtEntry> StoredTree::entries(size_t limit) const {
  const Key prefix = leaves_prefix(tree_);
  std::vector<std::pair<Key, std::optional<Bytes>>> older;
  if (at_) older = reader_.older_rows(kTreeNodes, prefix, kLeafPositionSize, *at_);

  // Both in key order: where a leaf has an older value, that one counts.
  std::vector<SmtEntry> entries;
  Cursor newest = reader_.rows().rows_with_prefix(kTreeNodes, prefix);
  for (const auto& [key, value] : older) {
    for (; newest.valid() && Key().bytes(newest.key()) < key; newest.next()) {
      if (take_leaf(entries, newest.value(), limit)) return entries;
    }
    if (newest.valid() && Key().bytes(newest.key()) == key) newest.next();
    if (value && take_leaf(entries, *value, limit)) return entries;
  }
  for (; newest.valid(); newest.next()) {
    if (take_leaf(entries, newest.value(), limit)) return entries;
  }
  return entries;
}

std::optional<Bytes> UpperLevels::find(const SubtreeKey& key) const {
  if (key.depth > kUpperDepth) return std::nullopt;
  return rows_.find(uint64_t{key.depth} << kUpperDepth | key.position);
}

void UpperLevels::remember(const SubtreeKey& key, const Bytes& row) {
  if (key.depth > kUpperDepth) return;
  rows_.remember(uint64_t{key.depth} << kUpperDepth | key.position, row);
}

std::vector<std::optional<Bytes>> TreeWithUpperLevels::subtrees(
    std::span<const SubtreeKey> keys) const {
  std::vector<std::optional<Bytes>> rows;
  rows.reserve(keys.size());
  for (const SubtreeKey& key : keys) {
    rows.push_back(upper_.find(key));
    if (!rows.back()) break;
  }
  if (rows.size() == keys.size() && (rows.empty() || rows.back())) return rows;
  rows = tree_.subtrees(keys);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (rows[i]) upper_.remember(keys[i], *rows[i]);
  }
  return rows;
}

std::vector<std::optional<Bytes>> RememberingTree::subtrees(
    std::span<const SubtreeKey> keys) const {
  return remember(subtrees_, keys,
                  [this](std::span<const SubtreeKey> unknown) { return tree_.subtrees(unknown); });
}

std::vector<std::optional<Bytes>> RememberingTree::leaves(std::span<const uint64_t> indices) const {
  return remember(leaves_, indices,
                  [this](std::span<const uint64_t> unknown) { return tree_.leaves(unknown); });
}

Result<std::vector<TreeChange>> change_trees(std::span<const TreeEntries> trees,
                                             Executor& executor) {
  std::vector<SmtChange> wanted;
  wanted.reserve(trees.size());
  for (const TreeEntries& tree : trees) wanted.push_back({tree.current, tree.entries});
  Result<std::vector<SmtUpdate>> updates = smt_update_many(wanted, executor);
  if (!updates) {
    if (updates.error().code == "CorruptTree") throw_corrupt(updates.error().message);
    return std::unexpected(updates.error());
  }
  std::vector<TreeChange> changes;
  changes.reserve(trees.size());
  for (size_t i = 0; i < trees.size(); ++i) {
    changes.push_back(rows_of_update(trees[i], std::move((*updates)[i])));
  }
  return changes;
}

Result<TreeChange> change_tree(TreeEntries tree, Executor& executor) {
  std::vector<TreeChange> changes = TRY(change_trees({&tree, 1}, executor));
  return std::move(changes.front());
}

void write_tree_change(BlockWrite& write, const TreeChange& change, TreeHistory history) {
  for (const TreeRowChange& row : change.rows) {
    if (history == TreeHistory::kKept) {
      write.replace(kTreeNodes, row.key, row.old_value, row.new_value);
    } else if (row.new_value) {
      write.put(kTreeNodes, row.key, *row.new_value);
    } else if (row.old_value) {
      write.remove(kTreeNodes, row.key);
    }
  }
}

}  // namespace miden
