#include "storage/store.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>
#include <string>

namespace miden {
namespace {

constexpr size_t kArenaBlockBytes = size_t{256} << 10;
constexpr size_t kBlockBytes = size_t{16} << 10;
constexpr uint64_t kMinBlobBytes = 4096;
constexpr int kFilterBitsPerKey = 10;
constexpr int kBackgroundJobs = 2;
constexpr int kCacheShardBits = 4;
constexpr const char* kLargeValuesFamily = "large";
// Where the store keeps the names of its tables: a row behind those of every table.
constexpr uint8_t kTableNames = 0xff;

rocksdb::Slice slice_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
ByteView view_of(const rocksdb::Slice& slice) {
  return {reinterpret_cast<const uint8_t*>(slice.data()), slice.size()};
}
Bytes bytes_of(ByteView view) { return {view.begin(), view.end()}; }
Bytes bytes_of(const rocksdb::Slice& slice) { return bytes_of(view_of(slice)); }

StorageError::Kind kind_of(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return StorageError::Kind::kDiskFull;
  if (status.IsCorruption()) return StorageError::Kind::kCorruption;
  if (status.IsIOError()) return StorageError::Kind::kIo;
  return StorageError::Kind::kOther;
}

std::string_view what_to_do(StorageError::Kind kind) {
  switch (kind) {
    case StorageError::Kind::kDiskFull:
      return ". The disk is full: free space on it, then start again; what was committed is kept";
    case StorageError::Kind::kCorruption:
      return ". The store is damaged: put back a copy of the whole directory, or bootstrap again";
    default:
      return "";
  }
}

void check(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return;
  const StorageError::Kind kind = kind_of(status);
  throw StorageError(kind,
                     std::string(doing) + ": " + status.ToString() + std::string(what_to_do(kind)));
}

// RocksDB's own log file must not be: after a write to it has failed, on a full disk, the next one
// ends the process (an assertion that Debian leaves in). What matters comes as a status.
class NoLog final : public rocksdb::Logger {
 public:
  NoLog() : rocksdb::Logger(rocksdb::FATAL_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::DBOptions database_options(const StoreOptions& options, bool create) {
  rocksdb::DBOptions database;
  database.create_if_missing = create;
  database.create_missing_column_families = create;
  database.error_if_exists = create;
  database.max_open_files = options.max_open_files;
  database.max_background_jobs = kBackgroundJobs;
  database.db_write_buffer_size = options.write_buffer_bytes;
  database.max_total_wal_size = options.write_buffer_bytes;
  database.avoid_flush_during_recovery = true;
  database.info_log = std::make_shared<NoLog>();
  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;
  // Costs next to nothing while writing, and a snapshot need not read what it names.
  database.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  return database;
}

rocksdb::ColumnFamilyOptions family_options(TableSpec::Use use, const StoreOptions& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.block_size = kBlockBytes;
  blocks.cache_index_and_filter_blocks = true;
  blocks.pin_l0_filter_and_index_blocks_in_cache = true;
  blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerKey));
  blocks.format_version = 5;

  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  family.write_buffer_size = options.write_buffer_bytes;
  family.arena_block_size = kArenaBlockBytes;
  family.compression = rocksdb::kLZ4Compression;
  // Batches come sorted: each row of a table is looked for from the place of the one before.
  family.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  family.level_compaction_dynamic_level_bytes = true;
  if (use == TableSpec::Use::kLargeValues) {
    family.enable_blob_files = true;
    family.min_blob_size = kMinBlobBytes;
    family.blob_compression_type = rocksdb::kLZ4Compression;
    family.enable_blob_garbage_collection = true;
  }
  return family;
}

Key row_key(TableIndex table, ByteView key) {
  return Key().u8(static_cast<uint8_t>(table)).bytes(key);
}

std::unexpected<Error> foreign_tables(const std::filesystem::path& dir) {
  return fail("UnsupportedStoreVersion",
              dir.string() +
                  " was written by another program or version: its tables are not this program's");
}

rocksdb::WriteBatch batch_of(const std::vector<RowChange>& changes,
                             const std::vector<rocksdb::ColumnFamilyHandle*>& family_of_table) {
  constexpr size_t kHeadBytes = 16;  // of the batch, and at most of each change
  size_t size = kHeadBytes;
  for (const RowChange& change : changes) {
    size += kHeadBytes + change.row.size() + (change.value ? change.value->size() : 0);
  }
  rocksdb::WriteBatch batch(size);
  for (const RowChange& change : changes) {
    rocksdb::ColumnFamilyHandle* family = family_of_table.at(change.row.front());
    const rocksdb::Slice row = slice_of(change.row);
    check(
        change.value ? batch.Put(family, row, slice_of(*change.value)) : batch.Delete(family, row),
        "preparing a write");
  }
  return batch;
}

Bytes names_of(std::span<const TableSpec> tables) {
  Bytes names;
  for (const TableSpec& table : tables) {
    names.insert(names.end(), table.name.begin(), table.name.end());
    names.push_back(0);
  }
  return names;
}

}  // namespace

struct Store::State {
  std::unique_ptr<rocksdb::DB> database;
  rocksdb::ColumnFamilyHandle* rows = nullptr;
  rocksdb::ColumnFamilyHandle* large_values = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> family_of_table;
  rocksdb::WriteOptions write_options;

