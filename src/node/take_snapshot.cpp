#include "node/take_snapshot.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

#include "chain/data_directory.hpp"
#include "chain/stored_chain.hpp"
#include "node/snapshot_channel.hpp"

namespace miden {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> bad_target(std::string message) {
  return fail("SnapshotTarget", std::move(message));
}

[[noreturn]] void throw_io(const std::string& doing, const std::error_code& error) {
  throw StorageError(StorageError::Kind::kIo, doing + ": " + error.message());
}

fs::path without_trailing_slash(const fs::path& path) {
  const fs::path whole = fs::absolute(path).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

bool lies_in(const fs::path& path, const fs::path& directory) {
  const fs::path inner = fs::weakly_canonical(path);
  const fs::path outer = fs::weakly_canonical(directory);
  return std::ranges::mismatch(outer, inner).in1 == outer.end();
}

Result<void> check_target(const fs::path& target, const fs::path& data_directory) {
  if (!fs::is_directory(target.parent_path())) {
    return bad_target(target.parent_path().string() + " is not a directory");
  }
  if (lies_in(target, data_directory)) {
    return bad_target("a snapshot must not lie in the data directory " + data_directory.string());
  }
  if (fs::exists(fs::symlink_status(target)) &&
      !(fs::is_directory(fs::symlink_status(target)) && fs::is_empty(target))) {
    return bad_target(target.string() + " exists but is no empty directory");
  }
  return {};
}

// `target`.partial, which becomes `target` when it is complete and goes when it does not come to
// that.
class PartialSnapshot {
 public:
  static Result<PartialSnapshot> begin(const fs::path& target) {
    const fs::path partial = target.string() + ".partial";
    std::error_code error;
    // Also what keeps two of them apart.
    if (!fs::create_directory(partial, error)) {
      if (error) return bad_target("cannot create " + partial.string() + ": " + error.message());
      return bad_target(partial.string() +
                        " exists: a snapshot is being taken there, or one was interrupted; if "
                        "none is being taken, remove it");
    }
    return PartialSnapshot(target, partial);
  }
  PartialSnapshot(PartialSnapshot&& other) noexcept
      : target_(std::move(other.target_)), directory_(std::exchange(other.directory_, {})) {}
  PartialSnapshot& operator=(PartialSnapshot&&) = delete;
  ~PartialSnapshot() {
    std::error_code ignored;
    if (!directory_.empty()) fs::remove_all(directory_, ignored);
  }

  const fs::path& directory() const { return directory_; }

  // Everything in it must be on the disk.
  Result<void> complete() {
    sync_directory(directory_);
    std::error_code error;
    fs::rename(directory_, target_, error);  // also over an empty directory
    if (error) return bad_target("cannot create " + target_.string() + ": " + error.message());
    directory_.clear();
    sync_directory(target_.parent_path());
    return {};
  }

 private:
  PartialSnapshot(fs::path target, fs::path directory)
      : target_(std::move(target)), directory_(std::move(directory)) {}
  fs::path target_;
  fs::path directory_;
};

// Renamed where both are on one file system, else copied.
Result<void> take_over(const fs::path& from, const fs::path& to, const std::stop_token& stop) {
  std::error_code error;
  fs::rename(from, to, error);
  if (!error) return {};
  if (error != std::errc::cross_device_link) throw_io("moving " + from.string(), error);
  fs::create_directory(to);
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    TRY(copy_file_durably(entry.path(), to / entry.path().filename(), stop));
  }
  return {};
}

Result<void> copy_chain(const fs::path& data_directory, const fs::path& to,
                        const std::stop_token& stop) {
  const fs::path checkpoint = checkpoint_directory(data_directory);
  if (const auto requested = TRY(RequestedCheckpoint::ask(data_directory, stop))) {
    return take_over(store_directory(checkpoint), store_directory(to), stop);
  }
  // Nobody has it open, or ChainState::open says so.
  const auto chain = TRY(ChainState::open(
      data_directory, {.store = {}, .executor = std::make_shared<SerialExecutor>()}));
  fs::remove_all(checkpoint);  // of a node that was killed
  fs::create_directory(checkpoint);
  Result<void> taken;
  try {
    chain->checkpoint(checkpoint);
    taken = take_over(store_directory(checkpoint), store_directory(to), stop);
  } catch (...) {
    fs::remove_all(checkpoint);
    throw;
  }
  fs::remove_all(checkpoint);
  return taken;
}

// RocksDB's log, lock and record of its options, which say something of this machine alone.
bool belongs_to_the_process(const std::string& name) {
  return name == "LOCK" || name == "LOG" || name.starts_with("LOG.") ||
         name.starts_with("OPTIONS-");
}

bool shares_files_with_others(const fs::path& directory) {
  return std::ranges::any_of(fs::directory_iterator(directory), [](const auto& entry) {
    return is_table_file(entry.path().filename().string()) && entry.hard_link_count() > 1;
  });
}

// Opens it once as a node would: a snapshot that cannot be read is none.
Result<SnapshotDescription> describe(const fs::path& snapshot, const std::stop_token& stop) {
  const StoredChain chain = TRY(inspect_stored_chain(snapshot));
  SnapshotDescription description{
      .genesis = chain.stored.genesis.commitment,
      .tip = chain.stored.tip.header.block_num,
      .tip_commitment = chain.stored.tip.commitment,
      .proven_tip = chain.stored.proven_tip,
      .made_at = fmt::format(
          "{:%Y-%m-%dT%H:%M:%SZ}",
          fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()))),
      .files = {}};
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(store_directory(snapshot))) {
    files.push_back(entry.path());
  }
  for (const fs::path& file : files) {
    const std::string name = file.filename();
    if (belongs_to_the_process(name)) {
      fs::remove(file);
      continue;
    }
    const auto noted = chain.table_files.find(name);
    const FileChecksum checksum =
        noted == chain.table_files.end() ? TRY(checksum_of_file(file, stop)) : noted->second;
    description.files.emplace(name, SnapshotFile{fs::file_size(file), checksum});
  }
  sync_directory(store_directory(snapshot));
  return description;
}

void write_durably(const fs::path& file, const std::string& text) {
  const FileDescriptor target(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!target ||
      write(target.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      fsync(target.get()) != 0) {
    throw_io("writing " + file.string(), std::error_code(errno, std::generic_category()));
  }
}

}  // namespace

Result<TakenSnapshot> take_snapshot(const fs::path& data_directory, const fs::path& target,
                                    const std::stop_token& stop) {
  if (!fs::is_directory(data_directory)) {
    return fail("DataDirectoryMissing", data_directory.string() + " is not a directory");
  }
  const fs::path place = without_trailing_slash(target);
  TRY(check_target(place, data_directory));
  PartialSnapshot partial = TRY(PartialSnapshot::begin(place));
  TRY(copy_chain(data_directory, partial.directory(), stop));
  SnapshotDescription description = TRY(describe(partial.directory(), stop));
  const bool shares_files = shares_files_with_others(store_directory(partial.directory()));
  write_durably(snapshot_description_file(partial.directory()), to_toml(description));
  TRY(partial.complete());
  return TakenSnapshot{std::move(description), shares_files};
}

}  // namespace miden
