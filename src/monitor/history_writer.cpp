#include "monitor/history_writer.hpp"

#include <algorithm>
#include <exception>
#include <iterator>

#include "telemetry/log.hpp"

namespace miden {

namespace {

constexpr int64_t kFlushEveryUs = 1'000'000;
constexpr int64_t kRetryAfterUs = 10'000'000;
constexpr int64_t kMeasureEveryUs = 60'000'000;
// What a disk that hangs for months may pile up beside results.
constexpr size_t kMaxBinsInMemory = 50'000;
constexpr size_t kMaxIncidentsInMemory = 1'000;

// The later of both wins, wherever they speak of the same.
HistoryBatch merge(HistoryBatch older, HistoryBatch newer, uint64_t& dropped_results) {
  newer.five_minutes.merge(older.five_minutes);
  newer.hours.merge(older.hours);
  newer.standings.merge(older.standings);
  newer.incidents.merge(older.incidents);
  if (!newer.webhook) newer.webhook = std::move(older.webhook);
  older.results.insert(older.results.end(), std::make_move_iterator(newer.results.begin()),
                       std::make_move_iterator(newer.results.end()));
  newer.results = std::move(older.results);

  const size_t excess = newer.results.size() - std::min(newer.results.size(), kMaxResultsInMemory);
  newer.results.erase(newer.results.begin(),
                      newer.results.begin() + static_cast<ptrdiff_t>(excess));
  dropped_results += excess;
  while (newer.five_minutes.size() > kMaxBinsInMemory)
    newer.five_minutes.erase(newer.five_minutes.begin());
  while (newer.hours.size() > kMaxBinsInMemory) newer.hours.erase(newer.hours.begin());
  while (newer.incidents.size() > kMaxIncidentsInMemory)
    newer.incidents.erase(newer.incidents.begin());
  return newer;
}

bool is_empty(const HistoryBatch& batch) {
  return batch.results.empty() && batch.five_minutes.empty() && batch.hours.empty() &&
         batch.standings.empty() && batch.incidents.empty() && !batch.webhook;
}

std::string words_for(const std::exception& failure) {
  const auto* const disk = dynamic_cast<const StorageError*>(&failure);
  if (disk != nullptr && disk->kind() == StorageError::Kind::kDiskFull) return "disk full";
  return failure.what();
}

}  // namespace

HistoryWriter::HistoryWriter(Options options) : options_(std::move(options)) {
  history_ = open();
  if (history_) status_.size_bytes = HistoryStore::size_bytes(options_.directory);
  thread_ = std::jthread([this, now_us = options_.clock->steady_us()](const std::stop_token& stop) {
    run(stop, now_us);
  });
}

HistoryWriter::~HistoryWriter() {
  thread_.request_stop();
  thread_.join();
}

void HistoryWriter::add(HistoryBatch batch) {
  const std::lock_guard lock(mutex_);
  waiting_ = merge(std::move(waiting_), std::move(batch), status_.dropped_results);
}

void HistoryWriter::prune(int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  prune_ms_ = now_ms;
}

HistoryWriter::Status HistoryWriter::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

std::optional<History> HistoryWriter::open() {
  try {
    auto store = HistoryStore::open(options_.directory, options_.limits);
    if (store) {
      History history = (*store)->load(options_.check_ids, options_.clock->wall_ms());
      store_ = std::move(*store);
      return history;
    }
    set_error(store.error().message);
  } catch (const std::exception& failure) {
    set_error(words_for(failure));
  }
  return std::nullopt;
}

void HistoryWriter::set_error(const std::string& error) {
  bool is_news = false;
  {
    const std::lock_guard lock(mutex_);
    ++status_.failures;
    is_news = status_.is_writing || status_.error != error;
    status_.is_writing = false;
    status_.error = error;
  }
  if (!is_news) return;
  log_error("history cannot be stored; checks go on, the newest results wait in memory",
            {{"directory", options_.directory.string()},
             {"error", error},
             {"retry_s", kRetryAfterUs / 1'000'000}});
}

void HistoryWriter::set_well() {
  uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    if (status_.is_writing) return;
    status_.is_writing = true;
    status_.error.clear();
    dropped = status_.dropped_results;
  }
  log_info("history is stored again",
           {{"directory", options_.directory.string()}, {"dropped_results", dropped}});
}

bool HistoryWriter::write(HistoryBatch& batch) {
  try {
    store_->write(batch);
    return true;
  } catch (const std::exception& failure) {
    store_.reset();  // after a failed write it may refuse all others until it is opened anew
    set_error(words_for(failure));
    return false;
  }
}

void HistoryWriter::give_back(HistoryBatch batch) {
  const std::lock_guard lock(mutex_);
  waiting_ = merge(std::move(batch), std::move(waiting_), status_.dropped_results);
}

void HistoryWriter::run(const std::stop_token& stop, int64_t start_us) {
  const Clock& clock = *options_.clock;
  bool was_open = store_ != nullptr;
  int64_t next_us = start_us + (was_open ? kFlushEveryUs : kRetryAfterUs);
  int64_t measure_us = start_us + kMeasureEveryUs;
  while (true) {
    HistoryBatch batch;
    std::optional<int64_t> prune_ms;
    {
      std::unique_lock lock(mutex_);
      clock.wait_until(lock, changed_, stop, next_us, [] { return false; });
      batch = std::exchange(waiting_, {});
      prune_ms = std::exchange(prune_ms_, std::nullopt);
    }
    const bool is_last = stop.stop_requested();
    if (store_ == nullptr) {
      std::optional<History> history = open();
      if (history && !std::exchange(was_open, true) && options_.found_late && !is_last)
        options_.found_late(std::move(*history));
    }
    bool is_well = store_ != nullptr && (is_empty(batch) || write(batch));
    if (!is_well) {
      give_back(std::move(batch));
    } else {
      set_well();
      try {
        if (prune_ms && !is_last) store_->prune(*prune_ms);
      } catch (const std::exception& failure) {
        store_.reset();
        set_error(words_for(failure));
        is_well = false;
      }
    }
    if (is_last) return;
    const int64_t now_us = clock.steady_us();
    if (now_us >= measure_us || prune_ms) {
      const uint64_t bytes = HistoryStore::size_bytes(options_.directory);
      const std::lock_guard lock(mutex_);
      status_.size_bytes = bytes;
      measure_us = now_us + kMeasureEveryUs;
    }
    next_us = now_us + (is_well ? kFlushEveryUs : kRetryAfterUs);
  }
}

}  // namespace miden
