// Batches before they are written: their order, and reading through them.
#include "storage/write_batch.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <random>
#include <string>

#include "storage/store.hpp"

namespace miden {
namespace {

constexpr TableSpec kTables[] = {{"rows", TableSpec::Use::kRows},
                                 {"other", TableSpec::Use::kRows},
                                 {"large", TableSpec::Use::kLargeValues}};

class WriteBatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "write_batch_test_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
    store_ = Store::create(root_ / "store", kTables, {}).value();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(root_);
  }

  std::filesystem::path root_;
  std::shared_ptr<Store> store_;
};

using Rows = std::map<std::pair<TableIndex, std::string>, Bytes>;

std::string text(const Key& key) { return std::string(as_string_view(key.view())); }

Rows rows_of(const Store& store) {
  Rows rows;
  const auto snapshot = store.snapshot();
  for (TableIndex table = 0; table < std::size(kTables); ++table) {
    for (Cursor row = snapshot->rows(table, Key(), Key().u64(UINT64_MAX)); row.valid();
         row.next()) {
      rows[{table, std::string(as_string_view(row.key()))}] = {row.value().begin(),
                                                               row.value().end()};
    }
  }
  return rows;
}

// Keys of one to five bytes, some beginnings of others and some alike in their first eight bytes as
// rows.
Key random_key(std::mt19937_64& random) {
  Key key = Key().u8(static_cast<uint8_t>(random() % 3));
  const size_t more = random() % 3;
  if (more >= 1) key.u64(0x0101010101010101).u8(static_cast<uint8_t>(random() % 4));
  if (more == 2) key.u8(static_cast<uint8_t>(random() % 4));
  return key;
}

WriteBatch random_batch(const Store& store, std::mt19937_64& random, Rows& model) {
  WriteBatch batch(store);
  for (uint64_t changes = random() % 12; changes > 0; --changes) {
    const TableIndex table = random() % std::size(kTables);
    const Key key = random_key(random);
    if (random() % 3 == 0) {
      batch.remove(table, key);
      model.erase({table, text(key)});
    } else {
      Bytes value(random() % 6, static_cast<uint8_t>(random()));
      batch.put(table, key, value);
      model[{table, text(key)}] = std::move(value);
    }
  }
  return batch;
}

void expect_point_reads(const Snapshot& snapshot, const Rows& model, std::mt19937_64& random) {
  for (TableIndex table = 0; table < std::size(kTables); ++table) {
    std::vector<Key> keys;
    for (int i = 0; i < 20; ++i) keys.push_back(random_key(random));
    const auto values = snapshot.get_many(table, keys);
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto known = model.find({table, text(keys[i])});
      const auto expected = known == model.end() ? std::nullopt : std::optional(known->second);
      ASSERT_EQ(values[i], expected);
      ASSERT_EQ(snapshot.get(table, keys[i]), expected);
      ASSERT_EQ(snapshot.contains(table, keys[i]), expected.has_value());
    }
  }
}

TEST_F(WriteBatchTest, TheLastOfSeveralChangesToARowCounts) {
  std::mt19937_64 random(1);
  Rows model;
  for (int round = 0; round < 300; ++round) {
    const WriteBatch batch = random_batch(*store_, random, model);
    const std::vector<RowChange> changes = batch.sorted_changes();
    for (size_t i = 1; i < changes.size(); ++i) {
      ASSERT_LE(as_string_view(changes[i - 1].row), as_string_view(changes[i].row));
    }
    store_->write(batch);
    ASSERT_EQ(rows_of(*store_), model) << "round " << round;
  }
}

// One set of pending batches is written while the next grows on top of it, as when a node catches
// up; and what is read is at every moment what it would be if each batch had been written at once.
TEST_F(WriteBatchTest, PendingWritesReadAsIfTheyHadBeenWritten) {
  std::mt19937_64 random(2);
  Rows model;
  auto written = std::make_unique<PendingWrites>();
  for (int round = 0; round < 150; ++round) {
    auto pending = std::make_unique<PendingWrites>();
    EXPECT_TRUE(pending->empty());
    const auto snapshot = store_->snapshot({pending.get(), written.get()});
    expect_point_reads(*snapshot, model, random);
    const uint64_t batches = 1 + random() % 5;
    const uint64_t write_after = random() % (batches + 1);
    for (uint64_t batch = 0; batch <= batches; ++batch) {
      if (batch == write_after) store_->write_unsynced(*written);
      if (batch == batches) break;
      pending->add(random_batch(*store_, random, model));
      expect_point_reads(*snapshot, model, random);
    }
    EXPECT_FALSE(pending->empty());
    written = std::move(pending);
  }
  store_->write_unsynced(*written);
  EXPECT_EQ(rows_of(*store_), model);
}

TEST_F(WriteBatchTest, PendingWritesAreNotSeenByOthersAndHaveNoCursors) {
  PendingWrites pending;
  WriteBatch batch(*store_);
  batch.put(0, Key().u8(1), Bytes{1});
  pending.add(std::move(batch));
  EXPECT_GT(pending.size_in_bytes(), 0u);
  EXPECT_TRUE(store_->snapshot({&pending})->contains(0, Key().u8(1)));
  EXPECT_FALSE(store_->snapshot()->contains(0, Key().u8(1)));
  EXPECT_THROW(store_->snapshot({&pending})->rows(0, Key(), Key().u8(9)), std::logic_error);
}

TEST_F(WriteBatchTest, ATableThatTheStoreDoesNotHaveIsRefused) {
  WriteBatch batch(*store_);
  EXPECT_THROW(batch.put(3, Key().u8(1), {}), std::out_of_range);
  EXPECT_THROW(batch.remove(3, Key().u8(1)), std::out_of_range);
  EXPECT_TRUE(batch.sorted_changes().empty());
}

}  // namespace
}  // namespace miden
