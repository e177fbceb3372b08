// What changes in stored trees when entries are set: all leaves of all trees at once, level by
// level.
#include <algorithm>

#include "crypto/poseidon2.hpp"
#include "merkle/smt_trie.hpp"
#include "merkle/update_many.hpp"

namespace miden {
namespace {

using Id = SmtTrie::Id;
using Kind = TrieNode::Kind;

// Entries of one leaf that are to be set.
struct LeafChange {
  uint64_t index = 0;
  std::span<const SmtEntry> entries;
  SmtLeaf leaf;               // afterwards
  Id node = SmtTrie::kEmpty;  // lone node of the leaf afterwards; empty when removed
};

bool sets_something(const LeafChange& change) {
  return std::ranges::any_of(change.entries, [](const SmtEntry& e) { return !e.value.is_zero(); });
}

// One tree's update, in the steps that smt_update_many takes for all of them together.
class Update {
 public:
  explicit Update(const SmtChange& change) : reader_(*change.reader) {
    group_by_leaf(change.entries);
  }

  // Reads what lies on the ways to the leaves, and tells what each leaf will be.
  Result<void> load() {
    std::vector<uint64_t> indices;
    indices.reserve(changes_.size());
    for (const LeafChange& change : changes_) indices.push_back(change.index);
    ends_ = TRY(trie_.load(reader_, indices));
    TRY(read_old_leaves());
    return set_entries();
  }

  // Nodes for the new leaves, which are appended to `leaves`: they must lie side by side for the
  // batch.
  void add_new_leaves(std::vector<SmtLeaf>& leaves) {
    update_.leaves.reserve(changes_.size());
    for (LeafChange& change : changes_) {
      if (change.leaf.entries.empty()) {
        update_.leaves.emplace_back(change.index, std::nullopt);
        continue;
      }
      update_.leaves.emplace_back(change.index, to_bytes(change.leaf));
      TrieNode node{.kind = Kind::kLone, .hash_depth = kSmtDepth, .leaf_index = change.index};
      change.node = trie_.add(node);
      leaves.push_back(std::move(change.leaf));
    }
  }
  // The hashes of those leaves, from the front of `hashes`; the rest is for others.
  void take_leaf_hashes(std::span<const Word>& hashes) {
    for (const LeafChange& change : changes_) {
      if (change.node == SmtTrie::kEmpty) continue;
      trie_.nodes[change.node].hash = hashes.front();
      hashes = hashes.subspan(1);
    }
  }

  // Puts the leaves into their places.
  void change_shape() {
    if (!changes_.empty()) trie_.root = apply(trie_.root, 0, 0, changes_.size());
  }

  void add_moved_leaves(std::vector<LeafChain>& chains) const {
    for (const Id id : moved_) {
      const TrieNode& node = trie_.nodes[id];
      chains.push_back({node.leaf_index, node.hash_depth, node.depth, node.hash, node.anchor});
    }
  }
  void take_moved_leaves(std::span<const LeafChain>& chains) {
    for (const Id id : moved_) {
      TrieNode& node = trie_.nodes[id];
      node.hash = chains.front().hash;
      node.anchor = chains.front().anchor;
      node.hash_depth = node.depth;
      chains = chains.subspan(1);
    }
  }

  // Changed branches at a depth, and the way to compute one's hash from those below.
  const std::vector<Id>& changed_branches(unsigned depth) const { return dirty_[depth]; }
  const Word& left_of(Id id, unsigned depth) const {
    return trie_.hash_at(trie_.nodes[id].left, depth + 1);
  }
  const Word& right_of(Id id, unsigned depth) const {
    return trie_.hash_at(trie_.nodes[id].right, depth + 1);
  }
  void set_hash(Id id, const Word& hash) { trie_.nodes[id].hash = hash; }

  SmtUpdate finish(Executor& executor) {
    if (!changes_.empty()) write_rows(executor);
    update_.root = trie_.hash_at(trie_.root, 0);
    return std::move(update_);
  }

