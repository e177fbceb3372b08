// One tree of the store, as of one block.
#pragma once

#include <map>

#include "chain/block_write.hpp"
#include "merkle/stored_smt.hpp"

namespace miden {

class StoredTree : public SmtReader {
 public:
  // `at` absent: the newest.
  StoredTree(const ChainReader& reader, const Key& tree, std::optional<BlockNum> at = std::nullopt)
      : reader_(reader), tree_(tree), at_(at) {}

  std::vector<std::optional<Bytes>> subtrees(std::span<const SubtreeKey> keys) const override;
  std::vector<std::optional<Bytes>> leaves(std::span<const uint64_t> indices) const override;

  Word root() const { return expect_sound(smt_root(*this)); }
  // Its entries by leaf; stops behind the first `limit`.
  std::vector<SmtEntry> entries(size_t limit) const;

 private:
  const ChainReader& reader_;
  Key tree_;
  std::optional<BlockNum> at_;
};

// The rows near the root of one version of a tree, which every way to a leaf begins with.
class UpperLevels {
 public:
  // Nothing: not known, or too far down.
  std::optional<Bytes> find(const SubtreeKey& key) const;
  void remember(const SubtreeKey& key, const Bytes& row);

 private:
  ValuesByNumber<Bytes> rows_{1 << 10};
};

// A tree of which the upper levels are remembered. Any number of them may share those.
class TreeWithUpperLevels final : public SmtReader {
 public:
  TreeWithUpperLevels(const SmtReader& tree, UpperLevels& upper) : tree_(tree), upper_(upper) {}

  std::vector<std::optional<Bytes>> subtrees(std::span<const SubtreeKey> keys) const override;
  std::vector<std::optional<Bytes>> leaves(std::span<const uint64_t> indices) const override {
    return tree_.leaves(indices);
  }

 private:
  const SmtReader& tree_;
  UpperLevels& upper_;
};

// What an opening of the account tree says about `asked`; for an id whose prefix another account
// holds, that account.
AccountWitness witness_of_opening(const AccountId& asked, SmtProof opening);

// Remembers what was read, so that what an update replaces can be kept. For one thread.
class RememberingTree final : public SmtReader {
 public:
  explicit RememberingTree(const SmtReader& tree) : tree_(tree) {}

  std::vector<std::optional<Bytes>> subtrees(std::span<const SubtreeKey> keys) const override;
  std::vector<std::optional<Bytes>> leaves(std::span<const uint64_t> indices) const override;

 private:
  const SmtReader& tree_;
  mutable std::map<SubtreeKey, std::optional<Bytes>> subtrees_;
  mutable std::map<uint64_t, std::optional<Bytes>> leaves_;
};

// A tree that does not exist yet.
class EmptyTree final : public SmtReader {
 public:
  std::vector<std::optional<Bytes>> subtrees(std::span<const SubtreeKey> keys) const override {
    return std::vector<std::optional<Bytes>>(keys.size());
  }
  std::vector<std::optional<Bytes>> leaves(std::span<const uint64_t> indices) const override {
    return std::vector<std::optional<Bytes>>(indices.size());
  }
};

// One changed row of kTreeNodes.
struct TreeRowChange {
  Key key;
  std::optional<Bytes> old_value;
  std::optional<Bytes> new_value;
};
struct TreeChange {
  Word root;
  std::vector<TreeRowChange> rows;
};
// What is to be set in a tree. `current` is the tree before; `entries` are sorted, without
// duplicates.
struct TreeEntries {
  Key tree;
  const RememberingTree* current;
  std::vector<SmtEntry> entries;
};
// The rows that setting them changes, for each tree. Error: TooManyLeafEntries.
Result<std::vector<TreeChange>> change_trees(std::span<const TreeEntries> trees,
                                             Executor& executor);
Result<TreeChange> change_tree(TreeEntries tree, Executor& executor);

// Who may ask for older versions of a tree.
enum class TreeHistory { kKept, kDropped };
void write_tree_change(BlockWrite& write, const TreeChange& change, TreeHistory history);

}  // namespace miden
