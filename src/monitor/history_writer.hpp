// Takes what was seen to the disk without ever making anybody wait for it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "monitor/history_store.hpp"
#include "monitor/watch_options.hpp"

namespace miden {

inline constexpr size_t kMaxResultsInMemory = 10'000;

// A store that cannot be opened or written, for want of room or otherwise, is tried again every 10
// s; meanwhile the newest 10,000 results wait in memory, the oldest of them go.
class HistoryWriter {
 public:
  struct Options {
    std::filesystem::path directory;
    HistoryLimits limits;
    std::shared_ptr<const Clock> clock;
    std::vector<std::string> check_ids;
    // The history of earlier runs, once, from the writer's thread, where the store could only be
    // opened after start() had returned.
    std::function<void(History)> found_late;
  };
  struct Status {
    bool is_writing = true;
    std::string error;  // where it is not: "disk full", or what the disk said
    uint64_t failures = 0;
    uint64_t dropped_results = 0;
    uint64_t size_bytes = 0;
  };

  // Tries to open the store and to read it; nothing where that fails.
  explicit HistoryWriter(Options options);
  // Writes what waits, if that can be done.
  ~HistoryWriter();
  std::optional<History> take_history() { return std::move(history_); }

  // Never waits for the disk.
  void add(HistoryBatch batch);
  // Soon, by this clock.
  void prune(int64_t now_ms);
  Status status() const;

 private:
  void run(const std::stop_token& stop, int64_t start_us);
  std::optional<History> open();
  bool write(HistoryBatch& batch);
  void give_back(HistoryBatch batch);
  void set_error(const std::string& error);
  void set_well();

  const Options options_;
  std::optional<History> history_;
  std::unique_ptr<HistoryStore> store_;  // of the writer's thread, once that runs

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  HistoryBatch waiting_;
  std::optional<int64_t> prune_ms_;
  Status status_;

  std::jthread thread_;
};

}  // namespace miden