 private:
  void group_by_leaf(std::span<const SmtEntry> entries) {
    for (size_t begin = 0; begin < entries.size();) {
      const uint64_t index = leaf_index_of(entries[begin].key);
      size_t end = begin + 1;
      while (end < entries.size() && leaf_index_of(entries[end].key) == index) ++end;
      changes_.push_back({index, entries.subspan(begin, end - begin), {index, {}}, {}});
      begin = end;
    }
  }

  // Those that exist and change, and those that move below their anchor: only the leaf itself tells
  // the hash there.
  Result<void> read_old_leaves() {
    for (size_t i = 0; i < changes_.size(); ++i) {
      const TrieNode& end = trie_.nodes[ends_[i]];
      if (end.kind != Kind::kLone) continue;
      const LeafChange& change = changes_[i];
      const bool exists = end.leaf_index == change.index;
      if (exists || (fork_depth(end.leaf_index, change.index) >= anchor_depth(end.depth) &&
                     sets_something(change))) {
        old_indices_.push_back(end.leaf_index);
      }
    }
    std::ranges::sort(old_indices_);
    const auto repeated = std::ranges::unique(old_indices_);
    old_indices_.erase(repeated.begin(), repeated.end());
    old_leaves_ = TRY(read_stored_leaves(reader_, old_indices_));
    return {};
  }

  const SmtLeaf* old_leaf(uint64_t index) const {
    const auto at = std::ranges::lower_bound(old_indices_, index);
    if (at == old_indices_.end() || *at != index) return nullptr;
    return &old_leaves_[static_cast<size_t>(at - old_indices_.begin())];
  }

  // Leaves that stay as they are drop out.
  Result<void> set_entries() {
    size_t kept = 0;
    for (size_t i = 0; i < changes_.size(); ++i) {
      LeafChange& change = changes_[i];
      const TrieNode& end = trie_.nodes[ends_[i]];
      const bool exists = end.kind == Kind::kLone && end.leaf_index == change.index;
      const SmtLeaf* old = exists ? old_leaf(change.index) : nullptr;
      if (old != nullptr) change.leaf = *old;
      for (const SmtEntry& entry : change.entries) TRY(change.leaf.set(entry.key, entry.value));
      if (old != nullptr ? change.leaf == *old : change.leaf.entries.empty()) continue;
      update_.entries_added += static_cast<int64_t>(change.leaf.entries.size());
      if (old != nullptr) update_.entries_added -= static_cast<int64_t>(old->entries.size());
      if (kept != i) changes_[kept] = std::move(change);
      ++kept;
    }
    changes_.resize(kept);
    return {};
  }

  // The node that stands in the place of `id` after changes [begin, end), all of which lie below
  // it. At most 64 calls deep.
  Id apply(Id id, unsigned depth, size_t begin, size_t end) {
    if (begin == end) return id;
    if (trie_.nodes[id].kind != Kind::kBranch) return apply_to_end(id, depth, begin, end);
    const size_t middle = split(depth, begin, end, [this](size_t i) { return changes_[i].index; });
    const Id left = apply(trie_.nodes[id].left, depth + 1, begin, middle);
    const Id right = apply(trie_.nodes[id].right, depth + 1, middle, end);
    const bool has_branch =
        trie_.nodes[left].kind == Kind::kBranch || trie_.nodes[right].kind == Kind::kBranch;
    if (has_branch || (left != SmtTrie::kEmpty && right != SmtTrie::kEmpty)) {
      trie_.nodes[id].left = left;
      trie_.nodes[id].right = right;
      trie_.nodes[id].leaf_index = changes_[begin].index;
      dirty_[depth].push_back(id);
      return id;
    }
    if (depth % kSubtreeLevels == 0 && depth > 0) {
      const SubtreeKey key{static_cast<uint8_t>(depth), ancestor(changes_[begin].index, depth)};
      update_.subtrees.emplace_back(key, std::nullopt);
    }
    const Id lone = left != SmtTrie::kEmpty ? left : right;
    if (lone != SmtTrie::kEmpty) place(lone, depth);
    return lone;
  }