  ~State() {
    if (!database) return;
    database->DestroyColumnFamilyHandle(rows);
    database->DestroyColumnFamilyHandle(large_values);
    database->Close();
  }
};

struct Snapshot::State {
  std::shared_ptr<const Store> store;
  const rocksdb::Snapshot* snapshot = nullptr;
  std::vector<const PendingWrites*> pending;  // the newest first

  ~State() { store->state_->database->ReleaseSnapshot(snapshot); }
  rocksdb::DB& database() const { return *store->state_->database; }
  rocksdb::ColumnFamilyHandle* table(TableIndex index) const {
    return store->state_->family_of_table.at(index);
  }
  rocksdb::ReadOptions read_options() const {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    return options;
  }
  // Null: as it is stored.
  const RowChange* find_pending(const Key& row) const {
    for (const PendingWrites* writes : pending) {
      if (const RowChange* change = writes->find(row.view())) return change;
    }
    return nullptr;
  }
};

struct Cursor::State {
  Key lower;  // these with the table's byte
  Key upper;
  rocksdb::Slice upper_slice;
  std::unique_ptr<rocksdb::Iterator> iterator;

  void check_position() const {
    if (!iterator->Valid()) check(iterator->status(), "reading rows");
  }
};

Cursor::Cursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

bool Cursor::valid() const { return state_->iterator->Valid(); }
void Cursor::next() {
  state_->iterator->Next();
  state_->check_position();
}
void Cursor::seek(const Key& key) {
  const Key row = row_key(state_->lower.view().front(), key.view());
  state_->iterator->Seek(slice_of(std::max(row, state_->lower).view()));
  state_->check_position();
}
ByteView Cursor::key() const { return view_of(state_->iterator->key()).subspan(1); }
ByteView Cursor::value() const { return view_of(state_->iterator->value()); }

Snapshot::Snapshot(std::unique_ptr<State> state) : state_(std::move(state)) {}
Snapshot::~Snapshot() = default;

std::optional<Bytes> Snapshot::get(TableIndex table, const Key& key) const {
  const Key row = row_key(table, key.view());
  if (const RowChange* change = state_->find_pending(row)) {
    return change->value ? std::optional(bytes_of(*change->value)) : std::nullopt;
  }
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = state_->database().Get(
      state_->read_options(), state_->table(table), slice_of(row.view()), &value);
  if (status.IsNotFound()) return std::nullopt;
  check(status, "reading a row");
  return bytes_of(value);
}

bool Snapshot::contains(TableIndex table, const Key& key) const {
  const Key row = row_key(table, key.view());
  if (const RowChange* change = state_->find_pending(row)) return change->value.has_value();
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = state_->database().Get(
      state_->read_options(), state_->table(table), slice_of(row.view()), &value);
  if (status.IsNotFound()) return false;
  check(status, "looking for a row");
  return true;
}

std::vector<std::optional<Bytes>> Snapshot::get_many(TableIndex table,
                                                     std::span<const Key> keys) const {
  std::vector<std::optional<Bytes>> values(keys.size());
  if (keys.empty()) return values;
  if (keys.size() == 1) {  // RocksDB's way to read many costs more
    values.front() = get(table, keys.front());
    return values;
  }
  std::vector<Key> rows;
  std::vector<size_t> places;
  std::vector<rocksdb::Slice> slices;
  rows.reserve(keys.size());
  places.reserve(keys.size());
  slices.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    const Key row = row_key(table, keys[i].view());
    if (const RowChange* change = state_->find_pending(row)) {
      if (change->value) values[i] = bytes_of(*change->value);
      continue;
    }
    rows.push_back(row);
    places.push_back(i);
    slices.push_back(slice_of(rows.back().view()));
  }
  if (rows.empty()) return values;
  std::vector<rocksdb::PinnableSlice> found(rows.size());
  std::vector<rocksdb::Status> statuses(rows.size());
  state_->database().MultiGet(state_->read_options(), state_->table(table), rows.size(),
                              slices.data(), found.data(), statuses.data());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    check(statuses[i], "reading rows");
    values[places[i]] = bytes_of(found[i]);
  }
  return values;
}

