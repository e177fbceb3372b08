#include "storage/write_batch.hpp"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>

namespace miden {
namespace {

// The first bytes of a row as a number: rows are seldom alike in them, and so numbers are sorted
// instead of strings.
uint64_t first_bytes(ByteView row) {
  uint64_t digits = 0;
  std::memcpy(&digits, row.data(), std::min(row.size(), sizeof digits));
  return std::endian::native == std::endian::little ? __builtin_bswap64(digits) : digits;
}

std::vector<RowChange> sorted(const std::vector<RowChange>& changes) {
  struct Place {
    uint64_t first_bytes;
    size_t index;
  };
  std::vector<Place> places;
  places.reserve(changes.size());
  for (const RowChange& change : changes) {
    places.push_back({first_bytes(change.row), places.size()});
  }
  std::ranges::sort(places, [&](const Place& a, const Place& b) {
    if (a.first_bytes != b.first_bytes) return a.first_bytes < b.first_bytes;
    const int order =
        as_string_view(changes[a.index].row).compare(as_string_view(changes[b.index].row));
    return order != 0 ? order < 0 : a.index < b.index;
  });
  std::vector<RowChange> answer;
  answer.reserve(changes.size());
  for (const Place& place : places) answer.push_back(changes[place.index]);
  return answer;
}

}  // namespace

void WriteBatch::put(TableIndex table, const Key& key, ByteView value) {
  add(table, key.view(), value, false);
}

void WriteBatch::remove(TableIndex table, ByteView key) { add(table, key, {}, true); }

void WriteBatch::add(TableIndex table, ByteView key, ByteView value, bool is_removal) {
  if (table >= tables_) throw std::out_of_range("the store has no such table");
  if (key.size() > Key::kMaxSize || value.size() > std::numeric_limits<uint32_t>::max()) {
    throw std::length_error("a row is too long");
  }
  changes_.push_back({bytes_.size(), static_cast<uint32_t>(1 + key.size()),
                      static_cast<uint32_t>(value.size()), is_removal});
  bytes_.push_back(static_cast<uint8_t>(table));
  bytes_.insert(bytes_.end(), key.begin(), key.end());
  bytes_.insert(bytes_.end(), value.begin(), value.end());
}

RowChange WriteBatch::change(const Change& made) const {
  const ByteView bytes = ByteView(bytes_).subspan(made.at);
  RowChange change{bytes.first(made.row_size), std::nullopt};
  if (!made.is_removal) change.value = bytes.subspan(made.row_size, made.value_size);
  return change;
}

std::vector<RowChange> WriteBatch::sorted_changes() const {
  std::vector<RowChange> changes;
  changes.reserve(changes_.size());
  for (const Change& made : changes_) changes.push_back(change(made));
  return sorted(changes);
}

struct PendingWrites::State {
  std::vector<WriteBatch> batches;  // what the changes point into; moving one keeps its bytes
  absl::flat_hash_map<std::string_view, RowChange> last_changes;
  size_t size_in_bytes = 0;
};

PendingWrites::PendingWrites() : state_(std::make_unique<State>()) {}
PendingWrites::~PendingWrites() = default;

void PendingWrites::add(WriteBatch added) {
  const WriteBatch& batch = state_->batches.emplace_back(std::move(added));
  for (const WriteBatch::Change& made : batch.changes_) {
    const RowChange change = batch.change(made);
    state_->last_changes.insert_or_assign(as_string_view(change.row), change);
  }
  state_->size_in_bytes += batch.bytes_.size() +
                           batch.changes_.size() * (sizeof(WriteBatch::Change) + sizeof(RowChange));
}

bool PendingWrites::empty() const { return state_->batches.empty(); }
size_t PendingWrites::size_in_bytes() const { return state_->size_in_bytes; }

const RowChange* PendingWrites::find(ByteView row) const {
  const auto found = state_->last_changes.find(as_string_view(row));
  return found == state_->last_changes.end() ? nullptr : &found->second;
}

std::vector<RowChange> PendingWrites::sorted_changes() const {
  std::vector<RowChange> changes;
  changes.reserve(state_->last_changes.size());
  for (const auto& [row, change] : state_->last_changes) changes.push_back(change);
  return sorted(changes);
}

}  // namespace miden
