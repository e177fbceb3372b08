#include "validator/validator_store.hpp"

#include <algorithm>
#include <array>

namespace miden {
namespace {

enum Table : TableIndex { kHeaders, kBlocks, kTransactions, kCounters };
constexpr std::array<TableSpec, 4> kTables = {{
    {"headers", TableSpec::Use::kRows},        // block number -> BlockHeader
    {"blocks", TableSpec::Use::kLargeValues},  // block number -> SignedBlock
    {"transactions", TableSpec::Use::kRows},   // id -> what execution gave, see encode_record
    {"counters", TableSpec::Use::kRows},       // name -> u64
}};

Key key_of(BlockNum block_num) { return Key().u32(block_num.value); }
Key key_of(const TransactionId& id) { return Key().bytes(id.word.to_wire()); }
Key transaction_counter() { return Key().bytes(as_bytes("validated_transactions")); }

void put(WriteBatch& batch, const SignedBlock& block) {
  batch.put(kHeaders, key_of(block.header.block_num), to_bytes(block.header));
  batch.put(kBlocks, key_of(block.header.block_num), to_bytes(block));
}

// The fields of the reference's table (spec/node-and-validator.md §8.5), for whoever must explain
// later what a private transaction did.
Bytes encode_record(const ProvenTransaction& transaction, const ReexecutedTransaction& executed) {
  ByteWriter writer;
  transaction.ref_block_num.encode(writer);
  transaction.account_id().encode(writer);
  writer.length_prefixed(executed.account_delta);
  writer.length_prefixed(executed.input_notes);
  writer.length_prefixed(executed.output_notes);
  transaction.account_update.initial_commitment.encode(writer);
  transaction.account_update.final_commitment.encode(writer);
  writer.u64(transaction.fee.amount);
  return std::move(writer).take();
}

// A lost file of the store's log takes blocks from the middle, though not more than it can hold:
// blocks below these are in table files, whose loss RocksDB notices.
constexpr uint32_t kBlocksOfTheLog = 1 << 16;

// The highest of the headers, whose numbers have no gaps.
BlockNum find_tip(const Snapshot& snapshot) {
  uint64_t low = 0;
  uint64_t high = uint64_t{1} << 32;
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    const bool exists =
        snapshot.contains(kHeaders, key_of(BlockNum{static_cast<uint32_t>(middle)}));
    (exists ? low : high) = middle;
  }
  return {static_cast<uint32_t>(low)};
}

// A gap would have hidden the tip, or be one: what was signed at its height could be signed again.
Result<void> check_no_block_is_missing(const Snapshot& snapshot, BlockNum tip,
                                       const std::filesystem::path& dir) {
  uint32_t expected = tip.value - std::min(tip.value, kBlocksOfTheLog);
  Cursor row = snapshot.rows(kHeaders, key_of(BlockNum{expected}), Key().u32(UINT32_MAX).u8(0));
  for (; row.valid(); row.next(), ++expected) {
    const uint32_t found = KeyReader(row.key()).u32();
    if (found == expected) continue;
    return fail("BlocksMissing", "the store in " + dir.string() + " is damaged: block " +
                                     std::to_string(expected) + " is missing, block " +
                                     std::to_string(found) +
                                     " is there; put back a copy of the whole data directory");
  }
  return {};
}

template <class T>
T decode_row(const Bytes& row) {
  auto value = from_bytes<T>(row);
  if (!value)
    throw StorageError(StorageError::Kind::kCorruption, "a stored block header is damaged");
  return *value;
}

}  // namespace

Result<void> ValidatorStore::create(const std::filesystem::path& dir, const SignedBlock& genesis) {
  const auto store = TRY(Store::create(dir, kTables, StoreOptions{}));
  WriteBatch batch(*store);
  put(batch, genesis);
  store->write(batch);
  return {};
}

Result<std::unique_ptr<ValidatorStore>> ValidatorStore::open(const std::filesystem::path& dir) {
  auto store = Store::open(dir, kTables, StoreOptions{});
  if (!store && store.error().code == "StoreMissing") {
    return fail("NotBootstrapped", "failed to load the validator's store: there is none in " +
                                       dir.string() + ", run bootstrap first");
  }
  std::unique_ptr<ValidatorStore> opened(new ValidatorStore(TRY(std::move(store))));
  const auto snapshot = opened->store_->snapshot();
  if (const auto count = snapshot->get(kCounters, transaction_counter())) {
    opened->transaction_count_ = ByteReader(*count).u64().value_or(0);
  }
  if (!snapshot->contains(kHeaders, key_of(kGenesis))) {
    return fail("NoChainTip",
                "no chain tip exists: the data directory was not bootstrapped completely");
  }
  const BlockNum tip = find_tip(*snapshot);
  TRY(check_no_block_is_missing(*snapshot, tip, dir));
  opened->tip_ = opened->header(tip);
  return opened;
}

BlockHeader ValidatorStore::tip() const {
  const std::lock_guard lock(tip_mutex_);
  return *tip_;
}

std::optional<BlockHeader> ValidatorStore::header(BlockNum block_num) const {
  const auto row = store_->snapshot()->get(kHeaders, key_of(block_num));
  if (!row) return std::nullopt;
  return decode_row<BlockHeader>(*row);
}

std::optional<Bytes> ValidatorStore::block(BlockNum block_num) const {
  return store_->snapshot()->get(kBlocks, key_of(block_num));
}

bool ValidatorStore::has_transaction(const TransactionId& id) const {
  return store_->snapshot()->contains(kTransactions, key_of(id));
}

void ValidatorStore::put_block(const SignedBlock& block) {
  WriteBatch batch(*store_);
  put(batch, block);
  store_->write(batch);
  const std::lock_guard lock(tip_mutex_);
  tip_ = block.header;
}

void ValidatorStore::put_transaction(const ProvenTransaction& transaction,
                                     const ReexecutedTransaction& executed) {
  const Bytes record = encode_record(transaction, executed);
  const std::lock_guard lock(count_mutex_);
  if (has_transaction(transaction.id)) return;
  WriteBatch batch(*store_);
  batch.put(kTransactions, key_of(transaction.id), record);
  ByteWriter count;
  count.u64(transaction_count_ + 1);
  batch.put(kCounters, transaction_counter(), count.view());
  store_->write(batch);
  ++transaction_count_;
}

}  // namespace miden