  // Where a way ended: at nothing, or at a lone leaf that is kept, replaced or removed.
  Id apply_to_end(Id id, unsigned depth, size_t begin, size_t end) {
    std::vector<Id> lone_nodes;
    lone_nodes.reserve(end - begin + 1);
    for (size_t i = begin; i < end; ++i) {
      if (changes_[i].node != SmtTrie::kEmpty) lone_nodes.push_back(changes_[i].node);
    }
    if (id != SmtTrie::kEmpty) {
      const uint64_t index = trie_.nodes[id].leaf_index;
      const auto first = changes_.begin() + static_cast<ptrdiff_t>(begin);
      const auto last = changes_.begin() + static_cast<ptrdiff_t>(end);
      const auto at = std::ranges::lower_bound(first, last, index, {}, &LeafChange::index);
      if (at == last || at->index != index) {
        // Every change here sets a leaf that did not exist, so positions among both agree.
        unsigned fork = 0;
        if (at != last) fork = fork_depth(at->index, index);
        if (at != first) fork = std::max(fork, fork_depth((at - 1)->index, index));
        lift_off(id, fork + 1);
        lone_nodes.insert(lone_nodes.begin() + (at - first), id);
      }
    }
    return build(lone_nodes, depth);
  }

  // Prepares a lone leaf for moving down to `depth`: its hash from a place at or below there.
  void lift_off(Id id, unsigned depth) {
    TrieNode& node = trie_.nodes[id];
    const unsigned anchor = anchor_depth(node.depth);
    if (depth <= anchor) {
      node.hash = node.anchor;
      node.hash_depth = static_cast<uint8_t>(anchor);
    } else {
      node.hash = old_leaf(node.leaf_index)->hash();
      node.hash_depth = kSmtDepth;
    }
  }

  // A new subtree over lone nodes that ascend by leaf.
  Id build(std::span<const Id> lone_nodes, unsigned depth) {
    if (lone_nodes.empty()) return SmtTrie::kEmpty;
    if (lone_nodes.size() == 1) {
      place(lone_nodes[0], depth);
      return lone_nodes[0];
    }
    const size_t middle = split(depth, 0, lone_nodes.size(),
                                [&](size_t i) { return trie_.nodes[lone_nodes[i]].leaf_index; });
    const Id left = build(lone_nodes.first(middle), depth + 1);
    const Id right = build(lone_nodes.subspan(middle), depth + 1);
    const Id id = trie_.add({.kind = Kind::kBranch,
                             .is_loaded = true,
                             .depth = static_cast<uint8_t>(depth),
                             .left = left,
                             .right = right,
                             .leaf_index = trie_.nodes[lone_nodes[0]].leaf_index});
    dirty_[depth].push_back(id);
    return id;
  }

  void place(Id id, unsigned depth) {
    TrieNode& node = trie_.nodes[id];
    node.depth = static_cast<uint8_t>(depth);
    if (!node.is_moved) moved_.push_back(id);
    node.is_moved = true;
  }

  // First of [begin, end) that goes right at `depth`.
  template <class IndexOf>
  static size_t split(unsigned depth, size_t begin, size_t end, IndexOf index_of) {
    while (begin < end) {
      const size_t middle = begin + (end - begin) / 2;
      if (goes_right(index_of(middle), depth)) {
        end = middle;
      } else {
        begin = middle + 1;
      }
    }
    return begin;
  }

  void write_rows(Executor& executor) {
    std::vector<std::pair<SubtreeKey, Id>> rows;
    if (trie_.root != SmtTrie::kEmpty) {
      rows.emplace_back(SubtreeKey{}, trie_.root);
    } else {
      update_.subtrees.emplace_back(SubtreeKey{}, std::nullopt);
    }
    for (unsigned depth = kSubtreeLevels; depth < kSmtDepth; depth += kSubtreeLevels) {
      for (const Id id : dirty_[depth]) {
        const uint64_t position = ancestor(trie_.nodes[id].leaf_index, depth);
        rows.emplace_back(SubtreeKey{static_cast<uint8_t>(depth), position}, id);
      }
    }
    const size_t deleted = update_.subtrees.size();
    update_.subtrees.resize(deleted + rows.size());
    executor.parallel_for(rows.size(), 64, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        update_.subtrees[deleted + i] = {rows[i].first, trie_.encode_row(rows[i].second)};
      }
    });
  }