Cursor Snapshot::rows(TableIndex table, const Key& lower, const Key& upper) const {
  if (!state_->pending.empty()) throw std::logic_error("pending rows have no order to walk in");
  auto cursor = std::make_unique<Cursor::State>();
  cursor->lower = row_key(table, lower.view());
  cursor->upper = row_key(table, upper.view());
  cursor->upper_slice = slice_of(cursor->upper.view());
  rocksdb::ReadOptions options = state_->read_options();
  options.iterate_upper_bound = &cursor->upper_slice;
  cursor->iterator.reset(state_->database().NewIterator(options, state_->table(table)));
  cursor->iterator->Seek(slice_of(cursor->lower.view()));
  cursor->check_position();
  return Cursor(std::move(cursor));
}

std::optional<std::pair<Bytes, Bytes>> Snapshot::first(TableIndex table, const Key& lower,
                                                       const Key& upper) const {
  const Cursor cursor = rows(table, lower, upper);
  if (!cursor.valid()) return std::nullopt;
  const ByteView key = cursor.key();
  const ByteView value = cursor.value();
  return std::pair(Bytes(key.begin(), key.end()), Bytes(value.begin(), value.end()));
}

WriteBatch::WriteBatch(const Store& store) : tables_(store.state_->family_of_table.size()) {}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

Result<std::shared_ptr<Store>> Store::create(const std::filesystem::path& dir,
                                             std::span<const TableSpec> tables,
                                             const StoreOptions& options) {
  if (std::filesystem::exists(dir / "CURRENT")) {
    return fail("StoreExists", dir.string() + " holds a store already");
  }
  return open_or_create(dir, tables, options, true);
}

Result<std::shared_ptr<Store>> Store::open(const std::filesystem::path& dir,
                                           std::span<const TableSpec> tables,
                                           const StoreOptions& options) {
  if (!std::filesystem::exists(dir / "CURRENT")) {
    return fail("StoreMissing", dir.string() + " holds no store");
  }
  return open_or_create(dir, tables, options, false);
}

