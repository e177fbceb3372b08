#include "storage/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>

namespace miden {
namespace {

constexpr TableSpec kTables[] = {{"rows", TableSpec::Use::kRows},
                                 {"large", TableSpec::Use::kLargeValues}};
constexpr TableIndex kRows = 0;
constexpr TableIndex kLarge = 1;

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "store_test_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
    dir_ = root_ / "store";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::shared_ptr<Store> create() { return Store::create(dir_, kTables, {}).value(); }
  std::shared_ptr<Store> open() { return Store::open(dir_, kTables, {}).value(); }

  std::filesystem::path root_;
  std::filesystem::path dir_;
};

Key key_of(uint32_t number) { return Key().u32(number); }

void put(Store& store, uint32_t key, std::string_view value) {
  WriteBatch batch(store);
  batch.put(kRows, key_of(key), as_bytes(value));
  store.write(batch);
}

std::optional<std::string> get(const Store& store, uint32_t key) {
  const auto value = store.snapshot()->get(kRows, key_of(key));
  if (!value) return std::nullopt;
  return std::string(as_string_view(*value));
}

TEST(Key, OrdersAsItsFieldsDo) {
  EXPECT_LT(Key().u32(255).u8(9), Key().u32(256).u8(0));
  EXPECT_LT(Key().u8(1), Key().u8(1).u8(0));
  EXPECT_EQ(Key().u64(0x0102030405060708), Key().u32(0x01020304).u32(0x05060708));
}

TEST(Key, TheKeyAfterAPrefixCarriesOverFullBytes) {
  EXPECT_EQ(Key().u8(3).u16(0xffff).after_prefix(), Key().u8(4));
  EXPECT_EQ(Key().u16(0x0102).after_prefix(), Key().u16(0x0103));
}

TEST(Key, AReaderTakesTheFieldsOutAgain) {
  const Key key = Key().u8(7).u16(300).u32(70000).u64(1ULL << 40).big_endian(0xabcdef, 3);
  KeyReader reader(key.view());
  EXPECT_EQ(reader.u8(), 7);
  EXPECT_EQ(reader.u16(), 300);
  EXPECT_EQ(reader.u32(), 70000U);
  EXPECT_EQ(reader.u64(), 1ULL << 40);
  EXPECT_EQ(reader.big_endian(3), 0xabcdefU);
  EXPECT_THROW(reader.u8(), StorageError);
}

TEST_F(StoreTest, KeepsWhatWasWrittenAcrossAReopening) {
  create();
  put(*open(), 1, "one");
  const std::string large(100'000, 'x');
  {
    const auto store = open();
    WriteBatch batch(*store);
    batch.put(kLarge, key_of(5), as_bytes(large));
    batch.remove(kRows, key_of(1));
    batch.put(kRows, key_of(2), as_bytes("two"));
    store->write(batch);
  }
  const auto store = open();
  EXPECT_EQ(get(*store, 1), std::nullopt);
  EXPECT_EQ(get(*store, 2), "two");
  const auto value = store->snapshot()->get(kLarge, key_of(5));
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(as_string_view(*value), large);
}

TEST_F(StoreTest, ASnapshotDoesNotSeeLaterWrites) {
  const auto store = create();
  put(*store, 1, "before");
  const auto snapshot = store->snapshot();
  put(*store, 1, "after");
  put(*store, 2, "new");
  EXPECT_EQ(as_string_view(*snapshot->get(kRows, key_of(1))), "before");
  EXPECT_FALSE(snapshot->contains(kRows, key_of(2)));
  const std::vector<Key> keys = {key_of(2), key_of(1)};
  EXPECT_THAT(snapshot->get_many(kRows, keys),
              ::testing::ElementsAre(std::nullopt, Bytes{'b', 'e', 'f', 'o', 'r', 'e'}));
}

TEST_F(StoreTest, RowsComeInKeyOrderAndStopAtTheBound) {
  const auto store = create();
  for (uint32_t number : {300, 2, 1, 256, 400}) put(*store, number, std::to_string(number));
  const auto snapshot = store->snapshot();
  std::vector<std::string> seen;
  for (Cursor rows = snapshot->rows(kRows, key_of(2), key_of(400)); rows.valid(); rows.next()) {
    seen.emplace_back(as_string_view(rows.value()));
  }
  EXPECT_THAT(seen, ::testing::ElementsAre("2", "256", "300"));

  Cursor rows = snapshot->rows(kRows, key_of(2), key_of(400));
  rows.seek(key_of(257));
  EXPECT_EQ(as_string_view(rows.value()), "300");
  rows.seek(key_of(0));
  EXPECT_EQ(as_string_view(rows.value()), "2");
}

TEST_F(StoreTest, ASecondOpeningOfTheSameDirectoryIsRefused) {
  const auto store = create();
  const auto second = Store::open(dir_, kTables, {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, "StoreLocked");
}

TEST_F(StoreTest, MissingAndForeignStoresAreRefused) {
  EXPECT_EQ(Store::open(dir_, kTables, {}).error().code, "StoreMissing");
  create();
  EXPECT_EQ(Store::create(dir_, kTables, {}).error().code, "StoreExists");
  constexpr TableSpec kOthers[] = {{"rows"}, {"other"}};
  EXPECT_EQ(Store::open(dir_, kOthers, {}).error().code, "UnsupportedStoreVersion");
}

TEST_F(StoreTest, DamagedFilesAreReportedAsAnExceptionNotAsAnAnswer) {
  create();
  std::ofstream(dir_ / "CURRENT", std::ios::trunc) << "garbage";
  EXPECT_THROW((void)Store::open(dir_, kTables, {}), StorageError);
}

TEST_F(StoreTest, ACheckpointIsAStoreOfThatMoment) {
  const auto store = create();
  put(*store, 1, "kept");
  store->checkpoint(root_ / "copy");
  put(*store, 1, "changed");
  const auto copy = Store::open(root_ / "copy", kTables, {}).value();
  EXPECT_EQ(get(*copy, 1), "kept");
}

// Every batch writes the same number under two keys in two tables; whenever the writer dies, both
// must agree after reopening.
TEST_F(StoreTest, AKilledWriterLeavesWholeBatches) {
  create();
  for (int round = 0; round < 3; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto store = open();
      for (uint32_t number = 0;; ++number) {
        WriteBatch batch(*store);
        const Bytes value(20'000 + number % 7, static_cast<uint8_t>(number));
        batch.put(kRows, key_of(1), value);
        batch.put(kLarge, key_of(1), value);
        store->write(batch);
        if (number == 50 && write(pipe_ends[1], "x", 1) != 1) _exit(1);
      }
    }
    char ready;
    ASSERT_EQ(read(pipe_ends[0], &ready, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    const auto snapshot = open()->snapshot();
    const auto row = snapshot->get(kRows, key_of(1));
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row, snapshot->get(kLarge, key_of(1)));
  }
}

// A file-size limit makes the log's writes fail as a full disk does.
TEST_F(StoreTest, AWriteThatFailsThrowsAndIsNotSeenAfterwards) {
  create();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const auto store = open();
    put(*store, 1, "small");
    const rlimit limit{1 << 16, 1 << 16};
    setrlimit(RLIMIT_FSIZE, &limit);
    int code = 1;
    try {
      put(*store, 1, std::string(1 << 20, 'x'));
    } catch (const StorageError&) {
      code = get(*store, 1) == "small" ? 0 : 2;
    }
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(get(*open(), 1), "small");
}

}  // namespace
}  // namespace miden
