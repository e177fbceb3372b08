#include "monitor/history_store.hpp"

#include <algorithm>
#include <array>
#include <deque>

#include "telemetry/log.hpp"

namespace miden {

namespace {

enum Table : TableIndex { kStandings, kResults, kFiveMinutes, kHours, kIncidents, kWebhook };
constexpr std::array<TableSpec, 6> kTables{{{"monitor_standings", TableSpec::Use::kRows},
                                            {"monitor_results", TableSpec::Use::kRows},
                                            {"monitor_five_minutes", TableSpec::Use::kRows},
                                            {"monitor_hours", TableSpec::Use::kRows},
                                            {"monitor_incidents", TableSpec::Use::kRows},
                                            {"monitor_webhook", TableSpec::Use::kRows}}};
constexpr size_t kRecent = 50;
constexpr size_t kRowsOfDeletion = 1000;

Key key_of(const std::string& check_id) { return Key().bytes(as_bytes(check_id)).u8(0); }
// Times before 1970 come only from a clock that is wrong; they sort as 1970.
Key key_of(const std::string& check_id, int64_t at_ms) {
  return key_of(check_id).u64(static_cast<uint64_t>(std::max<int64_t>(at_ms, 0)));
}
int64_t time_in(ByteView key, const std::string& check_id) {
  KeyReader reader(key);
  reader.bytes(check_id.size() + 1);
  return static_cast<int64_t>(reader.u64());
}

}  // namespace

Result<std::unique_ptr<HistoryStore>> HistoryStore::open(const std::filesystem::path& directory,
                                                         const HistoryLimits& limits) {
  StoreOptions options;
  options.cache_bytes = size_t{8} << 20;
  options.write_buffer_bytes = size_t{8} << 20;
  options.max_open_files = 64;
  // A file system without room may not even let a directory be made.
  std::error_code failed;
  std::filesystem::create_directories(directory.parent_path(), failed);
  Result<std::shared_ptr<Store>> store = Store::open(directory, kTables, options);
  if (!store && store.error().code == "StoreMissing")
    store = Store::create(directory, kTables, options);
  if (!store) return std::unexpected(store.error());
  return std::unique_ptr<HistoryStore>(new HistoryStore(std::move(*store), limits));
}

History HistoryStore::load(std::span<const std::string> check_ids, int64_t now_ms) const {
  History history;
  const auto snapshot = store_->snapshot();
  size_t unreadable = 0;
  const auto read_bins = [&](Table table, const std::string& id, int64_t from_ms) {
    std::vector<std::pair<int64_t, RollUp>> bins;
    for (Cursor rows = snapshot->rows(table, key_of(id, from_ms), key_of(id).after_prefix());
         rows.valid(); rows.next()) {
      ByteReader reader(rows.value());
      if (auto bin = RollUp::decode(reader))
        bins.emplace_back(time_in(rows.key(), id), std::move(*bin));
      else
        ++unreadable;
    }
    return bins;
  };

  for (const std::string& id : check_ids) {
    const auto row = snapshot->get(kStandings, key_of(id));
    if (!row) continue;
    const auto standing = decode_standing(*row);
    if (!standing) {
      ++unreadable;
      continue;
    }
    History::OfCheck& check = history.checks[id];
    check.standing = *standing;
    check.five_minutes = read_bins(kFiveMinutes, id, now_ms - kDayMs - kHourMs);
    check.hours = read_bins(kHours, id, now_ms - 31 * kDayMs);

    // From an hour before the last, or more where looks are rare; a cursor knows one direction
    // only.
    std::deque<CheckResult> newest;
    for (int64_t reach_ms = kHourMs; newest.size() < kRecent && reach_ms <= 24 * kHourMs;
         reach_ms *= 24) {
      newest.clear();
      for (Cursor rows = snapshot->rows(kResults, key_of(id, standing->heard_ms - reach_ms),
                                        key_of(id).after_prefix());
           rows.valid(); rows.next()) {
        auto result = decode_result(rows.value());
        if (!result) {
          ++unreadable;
          continue;
        }
        newest.push_front(std::move(*result));
        if (newest.size() > kRecent) newest.pop_back();
      }
    }
    check.recent.assign(std::make_move_iterator(newest.begin()),
                        std::make_move_iterator(newest.end()));
  }

  for (Cursor rows = snapshot->rows_with_prefix(kIncidents, Key().u8(0)); rows.valid();
       rows.next()) {
    auto incident = decode_incident(rows.value());
    if (!incident)
      ++unreadable;
    else if (!incident->closed_ms || *incident->closed_ms >= now_ms - kIncidentsShownMs)
      history.incidents.push_back(std::move(*incident));
  }
  if (const auto row = snapshot->get(kWebhook, Key().u8(0)))
    history.webhook = std::string(as_string_view(*row));
  if (unreadable > 0) log_warn("rows of the history cannot be read", {{"rows", unreadable}});
  return history;
}

void HistoryStore::write(const HistoryBatch& batch) {
  WriteBatch rows(*store_);
  for (const auto& [id, standing] : batch.standings)
    rows.put(kStandings, key_of(id), encode_standing(standing));
  for (const HistoryBatch::ResultRow& row : batch.results)
    rows.put(kResults, key_of(row.check_id, row.at_ms).u32(row.sequence),
             encode_result(row.result));
  const auto put_bins = [&](Table table, const std::map<HistoryBatch::BinKey, RollUp>& bins) {
    for (const auto& [key, bin] : bins) {
      ByteWriter writer;
      bin.encode(writer);
      rows.put(table, key_of(key.first, key.second), writer.view());
    }
  };
  put_bins(kFiveMinutes, batch.five_minutes);
  put_bins(kHours, batch.hours);
  for (const auto& [id, incident] : batch.incidents)
    rows.put(kIncidents, Key().u8(0).u64(id), encode_incident(incident));
  if (batch.webhook) rows.put(kWebhook, Key().u8(0), as_bytes(*batch.webhook));
  if (batch.incidents.empty() && !batch.webhook)
    store_->write_unsynced(rows);
  else
    store_->write(rows);
}

size_t HistoryStore::remove_before(TableIndex table, const std::string& check_id,
                                   int64_t before_ms) {
  size_t removed = 0;
  while (true) {
    WriteBatch rows(*store_);
    size_t count = 0;
    const auto snapshot = store_->snapshot();
    for (Cursor old = snapshot->rows(table, key_of(check_id), key_of(check_id, before_ms));
         old.valid() && count < kRowsOfDeletion; old.next(), ++count)
      rows.remove(table, old.key());
    if (count == 0) return removed;
    store_->write_unsynced(rows);
    removed += count;
  }
}

// Since when results may be kept so that all of them fit: counted back hour by hour.
int64_t HistoryStore::oldest_that_fits(std::span<const std::string> check_ids,
                                       int64_t now_ms) const {
  const int64_t oldest_ms = now_ms - std::chrono::milliseconds(limits_.results).count() - kHourMs;
  std::map<int64_t, uint64_t, std::greater<>> results_of_hour;
  const auto snapshot = store_->snapshot();
  for (const std::string& id : check_ids)
    for (Cursor rows = snapshot->rows(kHours, key_of(id, oldest_ms), key_of(id).after_prefix());
         rows.valid(); rows.next()) {
      ByteReader reader(rows.value());
      if (const auto bin = RollUp::decode(reader))
        for (const uint32_t count : bin->results) results_of_hour[time_in(rows.key(), id)] += count;
    }
  uint64_t bytes = 0;
  for (const auto& [hour_ms, results] : results_of_hour) {
    bytes += results * kBytesOfResult;
    if (bytes > limits_.max_bytes) return hour_ms + kHourMs;
  }
  return oldest_ms;
}

size_t HistoryStore::prune(int64_t now_ms) {
  std::vector<std::string> ids;
  {
    const auto snapshot = store_->snapshot();
    for (Cursor rows = snapshot->rows(kStandings, Key(), Key().u8(0xff)); rows.valid(); rows.next())
      ids.emplace_back(as_string_view(rows.key().first(rows.key().size() - 1)));
  }
  const auto before = [&](std::chrono::hours age) {
    return now_ms - std::chrono::milliseconds(age).count();
  };
  const int64_t results_before = std::max(before(limits_.results), oldest_that_fits(ids, now_ms));
  size_t removed = 0;
  for (const std::string& id : ids) {
    removed += remove_before(kResults, id, results_before);
    removed += remove_before(kFiveMinutes, id, before(limits_.roll_ups));
    removed += remove_before(kHours, id, before(limits_.hours));
  }
  WriteBatch rows(*store_);
  const auto snapshot = store_->snapshot();
  for (Cursor old = snapshot->rows_with_prefix(kIncidents, Key().u8(0)); old.valid(); old.next()) {
    const auto incident = decode_incident(old.value());
    if (!incident || !incident->closed_ms || *incident->closed_ms >= before(limits_.hours))
      continue;
    rows.remove(kIncidents, old.key());
    ++removed;
  }
  store_->write_unsynced(rows);
  return removed;
}

uint64_t HistoryStore::size_bytes(const std::filesystem::path& directory) {
  uint64_t bytes = 0;
  std::error_code failed;
  for (auto entry = std::filesystem::recursive_directory_iterator(directory, failed);
       !failed && entry != std::filesystem::recursive_directory_iterator();
       entry.increment(failed)) {
    std::error_code gone;  // files come and go while one counts
    const uint64_t size = entry->is_regular_file(gone) ? entry->file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
}

}  // namespace miden