Result<std::shared_ptr<Store>> Store::open_or_create(const std::filesystem::path& dir,
                                                     std::span<const TableSpec> tables,
                                                     const StoreOptions& options, bool create) {
  rocksdb::LRUCacheOptions cache_options;
  cache_options.capacity = options.cache_bytes;
  cache_options.num_shard_bits = kCacheShardBits;
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(cache_options);

  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, family_options(TableSpec::Use::kRows, options, cache)},
      {kLargeValuesFamily, family_options(TableSpec::Use::kLargeValues, options, cache)}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* database = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(database_options(options, create), dir.string(),
                                                   families, &handles, &database);
  // RocksDB tells a held lock and foreign column families from other errors by its text only.
  if (status.IsIOError() && status.ToString().find("lock ") != std::string::npos) {
    return fail("StoreLocked", dir.string() + " is in use by another process");
  }
  if (status.IsInvalidArgument()) return foreign_tables(dir);
  check(status, "opening the store in " + dir.string());

  auto state = std::make_unique<State>();
  state->database.reset(database);
  state->rows = handles.at(0);
  state->large_values = handles.at(1);
  state->write_options.sync = options.durability == StoreOptions::Durability::kSync;
  for (const TableSpec& table : tables) {
    state->family_of_table.push_back(table.use == TableSpec::Use::kRows ? state->rows
                                                                        : state->large_values);
  }
  const Key names_key = Key().u8(kTableNames);
  const Bytes names = names_of(tables);
  if (create) {
    check(database->Put(state->write_options, state->rows, slice_of(names_key.view()),
                        slice_of(names)),
          "naming the tables");
  } else {
    std::string present;
    const rocksdb::Status read =
        database->Get(rocksdb::ReadOptions(), state->rows, slice_of(names_key.view()), &present);
    if (!read.IsNotFound()) check(read, "reading the tables' names");
    if (as_string_view(names) != present) return foreign_tables(dir);
  }
  return std::shared_ptr<Store>(new Store(std::move(state)));
}

std::shared_ptr<const Snapshot> Store::snapshot() const { return snapshot({}); }

std::shared_ptr<const Snapshot> Store::snapshot(std::vector<const PendingWrites*> pending) const {
  auto state = std::make_unique<Snapshot::State>();
  state->store = shared_from_this();
  state->snapshot = state_->database->GetSnapshot();
  state->pending = std::move(pending);
  return std::shared_ptr<const Snapshot>(new Snapshot(std::move(state)));
}

void Store::write(const WriteBatch& batch) {
  rocksdb::WriteBatch prepared = batch_of(batch.sorted_changes(), state_->family_of_table);
  check(state_->database->Write(state_->write_options, &prepared), "writing");
}

void Store::write_unsynced(const WriteBatch& batch) {
  rocksdb::WriteBatch prepared = batch_of(batch.sorted_changes(), state_->family_of_table);
  check(state_->database->Write(rocksdb::WriteOptions(), &prepared), "writing");
}

void Store::write_unsynced(const PendingWrites& pending) {
  rocksdb::WriteBatch prepared = batch_of(pending.sorted_changes(), state_->family_of_table);
  check(state_->database->Write(rocksdb::WriteOptions(), &prepared), "writing");
}

void Store::sync() {
  if (state_->write_options.sync) check(state_->database->SyncWAL(), "syncing");
}

void Store::checkpoint(const std::filesystem::path& dir) const {
  rocksdb::Checkpoint* created = nullptr;
  check(rocksdb::Checkpoint::Create(state_->database.get(), &created), "preparing a checkpoint");
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(created);
  check(checkpoint->CreateCheckpoint(dir.string()), "writing a checkpoint to " + dir.string());
}

TableFileChecksums Store::table_file_checksums() const {
  rocksdb::LiveFilesStorageInfoOptions options;
  options.include_checksum_info = true;
  options.wal_size_for_flush = UINT64_MAX;  // never
  std::vector<rocksdb::LiveFileStorageInfo> files;
  check(state_->database->GetLiveFilesStorageInfo(options, &files), "listing the store's files");
  TableFileChecksums checksums;
  for (const rocksdb::LiveFileStorageInfo& file : files) {
    if (!is_table_file(file.relative_filename)) continue;
    const auto checksum = recorded_checksum(file.file_checksum_func_name, file.file_checksum);
    if (checksum) checksums.emplace(file.relative_filename, *checksum);
  }
  return checksums;
}

}  // namespace miden
