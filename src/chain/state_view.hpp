// The chain as of one block: every query of the RPC and of block production, one method each.
//
// A view is immutable and consistent: tip, trees, rows and proofs all belong to the same moment,
// and what is committed later does not show. Any number of threads may use one; it holds a snapshot
// of the store, so keep it for a request, not for minutes.
//
// Errors are the caller's mistakes (named per method); a disk that fails throws StorageError.
// Arguments are expected to be checked against the limits of spec/store-rpc.md §13 by the caller,
// block ranges to be ordered and to end at or below the tip.
#pragma once

#include <memory>
#include <set>
#include <span>

#include "chain/account_queries.hpp"
#include "chain/note_queries.hpp"
#include "chain/sequencer_queries.hpp"

namespace miden {

class ChainReader;
class UpperLevels;

// Blocks back from the tip at which accounts can still be read. spec/store-rpc.md §13
inline constexpr uint32_t kRetainedBlocks = 50;

class StateView {
 public:
  // Made by ChainState.
  StateView(std::unique_ptr<const ChainReader> reader, SignedHeader tip, BlockNum proven_tip,
            Word genesis_commitment);
  ~StateView();

  BlockNum tip() const { return tip_.header.block_num; }
  const SignedHeader& tip_header() const { return tip_; }
  BlockNum proven_tip() const { return proven_tip_; }
  const Word& genesis_commitment() const { return genesis_commitment_; }

  // Blocks. nullopt: above the tip.
  std::optional<SignedHeader> block_header(BlockNum block_num) const;
  std::optional<Word> block_commitment(BlockNum block_num) const;
  std::optional<Bytes> block(BlockNum block_num) const;           // SignedBlock
  std::optional<Bytes> proof(BlockNum block_num) const;           // BlockProof; genesis has none
  std::optional<Bytes> proving_inputs(BlockNum block_num) const;  // BlockProofRequest

  // The block's path in the range over blocks 0 .. chain_length - 1 (at most tip + 1, which is the
  // default). Error: PositionNotFound.
  Result<MmrProof> block_opening(BlockNum block_num) const;
  Result<MmrProof> block_opening(BlockNum block_num, uint64_t chain_length) const;
  MmrPeaks chain_peaks(uint64_t chain_length) const;
  // The range over blocks 0 .. tip - 1 (what the tip's chain_commitment covers) with paths and
  // headers of `blocks`. Errors: BlockAboveTip; `blocks` may name the tip, which is left out.
  Result<PartialBlockchain> partial_blockchain(const std::set<BlockNum>& blocks) const;

  // SyncChainMmr. Error: FutureBlock when `client_height` is above the target.
  Result<ChainMmrSync> sync_chain_mmr(BlockNum client_height, Finality finality) const;

  // GetNotesById. Unknown ids are left out; no order.
  std::vector<CommittedNote> notes_by_id(std::span<const NoteId> ids) const;
  // GetNoteScriptByRoot: NoteScript bytes.
  std::optional<Bytes> note_script(const NoteScriptRoot& root) const;
  // SyncNotes
  NoteSyncPage sync_notes(BlockRange range, const std::set<uint32_t>& tags) const;
  // SyncNullifiers
  NullifierPage sync_nullifiers(BlockRange range, const std::set<uint16_t>& prefixes) const;
  // SyncTransactions. Error: TransactionPageTooLarge when one block alone exceeds kMaxPageBytes.
  Result<TransactionPage> sync_transactions(BlockRange range,
                                            const std::set<AccountId>& accounts) const;

  // SyncAccountVault, SyncAccountStorageMaps. Error: PageTooLarge when one block alone exceeds
  // kMaxPageBytes.
  Result<VaultUpdatePage> sync_account_vault(BlockRange range, const AccountId& account) const;
  Result<StorageMapUpdatePage> sync_account_storage_maps(BlockRange range,
                                                         const AccountId& account) const;

  // GetAccount; `block_num` absent means the tip. Without a details request any id is answered.
  // Errors, with the reference's texts: UnknownBlock (above the tip), BlockPruned (older than
  // kRetainedBlocks), AccountNotPublic, AccountNotFound (details of an account that did not exist),
  // StorageRootNotFound (no map of that name).
  Result<AccountAnswer> account(const AccountId& id, std::optional<BlockNum> block_num,
                                const AccountDetailsRequest* details) const;
  // Its parts. Errors: UnknownBlock, BlockPruned.
  Result<AccountWitness> account_witness(const AccountId& id, BlockNum block_num) const;
  Result<std::optional<AccountRecord>> account_record(const AccountId& id,
                                                      BlockNum block_num) const;
  std::optional<Bytes> account_code(const Word& commitment) const;
  // Whole account (code, all entries) at the tip. nullopt: unknown or private.
  std::optional<Account> full_account(const AccountId& id) const;
  // Those of `accounts` that are network accounts: the gate on submissions (spec/store-rpc.md
  // §18.3).
  std::set<AccountId> network_accounts(std::span<const AccountId> accounts) const;

  // Block production.
  TransactionStanding transaction_standing(const AccountId& account,
                                           std::span<const Nullifier> nullifiers,
                                           std::span<const NoteId> unauthenticated_notes) const;
  // Errors: NoBlocks (neither reference blocks nor known notes), BlockAboveTip.
  Result<BatchInputs> batch_inputs(const std::set<BlockNum>& reference_blocks,
                                   const std::set<NoteId>& unauthenticated_notes) const;
  // Errors: BlockAboveTip.
  Result<BlockInputs> block_inputs(const std::set<AccountId>& accounts,
                                   const std::set<Nullifier>& nullifiers,
                                   const std::set<NoteId>& unauthenticated_notes,
                                   const std::set<BlockNum>& reference_blocks) const;

 private:
  std::unique_ptr<const ChainReader> reader_;
  SignedHeader tip_;
  BlockNum proven_tip_;
  Word genesis_commitment_;
  std::unique_ptr<UpperLevels> upper_accounts_;  // of the account tree at the tip
};

}  // namespace miden
