// What the network transaction builder knows and keeps: the chain's tip, every network account, the
// notes that are for one, what was tried with them and what is under way. spec/ntx-builder.md
// §4-§10.
//
// One RocksDB store below the data directory. What is here is what committed blocks say: accounts
// and notes change in apply_block() and nowhere else, whole blocks at a time. Attempts and
// transactions under way are added by whoever executes.
//
// Threads: apply_block() is called by one thread, the follower's; everything else from any thread
// at any time. All calls are serialized by one lock which is held for milliseconds; what they
// return is the caller's, or immutable and shared, and stays as it is while the chain goes on.
// What the disk does wrong is thrown as StorageError: the program must end then, and finds
// everything as it was before the call when it comes back.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/block.hpp"
#include "protocol/partial_blockchain.hpp"

namespace miden {

// §1.1, §10: constants of the reference that users see.
inline constexpr size_t kMaxNotesPerNetworkTransaction = 20;
inline constexpr uint32_t kMaxNoteAttempts = 30;
// Error texts are partly a note author's: they are cut (T28).
inline constexpr size_t kMaxStoredErrorBytes = 2048;

// The reference block of the next transaction with all that execution needs of the chain.
struct ChainTip {
  BlockHeader header;
  Word commitment;
  PartialBlockchain blockchain;  // blocks 0 .. header.block_num - 1, peaks only
};

// A note that may be consumed now.
struct PendingNote {
  NoteId id;
  Nullifier nullifier;
  NoteScriptRoot script_root;
  uint32_t attempts = 0;
  Bytes note;  // Note
};

// What one transaction may be made of.
struct Candidate {
  std::shared_ptr<const ChainTip> tip;
  // As of the tip, whole: vault and storage witnesses come from here (T3).
  std::shared_ptr<const Account> account;
  std::vector<PendingNote> notes;  // 1 to kMaxNotesPerNetworkTransaction, longest waiting first
};

// The fault of the note alone: never recorded for what went wrong around it (T12).
struct FailedAttempt {
  NoteId note;
  std::string error;  // UTF-8; stored up to kMaxStoredErrorBytes
};

// A transaction that may be in somebody's mempool. An account has at most one: the next builds on
// the state that this one leaves.
struct InflightTransaction {
  TransactionId id;
  AccountId account;
  Word initial_commitment;  // of the account
  BlockNum reference_block;
  // As the transaction says on chain: once the tip is there and the transaction is not, it will
  // never be.
  BlockNum expiration_block;
  std::vector<NoteId> notes;
  void encode(ByteWriter& writer) const;
  static Result<InflightTransaction> decode(ByteReader& reader);
  friend bool operator==(const InflightTransaction&, const InflightTransaction&) = default;
};

enum class InflightEnd {
  kLanded,     // it is in the block
  kOvertaken,  // the account or one of the notes was changed by another: it can never land
  kExpired,
};

// What a block changed that an operator or a scheduler wants to hear of.
struct BlockEffects {
  std::vector<AccountId> created_accounts;  // network accounts
  std::vector<AccountId> updated_accounts;  // network accounts that were there before
  size_t new_notes = 0;                     // network notes, whatever their account is
  size_t consumed_notes = 0;                // of those kept here
  std::vector<std::pair<InflightTransaction, InflightEnd>> ended;
};

// spec §17 and NULLIFIER_INFLIGHT; in the numbers of the wire.
enum class NoteFate : uint8_t { kPending = 1, kInflight = 2, kDiscarded = 3, kCommitted = 4 };
struct NoteStatus {
  NoteFate fate = NoteFate::kPending;
  uint32_t attempts = 0;
  std::optional<std::string> last_error;
  std::optional<BlockNum> last_attempt;  // reference block of the last failed attempt
  std::optional<BlockNum> committed_at;
  std::optional<TransactionId> committed_by;
};

class BuilderState {
 public:
  struct Options {
    // Note scripts kept by root; the oldest go first. At least 1.
    size_t script_cache_size = 1000;
    // Decoded accounts kept in memory, by the size of their encoding.
    size_t account_cache_bytes = size_t{128} << 20;
    // Notes for accounts that are not on chain (yet), the oldest of which go first (T15).
    size_t max_deferred_notes = 20'000;
    size_t max_deferred_notes_per_account = 200;
    size_t max_deferred_bytes = size_t{256} << 20;
    // Notes whose story is over, for note_status(); the oldest go first. (Of one that was consumed
    // its nullifier stays: it must not be tried when it is created once more.)
    size_t max_finished_notes = 500'000;
    // False for tests, which kill processes and not machines.
    bool synced = true;
  };

