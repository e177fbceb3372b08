// One RocksDB with named tables: atomic batches in, snapshots out.
//
// Tables of one use share a column family and are told apart by the first byte of a row's key: many
// families would cost memory, open files and start-up time each, and be flushed together anyway.
//
// Everything may be called from any thread. What the disk does wrong is thrown as StorageError.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "storage/storage_error.hpp"
#include "storage/store_files.hpp"
#include "storage/store_options.hpp"
#include "storage/write_batch.hpp"

namespace miden {

struct TableSpec {
  std::string_view name;  // on disk, as proof that the store is one of ours
  enum class Use {
    kRows,         // small rows, read by key and in order
    kLargeValues,  // values of kilobytes to megabytes, kept out of the tree in blob files
  };
  Use use = Use::kRows;
};

// Rows of one table in key order, inside [lower, upper). Belongs to one thread.
class Cursor {
 public:
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();

  // False at the end.
  bool valid() const;
  void next();
  // To the first row at or behind `key`.
  void seek(const Key& key);
  // Of the current row; they hold until the cursor moves.
  ByteView key() const;
  ByteView value() const;

 private:
  friend class Snapshot;
  struct State;
  explicit Cursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The store as it was when the snapshot was taken. Keeps the store open.
class Snapshot {
 public:
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  std::optional<Bytes> get(TableIndex table, const Key& key) const;
  bool contains(TableIndex table, const Key& key) const;
  // In the order of `keys`.
  std::vector<std::optional<Bytes>> get_many(TableIndex table, std::span<const Key> keys) const;
  // The first row with lower <= key < upper. What was removed behind `upper` costs nothing, unlike
  // with a cursor that is sought about.
  std::optional<std::pair<Bytes, Bytes>> first(TableIndex table, const Key& lower,
                                               const Key& upper) const;
  // All rows with lower <= key < upper, from the first on.
  Cursor rows(TableIndex table, const Key& lower, const Key& upper) const;
  Cursor rows_with_prefix(TableIndex table, const Key& prefix) const {
    return rows(table, prefix, prefix.after_prefix());
  }

 private:
  friend class Store;
  struct State;
  explicit Snapshot(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Store : public std::enable_shared_from_this<Store> {
 public:
  // Error: StoreExists.
  static Result<std::shared_ptr<Store>> create(const std::filesystem::path& dir,
                                               std::span<const TableSpec> tables,
                                               const StoreOptions& options);
  // Errors: StoreMissing, StoreLocked (opened by another process), UnsupportedStoreVersion (its
  // tables are not these).
  static Result<std::shared_ptr<Store>> open(const std::filesystem::path& dir,
                                             std::span<const TableSpec> tables,
                                             const StoreOptions& options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  std::shared_ptr<const Snapshot> snapshot() const;
  // The same with what `pending` makes of it, the newest first, whether written meanwhile or not.
  // What is added to them later counts, too. For single rows: cursors throw std::logic_error. All
  // of `pending` must outlive it.
  std::shared_ptr<const Snapshot> snapshot(std::vector<const PendingWrites*> pending) const;
  // All of the batch or, when this throws or the machine stops, none of it. Durable as the options
  // say.
  void write(const WriteBatch& batch);
  // Visible at once; durable with the next write() or sync(). After a power failure a prefix of
  // everything that was written is there, whole batches in their order.
  void write_unsynced(const WriteBatch& batch);
  void write_unsynced(const PendingWrites& pending);
  // Makes everything written so far durable as the options say.
  void sync();
  // A consistent copy of the whole store in `dir`, which must not exist, at a whole batch; table
  // files are hard links where the file system allows. Readers and writers go on meanwhile.
  void checkpoint(const std::filesystem::path& dir) const;
  // Of the table files that the store has now.
  TableFileChecksums table_file_checksums() const;

 private:
  friend class Snapshot;
  friend class WriteBatch;
  struct State;
  explicit Store(std::unique_ptr<State> state);
  static Result<std::shared_ptr<Store>> open_or_create(const std::filesystem::path& dir,
                                                       std::span<const TableSpec> tables,
                                                       const StoreOptions& options, bool create);
  std::unique_ptr<State> state_;
};

}  // namespace miden
