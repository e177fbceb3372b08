// The node's chain: one store, one writer, any number of readers.
//
// A block is one atomic, synced write: after a crash at any moment the store is at block N or at N
// + 1, whole. Readers take a StateView and never wait for the writer; what a view shows survives a
// crash. Failing disks throw StorageError; nothing is published then, and the chain must be
// reopened.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>

#include "base/executor.hpp"
#include "chain/checked_block.hpp"
#include "chain/state_view.hpp"
#include "storage/store_options.hpp"

namespace miden {

struct ChainOptions {
  StoreOptions store;
  // Where hashing may run in parallel. Null: a pool of one thread per core, started with the chain.
  std::shared_ptr<Executor> executor;
  // apply_blocks writes so much at once, or one block that is larger; twice as much lies in memory.
  size_t max_write_bytes = size_t{8} << 20;
};

// A transaction or user batch that was answered for and is not committed yet.
struct JournalEntry {
  uint64_t sequence = 0;  // ascending in the order of admission
  std::vector<TransactionId> transactions;
  Bytes bytes;  // as given
  friend bool operator==(const JournalEntry&, const JournalEntry&) = default;
};

// What is to be journalled: entries of one call are kept together.
struct JournalAddition {
  std::vector<TransactionId> transactions;
  ByteView bytes;
};

class ChainState {
 public:
  // Creates `dir` (its last component only) or takes an empty one, and commits the genesis block.
  // Errors: DataDirectoryNotEmpty, DataDirectoryMissing (no parent), InvalidGenesis (number not 0,
  // bad signature, or commitments that do not fit its body).
  static Result<void> bootstrap(const std::filesystem::path& dir, const SignedBlock& genesis);

  // Errors: DataDirectoryMissing, NotBootstrapped, UnsupportedStoreVersion, StoreLocked (another
  // process has it open), StorageDiverged (the trees do not fit the tip's header).
  static Result<std::unique_ptr<ChainState>> open(const std::filesystem::path& dir,
                                                  ChainOptions options = {});
  ~ChainState();
  ChainState(const ChainState&) = delete;
  ChainState& operator=(const ChainState&) = delete;

  std::shared_ptr<const StateView> view() const;
  BlockNum tip() const { return view()->tip(); }
  BlockNum proven_tip() const { return view()->proven_tip(); }
  const Word& genesis_commitment() const;

  // Checks the block against the chain, commits it, publishes the new view and tells the
  // subscribers. `proving_inputs` (BlockProofRequest, the sequencer's) is kept until the block's
  // proof is applied. Journalled entries whose transactions are all committed are dropped in the
  // same write.
  //
  // Errors, in the order of checking: ConcurrentWrite, InvalidBlockTxCommitment,
  // ValidatorKeyChanged, InvalidSignature, NewBlockInvalidBlockNum, NewBlockInvalidPrevCommitment,
  // DuplicatedNullifiers, NewBlockInvalidChainCommitment, NewBlockInvalidNullifierRoot,
  // NewBlockDuplicateAccountIdPrefix, NewBlockInvalidAccountRoot, InvalidNoteIndex,
  // NewBlockInvalidNoteRoot, then those of compute_account_changes (account_change.hpp).
  Result<void> apply_block(const SignedBlock& block,
                           std::optional<ByteView> proving_inputs = std::nullopt);

  // For catching up: the same for each block in order, as many as fit; the error is the first one's
  // that does not, and the tip tells which that is.
  //
  // Several blocks are one atomic write, and the next are worked out meanwhile; all writes are
  // synced together and published after that, once. So a crash leaves whole blocks up to one of
  // them, never behind what a view has shown; those above the tip that readers knew are simply
  // fetched again.
  Result<void> apply_blocks(std::span<const CheckedBlock> blocks);

  // Errors: OutOfSequenceProof (not proven tip + 1), UncommittedBlock.
  Result<void> apply_proof(BlockNum block_num, ByteView proof);
  // Those of consecutive blocks from `first` on, in one write; all or none. The same errors.
  Result<void> apply_proofs(BlockNum first, std::span<const Bytes> proofs);

  // Called after every published change (a block or a proof), in order, on the thread that made it:
  // must be quick and must not call apply_*. The callback is not called any more once the
  // Subscription is gone.
  class Subscription {
   public:
    Subscription() = default;
    explicit Subscription(std::shared_ptr<void> registration)
        : registration_(std::move(registration)) {}

   private:
    std::shared_ptr<void> registration_;
  };
  using Listener = std::function<void(const std::shared_ptr<const StateView>&)>;
  [[nodiscard]] Subscription subscribe(Listener listener);

  // Wait until the tip (the proven tip) is at least `block_num`; false when the deadline passed or
  // the stop was requested first.
  bool wait_for_tip(BlockNum block_num, std::chrono::steady_clock::time_point deadline,
                    std::stop_token stop = {}) const;
  bool wait_for_proven_tip(BlockNum block_num, std::chrono::steady_clock::time_point deadline,
                           std::stop_token stop = {}) const;

  // The mempool's journal: what has been answered for survives a restart. Adding is one write,
  // synced as StoreOptions say; returns the first entry's sequence, the others follow.
  uint64_t journal_add(std::span<const JournalAddition> additions);
  uint64_t journal_add(std::vector<TransactionId> transactions, ByteView bytes);
  // For transactions that expired or were reverted for good. Unknown sequences are ignored.
  void journal_remove(std::span<const uint64_t> sequences);
  // Everything not yet committed or removed, in order.
  std::vector<JournalEntry> journal_entries() const;

  // A copy of the chain as of some whole block at or above the tip in `dir`, a directory without a
  // store; it can be opened as a data directory. Takes no longer than writing the latest rows to
  // disk where the file system has hard links; reading and applying go on meanwhile.
  void checkpoint(const std::filesystem::path& dir) const;

 private:
  struct State;
  explicit ChainState(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace miden
