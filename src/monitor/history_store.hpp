// What was seen, on disk: bounded by age and by size.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "monitor/history_rows.hpp"
#include "monitor/watch_options.hpp"
#include "storage/store.hpp"

namespace miden {

// One thread at a time. What the disk does wrong is thrown as StorageError; the store is then to be
// opened anew.
class HistoryStore {
 public:
  // Makes it where there is none. Errors: those of Store::open.
  static Result<std::unique_ptr<HistoryStore>> open(const std::filesystem::path& directory,
                                                    const HistoryLimits& limits);

  // Of these checks, as of `now_ms`. Rows that cannot be read are left out.
  History load(std::span<const std::string> check_ids, int64_t now_ms) const;
  // All of it or nothing. What changed an incident survives a power failure.
  void write(const HistoryBatch& batch);
  // Deletes what is older than the limits as of `now_ms`, of all checks that ever were, and the
  // oldest results where all would take more room than allowed. Gives the rows that went.
  size_t prune(int64_t now_ms);
  // Of all files.
  static uint64_t size_bytes(const std::filesystem::path& directory);

 private:
  HistoryStore(std::shared_ptr<Store> store, HistoryLimits limits)
      : store_(std::move(store)), limits_(limits) {}
  size_t remove_before(TableIndex table, const std::string& check_id, int64_t before_ms);
  int64_t oldest_that_fits(std::span<const std::string> check_ids, int64_t now_ms) const;

  std::shared_ptr<Store> store_;
  HistoryLimits limits_;
};

// What a result takes on disk, for deciding how many fit: its numbers and names, before
// compression.
inline constexpr uint64_t kBytesOfResult = 160;

}  // namespace miden