  const SmtReader& reader_;
  SmtTrie trie_;
  std::vector<LeafChange> changes_;
  std::vector<Id> ends_;  // of the changes' ways, before any dropped out
  std::vector<uint64_t> old_indices_;
  std::vector<SmtLeaf> old_leaves_;
  std::vector<Id> moved_;
  std::array<std::vector<Id>, kSmtDepth> dirty_;  // changed branches by depth
  SmtUpdate update_;
};

void hash_new_leaves(std::vector<Update>& updates, Executor& executor) {
  std::vector<SmtLeaf> leaves;
  for (Update& update : updates) update.add_new_leaves(leaves);
  std::vector<Word> hashes(leaves.size());
  executor.parallel_for(leaves.size(), 256, [&](size_t begin, size_t end) {
    hash_leaves(std::span(leaves).subspan(begin, end - begin),
                std::span(hashes).subspan(begin, end - begin));
  });
  std::span<const Word> rest = hashes;
  for (Update& update : updates) update.take_leaf_hashes(rest);
}

void hash_moved_leaves(std::vector<Update>& updates, Executor& executor) {
  std::vector<LeafChain> chains;
  for (const Update& update : updates) update.add_moved_leaves(chains);
  fold_chains(chains, executor);
  std::span<const LeafChain> rest = chains;
  for (Update& update : updates) update.take_moved_leaves(rest);
}

void hash_branches(std::vector<Update>& updates, Executor& executor) {
  struct Branch {
    Update* update;
    Id id;
  };
  std::vector<Branch> level;
  for (unsigned depth = kSmtDepth; depth-- > 0;) {
    level.clear();
    for (Update& update : updates) {
      for (const Id id : update.changed_branches(depth)) level.push_back({&update, id});
    }
    if (level.empty()) continue;
    executor.parallel_for(level.size(), 256, [&](size_t begin, size_t end) {
      constexpr size_t kTile = 256;
      std::array<Word, 2 * kTile> pairs;
      for (; begin < end; begin += kTile) {
        const std::span<const Branch> tile =
            std::span(level).subspan(begin, std::min(kTile, end - begin));
        for (size_t i = 0; i < tile.size(); ++i) {
          pairs[2 * i] = tile[i].update->left_of(tile[i].id, depth);
          pairs[2 * i + 1] = tile[i].update->right_of(tile[i].id, depth);
        }
        merge_batch(std::span(pairs).first(2 * tile.size()), std::span(pairs).first(tile.size()));
        for (size_t i = 0; i < tile.size(); ++i) tile[i].update->set_hash(tile[i].id, pairs[i]);
      }
    });
  }
}

}  // namespace

Result<std::vector<SmtUpdate>> smt_update_many(std::span<const SmtChange> changes,
                                               Executor& executor) {
  std::vector<Update> updates;
  updates.reserve(changes.size());
  for (const SmtChange& change : changes) TRY(updates.emplace_back(change).load());
  hash_new_leaves(updates, executor);
  for (Update& update : updates) update.change_shape();
  hash_moved_leaves(updates, executor);
  hash_branches(updates, executor);
  std::vector<SmtUpdate> answer;
  answer.reserve(updates.size());
  for (Update& update : updates) answer.push_back(update.finish(executor));
  return answer;
}

Result<SmtUpdate> smt_update(const SmtReader& reader, std::span<const SmtEntry> entries,
                             Executor& executor) {
  const SmtChange change{&reader, entries};
  std::vector<SmtUpdate> updates = TRY(smt_update_many({&change, 1}, executor));
  return std::move(updates.front());
}

}  // namespace miden
