#include "merkle/stored_smt.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "merkle/memory_smt_store.hpp"
#include "merkle/smt.hpp"
#include "merkle/update_many.hpp"
#include "test_support/naive_merkle.hpp"

namespace miden {
namespace {

// Splits every loop into pieces on threads of their own.
class ThreadPerPiece final : public Executor {
 public:
  size_t concurrency() const override { return 3; }
  void parallel_for(size_t count, size_t grain,
                    const std::function<void(size_t, size_t)>& body) override {
    const size_t size = std::max({grain, (count + 2) / 3, size_t{1}});
    std::vector<std::jthread> threads;
    for (size_t begin = 0; begin < count; begin += size) {
      threads.emplace_back(body, begin, std::min(count, begin + size));
    }
  }
};

// Refuses unordered keys, which real stores may rely on.
class CheckedReader final : public SmtReader {
 public:
  explicit CheckedReader(const MemorySmtStore& store) : store_(store) {}
  std::vector<std::optional<Bytes>> subtrees(std::span<const SubtreeKey> keys) const override {
    EXPECT_EQ(std::ranges::adjacent_find(keys, std::greater_equal()), keys.end());
    return store_.subtrees(keys);
  }
  std::vector<std::optional<Bytes>> leaves(std::span<const uint64_t> indices) const override {
    EXPECT_EQ(std::ranges::adjacent_find(indices, std::greater_equal()), indices.end());
    return store_.leaves(indices);
  }

 private:
  const MemorySmtStore& store_;
};

// Changes of one round, the last of equal keys winning.
using Changes = std::map<Word, Word>;

std::vector<SmtEntry> sorted_entries(const Changes& changes) {
  std::vector<SmtEntry> entries;
  for (const auto& [key, value] : changes) entries.push_back({key, value});
  return entries;
}

// Leaves that share prefixes of every length, neighbouring leaves, and leaves with several keys.
class KeySource {
 public:
  explicit KeySource(uint64_t seed) : random_(seed) {}
  std::mt19937_64& random() { return random_; }
  Word fresh() {
    uint64_t index = random_();
    if (!known_.empty() && random_() % 4 != 0) {
      index = known_[random_() % known_.size()] ^ (random_() >> (random_() % 65 % 64));
      if (random_() % 8 == 0) index = known_[random_() % known_.size()] ^ 1;
    }
    known_.push_back(Felt::reduce(index).value());
    return Word::of(random_() % 2, 0, 0, known_.back());
  }