  // Fills a data directory, which must not exist (its parent must) or be empty, with the genesis
  // block. Errors: DataDirectoryNotEmpty, DataDirectoryMissing, InvalidGenesis.
  static Result<void> bootstrap(const std::filesystem::path& data_directory,
                                const SignedBlock& genesis);
  // Brings a directory of an older version up to this one. Errors: NotBootstrapped,
  // UnsupportedStoreVersion (newer), StoreLocked.
  static Result<void> migrate(const std::filesystem::path& data_directory);
  // Errors: NotBootstrapped, StoreLocked, UnsupportedStoreVersion.
  static Result<std::unique_ptr<BuilderState>> open(const std::filesystem::path& data_directory,
                                                    const Options& options);
  ~BuilderState();
  BuilderState(const BuilderState&) = delete;
  BuilderState& operator=(const BuilderState&) = delete;

  const Word& genesis_commitment() const;
  const PublicKey& validator_key() const;  // of every block of this chain
  std::shared_ptr<const ChainTip> tip() const;

  // Checks the block as far as that is possible without the chain's trees - whatever its source, it
  // cannot say anything that the validator has not signed - and applies it, one synced write. After
  // an error nothing has changed and the block may be asked for elsewhere. Errors:
  // NewBlockInvalidBlockNum, NewBlockInvalidPrevCommitment, ValidatorKeyChanged, those of
  // SignedBlock::validate, ChainCommitmentMismatch, AccountUpdateMismatch (updates and transactions
  // contradict each other, or the delta does not lead where the update says).
  Result<BlockEffects> apply_block(const SignedBlock& block);

  // Accounts that have something to do at the tip: no transaction under way and at least one note
  // that may be tried. The one whose note has waited longest comes first. Depends on nothing but
  // what is stored: no note is forgotten while its account is idle (T4).
  std::vector<AccountId> accounts_due() const;
  // What to try next for the account: the notes that have waited longest. Notes that the account's
  // allow-list refuses are recorded as failed here (§10). nullopt: nothing to do now.
  std::optional<Candidate> candidate(const AccountId& account);
  bool is_network_account(const AccountId& account) const;

  // One more attempt of each note; `reference_block` is the candidate's. Notes that are consumed
  // meanwhile, discarded or unknown are left alone. Synced.
  void record_failed(std::span<const FailedAttempt> failed, BlockNum reference_block);

  // Not to be tried before the block `until`, and no attempt: for what could not be judged. Synced.
  void put_off(std::span<const NoteId> notes, BlockNum until);

  // To be called *before* the transaction is sent anywhere, so that neither a crash nor a lost
  // answer can make it unknown: from now on only the chain (apply_block) or drop_inflight() ends
  // it. Synced. Errors: TransactionUnderWay, AccountChanged (no longer in the initial state),
  // NoteUnavailable (a note was consumed or discarded), TransactionExpired: do not send it then.
  Result<void> record_submitted(const InflightTransaction& transaction);
  // The transaction is known not to be in any mempool: refused for certain. Does nothing when the
  // account's transaction is another one or none. Synced.
  void drop_inflight(const AccountId& account, const TransactionId& id);
  std::optional<InflightTransaction> inflight(const AccountId& account) const;
  std::vector<InflightTransaction> all_inflight() const;

  // nullopt: never heard of, or forgotten (see Options).
  std::optional<NoteStatus> note_status(const NoteId& id) const;

  // NoteScript of a root, if it is kept. Not checked here.
  std::optional<Bytes> note_script(const NoteScriptRoot& root) const;
  void put_note_script(const NoteScriptRoot& root, ByteView script);

  struct State;  // for this folder's own use

  struct Counts {
    size_t network_accounts = 0;
    size_t pending_notes = 0;   // of network accounts
    size_t deferred_notes = 0;  // of accounts that are not (yet) there
    size_t inflight_transactions = 0;
  };
  Counts counts() const;

 private:
  explicit BuilderState(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace miden
