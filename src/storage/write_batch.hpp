// Changes of rows that are not in the store yet.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "storage/key.hpp"

namespace miden {

// A table's position in the list of specs that its store was opened with; below kMaxTables.
using TableIndex = size_t;
inline constexpr TableIndex kMaxTables = 255;

class Store;

// What becomes of a row.
struct RowChange {
  ByteView row;                   // the table as one byte, then the row's key
  std::optional<ByteView> value;  // nothing: the row is removed
};

// Changes that become visible and durable together (Store::write).
class WriteBatch {
 public:
  // Throws std::out_of_range when a table is named that the store does not have.
  explicit WriteBatch(const Store& store);

  void put(TableIndex table, const Key& key, ByteView value);
  void remove(TableIndex table, ByteView key);
  void remove(TableIndex table, const Key& key) { remove(table, key.view()); }

  // All changes by row, those of one row in the order in which they were made.
  std::vector<RowChange> sorted_changes() const;

 private:
  friend class PendingWrites;
  struct Change {
    size_t at;  // in bytes_: table, key, value
    uint32_t row_size;
    uint32_t value_size;
    bool is_removal;
  };
  void add(TableIndex table, ByteView key, ByteView value, bool is_removal);
  RowChange change(const Change& made) const;

  size_t tables_;
  Bytes bytes_;
  std::vector<Change> changes_;
};

// Batches that are written as one later, each on top of those before, and are read until then as if
// they had been written (Store::snapshot). Of changes to one row the last remains, so that upper
// nodes of trees, which every block changes, are written once. Adding is for one thread while
// nobody reads.
class PendingWrites {
 public:
  PendingWrites();
  ~PendingWrites();
  PendingWrites(const PendingWrites&) = delete;
  PendingWrites& operator=(const PendingWrites&) = delete;

  void add(WriteBatch batch);
  bool empty() const;
  // What has been added so far.
  size_t size_in_bytes() const;

  // What becomes of a row; null: it stays as it is.
  const RowChange* find(ByteView row) const;
  // One for each row, by row.
  std::vector<RowChange> sorted_changes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace miden
