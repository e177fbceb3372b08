#include "storage/store_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "storage/store.hpp"

namespace miden {
namespace {

namespace fs = std::filesystem;

constexpr TableSpec kTables[] = {{"rows", TableSpec::Use::kRows},
                                 {"large", TableSpec::Use::kLargeValues}};
constexpr TableIndex kRows = 0;
constexpr TableIndex kLarge = 1;

class StoreFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "store_files_test_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path write(const std::string& name, std::string_view content) const {
    std::ofstream(root_ / name, std::ios::binary) << content;
    return root_ / name;
  }

  fs::path root_;
};

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "ok" : std::string(result.error().code);
}

TEST_F(StoreFiles, TheChecksumIsCrc32c) {
  // The check value of the algorithm's catalogue entry, and RFC 3720 B.4's 32 zero bytes.
  EXPECT_EQ(checksum_of_file(write("digits", "123456789")), 0xe3069283u);
  EXPECT_EQ(checksum_of_file(write("zeros", std::string(32, '\0'))), 0x8a9136aau);
  EXPECT_EQ(checksum_of_file(write("nothing", "")), 0u);
}

TEST_F(StoreFiles, OnlyRegularFilesAreTaken) {
  const fs::path file = write("file", "content");
  fs::create_symlink(file, root_ / "link");
  ASSERT_EQ(mkfifo((root_ / "pipe").c_str(), 0600), 0);
  for (const char* name : {"link", "pipe", "."}) {
    EXPECT_EQ(code_of(checksum_of_file(root_ / name)), "NotARegularFile") << name;
    EXPECT_EQ(code_of(copy_file_durably(root_ / name, root_ / "copy")), "NotARegularFile") << name;
    EXPECT_EQ(code_of(link_or_copy(root_ / name, root_ / "copy")), "NotARegularFile") << name;
  }
  EXPECT_FALSE(fs::exists(root_ / "copy"));
  EXPECT_THROW((void)checksum_of_file(root_ / "missing"), StorageError);
}

TEST_F(StoreFiles, ALinkIsTheSameFileAndACopyIsNot) {
  const std::string content(3'000'000, 'x');
  const fs::path file = write("file", content);
  EXPECT_EQ(link_or_copy(file, root_ / "linked"), Transfer::kLinked);
  EXPECT_EQ(fs::hard_link_count(file), 2u);
  ASSERT_TRUE(copy_file_durably(file, root_ / "copied"));
  EXPECT_EQ(fs::hard_link_count(file), 2u);
  EXPECT_EQ(content_of(root_ / "copied"), content);
  EXPECT_THROW((void)copy_file_durably(file, root_ / "copied"), StorageError);
}

TEST_F(StoreFiles, AnotherFileSystemGetsACopy) {
  std::string path = "/dev/shm/store_files_test_XXXXXX";
  if (mkdtemp(path.data()) == nullptr) GTEST_SKIP() << "no /dev/shm";
  const fs::path elsewhere = path;
  struct stat here;
  struct stat there;
  ASSERT_EQ(stat(root_.c_str(), &here) + stat(path.c_str(), &there), 0);
  const fs::path file = write("file", "content");
  const auto transfer = link_or_copy(file, elsewhere / "file");
  const std::string copied = content_of(elsewhere / "file");
  fs::remove_all(elsewhere);
  if (here.st_dev == there.st_dev) GTEST_SKIP() << "/dev/shm is on the same file system";
  EXPECT_EQ(transfer, Transfer::kCopied);
  EXPECT_EQ(copied, "content");
}

TEST_F(StoreFiles, AStopEndsReadingAndCopying) {
  std::stop_source stop;
  stop.request_stop();
  const fs::path file = write("file", "content");
  EXPECT_EQ(code_of(checksum_of_file(file, stop.get_token())), "Stopped");
  EXPECT_EQ(code_of(copy_file_durably(file, root_ / "copy", stop.get_token())), "Stopped");
}

TEST_F(StoreFiles, TheStoreKnowsTheChecksumsOfItsTableFiles) {
  const auto store = Store::create(root_ / "store", kTables, {}).value();
  WriteBatch batch(*store);
  batch.put(kRows, Key().u32(1), Bytes(2'000, 1));
  batch.put(kLarge, Key().u32(1), Bytes(200'000, 2));
  store->write(batch);
  store->checkpoint(root_ / "copy");  // flushes

  size_t tables = 0;
  size_t blobs = 0;
  const TableFileChecksums checksums = store->table_file_checksums();
  for (const auto& entry : fs::directory_iterator(root_ / "copy")) {
    const std::string name = entry.path().filename();
    EXPECT_EQ(is_table_file(name), checksums.contains(name)) << name;
    if (!is_table_file(name)) continue;
    (name.ends_with(".sst") ? tables : blobs) += 1;
    EXPECT_EQ(checksum_of_file(entry.path()), checksums.at(name)) << name;
  }
  EXPECT_GE(tables, 2u);
  EXPECT_EQ(blobs, 1u);
}

// Every batch writes the same number to two families; a checkpoint holds whole batches, whatever is
// being written.
TEST_F(StoreFiles, ACheckpointDuringWritesHoldsWholeBatches) {
  const auto store = Store::create(root_ / "store", kTables, {}).value();
  std::jthread writer([&](const std::stop_token& stop) {
    for (uint32_t number = 0; !stop.stop_requested(); ++number) {
      WriteBatch batch(*store);
      const Bytes value(20'000 + number % 7, static_cast<uint8_t>(number));
      batch.put(kRows, Key().u32(1), value);
      batch.put(kLarge, Key().u32(1), value);
      store->write_unsynced(batch);
    }
  });
  while (!store->snapshot()->contains(kRows, Key().u32(1))) std::this_thread::yield();
  for (int round = 0; round < 10; ++round) {
    const fs::path copy = root_ / ("copy" + std::to_string(round));
    store->checkpoint(copy);
    const auto snapshot = Store::open(copy, kTables, {}).value()->snapshot();
    const auto row = snapshot->get(kRows, Key().u32(1));
    ASSERT_TRUE(row.has_value()) << "round " << round;
    EXPECT_EQ(row, snapshot->get(kLarge, Key().u32(1))) << "round " << round;
  }
}

}  // namespace
}  // namespace miden
