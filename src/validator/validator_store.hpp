// What the validator keeps: every block it signed and every transaction it validated. A block is
// one atomic, synced write; so is a transaction. Failing disks throw StorageError.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "engine/engine.hpp"
#include "protocol/block.hpp"
#include "storage/store.hpp"

namespace miden {

// Below the data directory, so that the operator's other files there are left alone.
inline constexpr const char* kValidatorStoreFolder = "store";

class ValidatorStore {
 public:
  // Creates the store in `dir` with the genesis block as its tip. Errors: those of Store::create.
  static Result<void> create(const std::filesystem::path& dir, const SignedBlock& genesis);
  // Errors: those of Store::open, with NotBootstrapped for its StoreMissing; NoChainTip;
  // BlocksMissing (damaged files).
  static Result<std::unique_ptr<ValidatorStore>> open(const std::filesystem::path& dir);

  BlockHeader tip() const;
  std::optional<BlockHeader> header(BlockNum block_num) const;
  std::optional<Bytes> block(BlockNum block_num) const;  // SignedBlock
  bool has_transaction(const TransactionId& id) const;

  // Signed blocks come in order; the tip may be written again.
  void put_block(const SignedBlock& block);
  // Does nothing when the transaction is there already.
  void put_transaction(const ProvenTransaction& transaction, const ReexecutedTransaction& executed);

  uint64_t transaction_count() const { return transaction_count_; }
  uint64_t block_count() const { return uint64_t{tip().block_num.value} + 1; }  // genesis included

 private:
  explicit ValidatorStore(std::shared_ptr<Store> store) : store_(std::move(store)) {}
  std::shared_ptr<Store> store_;
  mutable std::mutex tip_mutex_;  // guards tip_
  std::optional<BlockHeader> tip_;
  std::mutex count_mutex_;  // keeps the stored counter and the rows it counts in step
  std::atomic<uint64_t> transaction_count_ = 0;
};

}  // namespace miden
