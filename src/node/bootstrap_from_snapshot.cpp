#include "node/bootstrap_from_snapshot.hpp"

#include <fmt/format.h>

#include "chain/data_directory.hpp"
#include "chain/stored_chain.hpp"
#include "node/replay_chain.hpp"
#include "node/snapshot_description.hpp"
#include "storage/storage_error.hpp"

namespace miden {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> damaged(std::string message) {
  return fail("SnapshotDamaged", std::move(message));
}

// Takes back what was made, also when the directory was there before, unless it was completed.
class NewDataDirectory {
 public:
  static Result<NewDataDirectory> begin(const fs::path& directory) {
    const bool was_there = fs::exists(directory);
    TRY(prepare_empty_directory(directory));
    return NewDataDirectory(directory, was_there);
  }
  NewDataDirectory(NewDataDirectory&& other) noexcept
      : directory_(std::exchange(other.directory_, {})), was_there_(other.was_there_) {}
  NewDataDirectory& operator=(NewDataDirectory&&) = delete;
  ~NewDataDirectory() {
    if (directory_.empty()) return;
    std::error_code ignored;
    fs::remove_all(copy(), ignored);
    fs::remove_all(replayed(), ignored);
    if (!was_there_) fs::remove(directory_, ignored);
  }

  // Data directories within it: a copy of the snapshot, and a chain that is made from that.
  fs::path copy() const { return directory_ / "snapshot.partial"; }
  fs::path replayed() const { return directory_ / "replay.partial"; }

  // Takes the store of one of them.
  void complete_with(const fs::path& from) {
    sync_directory(store_directory(from));
    fs::rename(store_directory(from), store_directory(directory_));
    fs::remove_all(copy());
    fs::remove_all(replayed());
    sync_directory(directory_);
    directory_.clear();
  }

 private:
  NewDataDirectory(fs::path directory, bool was_there)
      : directory_(std::move(directory)), was_there_(was_there) {}
  fs::path directory_;
  bool was_there_;
};

// The store's files are those that the description names, and as long. Cheap, so before anything
// else.
Result<void> check_files_are_there(const fs::path& store, const SnapshotDescription& description) {
  std::error_code error;
  size_t found = 0;
  for (fs::directory_iterator entry(store, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    const auto expected = description.files.find(name);
    if (expected == description.files.end()) {
      return damaged(fmt::format("{} does not belong to the snapshot", entry->path().string()));
    }
    if (entry->symlink_status().type() != fs::file_type::regular ||
        entry->file_size() != expected->second.size) {
      return damaged(
          fmt::format("{} is no file of {} bytes", entry->path().string(), expected->second.size));
    }
    ++found;
  }
  if (error) return damaged(fmt::format("cannot list {}: {}", store.string(), error.message()));
  if (found == description.files.size()) return {};
  for (const auto& [name, file] : description.files) {
    if (!fs::exists(store / name))
      return damaged(fmt::format("{} is missing", (store / name).string()));
  }
  return damaged(fmt::format("{} changed while it was read", store.string()));
}

Result<void> copy_store(const fs::path& from, const fs::path& to,
                        const SnapshotDescription& description, const std::stop_token& stop) {
  fs::create_directories(to);
  for (const auto& [name, file] : description.files) {
    // RocksDB never writes to table files again, but to others.
    if (is_table_file(name)) {
      TRY(link_or_copy(from / name, to / name, stop));
    } else {
      TRY(copy_file_durably(from / name, to / name, stop));
    }
    if (TRY(checksum_of_file(to / name, stop)) != file.checksum) {
      return damaged(fmt::format("{} is damaged: its checksum is wrong", (from / name).string()));
    }
  }
  return {};
}

Result<void> check_is_described(const StoredTip& stored, const SnapshotDescription& description) {
  if (stored.tip.header.block_num == description.tip &&
      stored.tip.commitment == description.tip_commitment &&
      stored.proven_tip == description.proven_tip) {
    return {};
  }
  return damaged(fmt::format(
      "the store's tip is block {} {} (proven: {}), snapshot.toml says block {} {} (proven: {})",
      stored.tip.header.block_num.value, stored.tip.commitment.to_hex(), stored.proven_tip.value,
      description.tip.value, description.tip_commitment.to_hex(), description.proven_tip.value));
}

}  // namespace

Result<StoredTip> bootstrap_from_snapshot(const SnapshotBootstrap& options,
                                          const std::stop_token& stop) {
  const SnapshotDescription description = TRY(read_snapshot_description(options.snapshot));
  if (description.genesis != options.genesis) {
    return fail("GenesisMismatch",
                fmt::format("the snapshot is of the network with genesis block {}, not {}",
                            description.genesis.to_hex(), options.genesis.to_hex()));
  }
  const fs::path from = store_directory(options.snapshot);
  TRY(check_files_are_there(from, description));

  NewDataDirectory directory = TRY(NewDataDirectory::begin(options.data_directory));
  TRY(copy_store(from, store_directory(directory.copy()), description, stop));
  const StoredTip stored = TRY(adopt_stored_chain(directory.copy(), options.genesis, stop));
  TRY(check_is_described(stored, description));
  if (options.checks == SnapshotBootstrap::Checks::kEveryBlock) {
    TRY(replay_chain(directory.copy(), directory.replayed(), stop));
    directory.complete_with(directory.replayed());
  } else {
    directory.complete_with(directory.copy());
  }
  return stored;
}

}  // namespace miden
