#include "chain/stored_chain.hpp"

#include "chain/data_directory.hpp"

namespace miden {
namespace {

constexpr size_t kRowsPerWrite = 1000;

Result<StoredTip> check_stored_chain(const Store& store, const std::filesystem::path& dir) {
  const ChainReader reader(store.snapshot());
  StoredTip stored = TRY(read_stored_tip(reader, dir));
  TRY(check_trees(reader, stored.tip.header));
  return stored;
}

void remove_all_rows(Store& store, Table table, size_t key_size) {
  const std::shared_ptr<const Snapshot> snapshot = store.snapshot();
  Key behind;
  for (size_t i = 0; i < key_size; ++i) behind.u8(0xff);
  Cursor row = snapshot->rows(table, Key(), behind);
  while (row.valid()) {
    WriteBatch batch(store);
    for (size_t count = 0; row.valid() && count < kRowsPerWrite; row.next(), ++count) {
      batch.remove(table, row.key());
    }
    store.write(batch);
  }
}

}  // namespace

Result<StoredChain> inspect_stored_chain(const std::filesystem::path& dir) {
  const std::shared_ptr<Store> store =
      TRY(Store::open(store_directory(dir), chain_tables(), StoreOptions{}));
  StoredTip stored = TRY(check_stored_chain(*store, dir));
  TableFileChecksums table_files = store->table_file_checksums();
  return StoredChain{std::move(stored), std::move(table_files)};
}

Result<StoredTip> adopt_stored_chain(const std::filesystem::path& dir, const Word& genesis,
                                     const std::stop_token& stop) {
  const std::shared_ptr<Store> store =
      TRY(Store::open(store_directory(dir), chain_tables(), StoreOptions{}));
  StoredTip stored = TRY(check_stored_chain(*store, dir));
  TRY(check_headers(ChainReader(store->snapshot()), stored, genesis, stop));
  remove_all_rows(*store, kJournal, sizeof(uint64_t));
  remove_all_rows(*store, kProvingInputs, sizeof(uint32_t));
  return stored;
}

}  // namespace miden