 private:
  std::mt19937_64 random_;
  std::vector<uint64_t> known_;
};

void expect_same_tree(const MemorySmtStore& store, const NaiveSmt& model,
                      std::span<const Word> keys) {
  const CheckedReader reader(store);
  ASSERT_EQ(smt_root(reader).value(), model.root());
  const std::vector<Word> values = smt_get_many(reader, keys).value();
  const std::vector<SmtProof> proofs = smt_open_many(reader, keys).value();
  ASSERT_EQ(proofs.size(), keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    const uint64_t index = leaf_index_of(keys[i]);
    EXPECT_EQ(values[i], model.get(keys[i])) << keys[i].to_hex();
    EXPECT_EQ(proofs[i].value_of(keys[i]), model.get(keys[i])) << keys[i].to_hex();
    EXPECT_EQ(proofs[i].path, SparseMerklePath::from_siblings(model.path(index)))
        << keys[i].to_hex();
    EXPECT_EQ(proofs[i].leaf.hash(), model.leaf_hash(index)) << keys[i].to_hex();
    EXPECT_EQ(smt_open(reader, keys[i]).value(), proofs[i]);
    EXPECT_EQ(smt_get(reader, keys[i]).value(), values[i]);
  }
}

MemorySmtStore built_at_once(const NaiveSmt& model) {
  MemorySmtStore store;
  SerialExecutor serial;
  store.apply(smt_update(store, sorted_entries(model.entries()), serial).value());
  return store;
}

TEST(StoredSmt, WithoutEntriesHasNoRows) {
  const MemorySmtStore store;
  EXPECT_EQ(smt_root(store).value(), empty_subtree_root(64));
  const Word key = Word::of(1, 2, 3, 4);
  EXPECT_EQ(smt_get(store, key).value(), Word());
  const SmtProof proof = smt_open(store, key).value();
  EXPECT_EQ(proof.path.empty_nodes_mask, ~uint64_t{0});
  EXPECT_EQ(proof.compute_root(), empty_subtree_root(64));
  SerialExecutor serial;
  const SmtUpdate update = smt_update(store, {{{key, Word()}}}, serial).value();
  EXPECT_EQ(update.root, empty_subtree_root(64));
  EXPECT_TRUE(update.subtrees.empty());
  EXPECT_TRUE(update.leaves.empty());
}

// Random histories of insertions, changes, removals and re-insertions, against the naive tree.
// After every round the rows are those of the same entries inserted at once.
TEST(StoredSmt, FollowsRandomHistories) {
  SerialExecutor serial;
  ThreadPerPiece threads;
  for (uint64_t seed = 100; seed < 130; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    KeySource keys(seed);
    std::mt19937_64& random = keys.random();
    NaiveSmt model;
    MemorySmtStore store;
    std::vector<Word> used;
    const size_t scale = 1 + random() % 40;
    for (int round = 0; round < 10; ++round) {
      SCOPED_TRACE("round " + std::to_string(round));
      Changes changes;
      for (size_t n = random() % scale + 1; n > 0; --n) {
        const bool known = !used.empty() && random() % 2;
        const Word key = known ? used[random() % used.size()] : keys.fresh();
        used.push_back(key);
        changes[key] = random() % (round % 3 == 2 ? 4 : 2) ? Word() : random_word(random);
      }
      if (round == 7) {
        for (const auto& [key, value] : model.entries()) changes[key] = Word();
      }
      const auto size_before = static_cast<int64_t>(model.entries().size());
      for (const auto& [key, value] : changes) model.set(key, value);

      Executor& executor = round % 2 ? static_cast<Executor&>(threads) : serial;
      const SmtUpdate update =
          smt_update(CheckedReader(store), sorted_entries(changes), executor).value();
      ASSERT_EQ(update.root, model.root());
      EXPECT_EQ(update.entries_added, static_cast<int64_t>(model.entries().size()) - size_before);
      std::set<SubtreeKey> written;
      for (const auto& [key, row] : update.subtrees) EXPECT_TRUE(written.insert(key).second);
      store.apply(update);
      ASSERT_EQ(store, built_at_once(model));

      std::vector<Word> sample;
      for (int i = 0; i < 6; ++i) sample.push_back(used[random() % used.size()]);
      for (int i = 0; i < 3; ++i) sample.push_back(keys.fresh());
      expect_same_tree(store, model, sample);
    }
  }
}

// Trees of all sizes in one call, some of which nothing changes: what each alone would become.
TEST(StoredSmt, SeveralTreesAtOnceChangeAsEachAlone) {
  SerialExecutor serial;
  ThreadPerPiece threads;
  for (uint64_t seed = 200; seed < 210; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    KeySource keys(seed);
    std::mt19937_64& random = keys.random();
    std::vector<NaiveSmt> models(1 + random() % 20);
    std::vector<MemorySmtStore> stores(models.size());
    for (int round = 0; round < 4; ++round) {
      std::vector<CheckedReader> readers(stores.begin(), stores.end());
      std::vector<std::vector<SmtEntry>> entries;
      std::vector<SmtChange> wanted;
      for (NaiveSmt& model : models) {
        Changes changes;
        for (size_t n = random() % 12; n > 0; --n) {
          changes[keys.fresh()] = random() % 4 == 0 ? Word() : random_word(random);
        }
        for (const auto& [key, value] : model.entries()) {
          if (random() % 3 == 0) changes[key] = random() % 2 ? Word() : value;
        }
        for (const auto& [key, value] : changes) model.set(key, value);
        entries.push_back(sorted_entries(changes));
      }
      for (size_t i = 0; i < models.size(); ++i) wanted.push_back({&readers[i], entries[i]});
      Executor& executor = round % 2 ? static_cast<Executor&>(threads) : serial;
      std::vector<SmtUpdate> updates = smt_update_many(wanted, executor).value();
      ASSERT_EQ(updates.size(), models.size());
      for (size_t i = 0; i < models.size(); ++i) {
        EXPECT_EQ(updates[i].root, models[i].root());
        stores[i].apply(std::move(updates[i]));
        ASSERT_EQ(stores[i], built_at_once(models[i])) << "tree " << i << " round " << round;
      }
    }
    EXPECT_TRUE(smt_update_many({}, serial).value().empty());
  }
}

// Enough leaves that subtrees of the third level exist, one thousand at a time.
TEST(StoredSmt, GrowsAndShrinksByThousands) {
  std::mt19937_64 random(7);
  ThreadPerPiece threads;
  NaiveSmt model;
  MemorySmtStore store;
  std::vector<Word> used;
  for (int round = 0; round < 8; ++round) {
    Changes changes;
    for (int i = 0; i < 1000; ++i) {
      const bool removes = round >= 4 || (round > 0 && i % 5 == 0);
      const Word key = removes ? used[random() % used.size()] : random_word(random);
      changes[key] = removes ? Word() : random_word(random);
      used.push_back(key);
    }
    for (const auto& [key, value] : changes) model.set(key, value);
    store.apply(smt_update(store, sorted_entries(changes), threads).value());
    ASSERT_EQ(smt_root(store).value(), model.root()) << "round " << round;
    ASSERT_EQ(store, built_at_once(model)) << "round " << round;
  }
}

TEST(StoredSmt, KeepsRowsWhenNothingChanges) {
  std::mt19937_64 random(8);
  NaiveSmt model;
  for (int i = 0; i < 50; ++i) model.set(random_word(random), random_word(random));
  const MemorySmtStore store = built_at_once(model);
  Changes same(model.entries().begin(), model.entries().end());
  same[random_word(random)] = Word();
  SerialExecutor serial;
  const SmtUpdate update = smt_update(store, sorted_entries(same), serial).value();
  EXPECT_EQ(update.root, model.root());
  EXPECT_EQ(update.entries_added, 0);
  EXPECT_TRUE(update.subtrees.empty());
  EXPECT_TRUE(update.leaves.empty());
}

TEST(StoredSmt, RefusesMoreEntriesThanALeafHolds) {
  SerialExecutor serial;
  MemorySmtStore store;
  std::vector<SmtEntry> entries;
  for (uint64_t i = 0; i < 1024; ++i)
    entries.push_back({Word::of(0, i, 0, 9), Word::of(1, 0, 0, 0)});
  store.apply(smt_update(store, entries, serial).value());
  EXPECT_EQ(
      smt_update(store, {{{Word::of(1, 0, 0, 9), Word::of(1, 0, 0, 0)}}}, serial).error().code,
      "TooManyLeafEntries");
}

// Every row damaged at every byte or cut short: an error or an answer, never a crash.
TEST(StoredSmt, ReportsDamagedRows) {
  SerialExecutor serial;
  KeySource keys(9);
  NaiveSmt model;
  for (int i = 0; i < 12; ++i) model.set(keys.fresh(), random_word(keys.random()));
  const MemorySmtStore store = built_at_once(model);
  std::vector<Word> all;
  std::vector<SmtEntry> changes;
  for (const auto& [key, value] : model.entries()) {
    all.push_back(key);
    changes.push_back({key, changes.size() % 2 ? Word() : random_word(keys.random())});
  }

  class Damaged final : public SmtReader {
   public:
    explicit Damaged(const MemorySmtStore& store) : store_(store) {}
    std::vector<std::optional<Bytes>> subtrees(std::span<const SubtreeKey> keys) const override {
      std::vector<std::optional<Bytes>> rows = store_.subtrees(keys);
      for (size_t i = 0; i < keys.size(); ++i) {
        if (keys[i] == subtree) rows[i] = row;
      }
      return rows;
    }
    std::vector<std::optional<Bytes>> leaves(std::span<const uint64_t> indices) const override {
      std::vector<std::optional<Bytes>> rows = store_.leaves(indices);
      for (size_t i = 0; i < indices.size(); ++i) {
        if (indices[i] == leaf) rows[i] = row;
      }
      return rows;
    }
    std::optional<SubtreeKey> subtree;
    std::optional<uint64_t> leaf;
    std::optional<Bytes> row;

   private:
    const MemorySmtStore& store_;
  };

  const auto use = [&](const Damaged& reader, bool must_fail) {
    const auto opened = smt_open_many(reader, all);
    const auto updated = smt_update(reader, changes, serial);
    EXPECT_TRUE(opened || opened.error().code == "CorruptTree") << opened.error().code;
    EXPECT_TRUE(updated || updated.error().code == "CorruptTree") << updated.error().code;
    if (must_fail) {
      EXPECT_FALSE(opened.has_value());
      EXPECT_FALSE(updated.has_value());
    }
  };
  const auto damage = [&](Damaged& reader, const Bytes& row) {
    for (size_t size = 0; size < row.size(); ++size) {
      reader.row = Bytes(row.begin(), row.begin() + static_cast<ptrdiff_t>(size));
      use(reader, true);
    }
    for (size_t i = 0; i < row.size(); ++i) {
      reader.row = row;
      (*reader.row)[i] ^= static_cast<uint8_t>(1 + keys.random()() % 255);
      use(reader, false);
    }
  };
  for (const auto& [key, row] : store.subtree_rows()) {
    SCOPED_TRACE("subtree at depth " + std::to_string(key.depth));
    Damaged reader(store);
    reader.subtree = key;
    damage(reader, row);
    reader.row = row;
    reader.row->push_back(0);
    use(reader, true);
    if (key.depth > 0) {
      reader.row.reset();
      use(reader, true);
    }
  }
  const auto& [index, row] = *store.leaf_rows().begin();
  Damaged reader(store);
  reader.leaf = index;
  damage(reader, row);
  reader.row.reset();
  use(reader, true);
}

TEST(Smt, AnswersAsTheNaiveTree) {
  KeySource keys(11);
  NaiveSmt model;
  std::vector<SmtEntry> entries;
  for (int i = 0; i < 60; ++i) {
    const Word key = i % 7 == 6 ? entries[static_cast<size_t>(i) / 2].key : keys.fresh();
    entries.push_back({key, i % 11 == 10 ? Word() : random_word(keys.random())});
    model.set(entries.back().key, entries.back().value);
  }
  Smt smt = Smt::from_entries(entries).value();
  const auto expect_same = [&] {
    EXPECT_EQ(smt.root(), model.root());
    EXPECT_EQ(smt.size(), model.entries().size());
    EXPECT_EQ(smt.entries(), sorted_entries(model.entries()));
    for (const SmtEntry& entry : entries) {
      EXPECT_EQ(smt.get(entry.key), model.get(entry.key));
      EXPECT_EQ(smt.open(entry.key).compute_root(), model.root());
    }
  };
  expect_same();
  for (SmtEntry& entry : entries) {
    if (keys.random()() % 2) entry.value = Word();
  }
  ASSERT_TRUE(smt.update(entries).has_value());
  for (const SmtEntry& entry : entries) model.set(entry.key, entry.value);
  expect_same();
  EXPECT_EQ(Smt().root(), empty_subtree_root(64));
  EXPECT_EQ(Smt::from_entries({}).value(), Smt());
}

}  // namespace
}  // namespace miden
