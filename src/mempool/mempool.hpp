// Transactions between acceptance and their block: what may enter, what goes into a batch and a
// block next, and what a failure costs. spec/block-production.md §6.
//
// A pure state machine: no I/O, no clock, no threads. Every method is one event; the same events in
// the same order give the same decisions. One thread owns a Mempool and calls it.
//
// Transactions form a graph: an edge leads from the creator of a note, or of an account state, to
// whoever builds on it. Batches have no conflict rules of their own; their edges are those of their
// transactions (§20 D1). Order is arrival order throughout (§20 D8).
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "mempool/account_lanes.hpp"
#include "mempool/authenticated_transaction.hpp"
#include "mempool/options.hpp"
#include "protocol/batch.hpp"

namespace miden {

// Names one attempt at proving a batch: the same transactions selected again get another number, so
// that a late report about an abandoned attempt harms nobody.
using BatchAttempt = uint64_t;

struct SelectedBatch {
  BatchAttempt attempt = 0;
  std::vector<std::shared_ptr<const ProvenTransaction>> transactions;  // creators before consumers
  // Input notes that neither a transaction, nor the chain at admission, nor a pruned block vouched
  // for and that no transaction of this batch creates.
  std::vector<NoteId> unauthenticated_notes;
};

struct SelectedBlock {
  BlockNum block_num;
  std::vector<std::shared_ptr<const ProvenBatch>>
      batches;  // creators before consumers; may be empty
};

// Why a batch or a block did not come to be.
struct Failure {
  enum class Cause {
    kInfrastructure,  // nobody's fault: everything waits and is tried again (§20 D3)
    kContent,         // what is in it is wrong and would be wrong again
  };
  Cause cause = Cause::kInfrastructure;
  // The transactions at fault, where that is known. Else the guilty one is found by halving (§20
  // D4).
  std::vector<TransactionId> culprits;
};

enum class EvictionReason {
  kExpired,     // not included before its expiration block
  kFailed,      // at fault max_failures times
  kDependency,  // built on an evicted transaction
  kSibling,     // shares a user batch with an evicted transaction
};
std::string_view to_string(EvictionReason reason);

struct Eviction {
  TransactionId id;
  EvictionReason reason;
  friend bool operator==(const Eviction&, const Eviction&) = default;
};

// §6.9, as the protocol's status documents them (§20 D11).
struct MempoolStats {
  uint64_t unbatched_transactions = 0;  // in no batch
  uint64_t proposed_batches = 0;        // being proven
  uint64_t proven_batches = 0;          // proven, in no block yet
  uint64_t uncommitted_transactions = 0;
  friend bool operator==(const MempoolStats&, const MempoolStats&) = default;
};

// What was submitted together: one transaction, or the transactions of a user's batch in order.
struct Submission {
  std::vector<std::shared_ptr<const ProvenTransaction>> transactions;
  bool is_user_batch = false;
};

struct MempoolSnapshot;  // snapshot.hpp

class Mempool {
 public:
  // Empty, on a chain whose last block is `tip`.
  Mempool(const MempoolOptions& options, BlockNum tip);

  // --- admission (admit.cpp). A rejected submission changes nothing. ---

  // The committed tip at acceptance. Errors, in the order of the checks (§6.5):
  //   CapacityExceeded
  //   StaleInputs                  authenticated before the retained window
  //   InputsAheadOfTip             authenticated at a height this mempool has not heard of (§20 D2)
  //   Expired                      expires within the slack
  //   NullifiersAlreadyExist       spent by a transaction in flight or retained
  //   OutputNotesAlreadyExist      created by one
  //   UnauthenticatedNotesMissing  consumes a note that nobody here creates
  //   AccountCommitmentMismatch    builds on another state of its account
  //   AccountIdPrefixDuplicate     the account's id prefix belongs to another account here (§20 D9)
  //   TransactionAlreadyExists
  Result<BlockNum> admit(AuthenticatedTransaction transaction);
  // All or nothing, and then one fate: they are only ever selected together, in order, as a batch
  // of their own (§6.6). Errors: also EmptyTransactionBatch; CapacityExceeded for a batch that is
  // beyond the limits of one batch.
  Result<BlockNum> admit_batch(std::vector<AuthenticatedTransaction> transactions);
  // For what was accepted before a restart: neither capacity nor slack, only actual expiry, can
  // refuse. Submissions must come in the order of their first acceptance.
  Result<void> readmit(AuthenticatedTransaction transaction);
  Result<void> readmit_batch(std::vector<AuthenticatedTransaction> transactions);

  // --- batches (select_batch.cpp, revert.cpp) ---

  // The next batch: full, partial or a user's.
  std::optional<SelectedBatch> select_any_batch();
  // Only a batch that nothing could be added to, or a user's; nothing else changes.
  std::optional<SelectedBatch> select_full_batch();
  // False: the attempt has been abandoned and the proof is of no use. `block_bytes` is what the
  // batch adds to a proposed block.
  bool batch_proven(BatchAttempt attempt, std::shared_ptr<const ProvenBatch> batch,
                    size_t block_bytes);
  // The batch and those that build on it are taken apart, their transactions wait again. An
  // abandoned or proven attempt is left alone (§6.8, I14).
  std::vector<Eviction> batch_failed(BatchAttempt attempt, const Failure& failure);

  // --- blocks (select_block.cpp, commit.cpp) ---

  // Proven batches for block tip + 1, which is then pending. Error: BlockAlreadyPending.
  Result<SelectedBlock> select_block();
  // The same with nothing in it: to see whether a validator signs at all. Error:
  // BlockAlreadyPending.
  Result<SelectedBlock> select_empty_block();
  // The pending block is in the chain. Returns what expired by it. Errors: NoPendingBlock,
  // BlockNumberMismatch.
  Result<std::vector<Eviction>> block_committed(BlockNum block_num);
  // The pending block will not be. Its batches keep their proofs unless one is known to be at fault
  // (§20 D5). Errors: NoPendingBlock, BlockNumberMismatch.
  Result<std::vector<Eviction>> block_failed(BlockNum block_num, const Failure& failure);

  // Starts over on another tip, for a chain that grew by blocks from elsewhere. Attempts made
  // before are abandoned. Returns what was accepted and not committed, for readmission.
  std::vector<Submission> restart_at(BlockNum tip);

  // --- views ---

  BlockNum committed_tip() const { return tip_; }
  // The pending block counts.
  BlockNum chain_tip() const { return pending_ ? tip_.next() : tip_; }
  MempoolStats stats() const;
  // What is accepted and not committed, oldest first: what a new mempool on another tip is filled
  // with.
  std::vector<Submission> uncommitted() const;
  // Whether a proof of this attempt would still be of use.
  bool is_open(BatchAttempt attempt) const;
  bool contains(const TransactionId& id) const { return by_id_.contains(id); }
  // Canonical value for comparisons; failures and suspicions are left out.
  MempoolSnapshot snapshot() const;
  // The first broken invariant of spec/block-production.md §19, for tests.
  std::optional<std::string> broken_invariant() const;

 private:
  // A set in which a fault is being looked for: its members are tried only with one another, at
  // most `limit` at a time. `group` 0: not suspected.
  struct Suspicion {
    uint64_t group = 0;
    size_t limit = 0;
    enum class Since { kBatch, kBlock } since = Since::kBatch;
    explicit operator bool() const { return group != 0; }
  };

  struct Node {
    AuthenticatedTransaction tx;
    std::vector<Arrival> parents;   // distinct; live ones only
    std::vector<Arrival> children;  // distinct
    size_t unselected_parents = 0;
    BatchAttempt batch = 0;  // 0: waiting
    Arrival user_batch = 0;  // the first transaction of its user batch; 0: none
    uint32_t failures = 0;
    Suspicion suspicion;
  };

  enum class Stage { kProving, kProven, kPending, kCommitted };
  struct Batch {
    std::vector<Arrival> transactions;
    std::set<BatchAttempt> parents;
    std::set<BatchAttempt> children;
    size_t unplaced_parents = 0;  // neither pending nor committed
    Stage stage = Stage::kProving;
    std::shared_ptr<const ProvenBatch> proof;
    size_t block_bytes = 0;
    Suspicion suspicion;
  };

  // What may still go into the batch being filled.
  struct Budget {
    size_t transactions, accounts, input_notes, output_notes, bytes;
    bool take(const AuthenticatedTransaction& tx);  // false: it does not fit, nothing is taken
    bool exhausted() const;
  };

  // admit.cpp
  Result<void> check_inputs_height(const AuthenticatedTransaction& tx) const;
  Result<void> check_outlives(const AuthenticatedTransaction& tx, uint32_t limit) const;
  Result<void> check_conflicts(const AuthenticatedTransaction& tx) const;
  void append(AuthenticatedTransaction tx, Arrival user_batch);
  Result<void> append_all(std::vector<AuthenticatedTransaction> transactions);
  Budget batch_budget() const;

  // graph.cpp
  Node& node(Arrival arrival) { return nodes_.at(arrival); }
  const Node& node(Arrival arrival) const { return nodes_.at(arrival); }
  void set_candidate(Arrival arrival, const Node& node, bool is_candidate);
  void select(Arrival arrival, BatchAttempt batch);
  void deselect(Arrival arrival);
  void remove_leaf(Arrival arrival);

  // select_batch.cpp
  bool user_batch_selectable(Arrival first) const;
  std::optional<SelectedBatch> next_batch(bool only_full);
  std::optional<SelectedBatch> take_user_batch();
  std::optional<SelectedBatch> take_internal_batch(bool only_full);
  SelectedBatch open_batch(const std::vector<Arrival>& transactions, BatchAttempt attempt);

  // select_block.cpp
  void place(BatchAttempt attempt);
  void unplace(BatchAttempt attempt);

  // revert.cpp
  std::vector<Eviction> content_at_fault(BatchAttempt attempt, const std::vector<Arrival>& culprits,
                                         Suspicion::Since since);
  std::vector<Eviction> isolate(const std::vector<Arrival>& culprits, Suspicion::Since since);
  std::vector<Arrival> find(const std::vector<TransactionId>& ids) const;
  void take_apart(const std::set<BatchAttempt>& roots);
  std::vector<Eviction> evict(const std::map<Arrival, EvictionReason>& roots);

  // commit.cpp
  Result<void> check_pending(BlockNum block_num) const;
  void prune_oldest_block();
  std::vector<Eviction> sweep_expired();

  MempoolOptions options_;
  BlockNum tip_;

  std::unordered_map<Arrival, Node> nodes_;
  std::unordered_map<TransactionId, Arrival> by_id_;
  std::unordered_map<NoteId, Arrival> creators_;  // of notes, in flight or retained
  std::unordered_map<Nullifier, Arrival> spenders_;
  AccountLanes lanes_;
  std::set<Arrival> candidates_;       // waiting, all parents selected; user batches' apart
  std::set<Arrival> user_candidates_;  // first of a user batch, waiting, all parents selected
  std::map<Arrival, std::vector<Arrival>> user_batches_;  // by their first; retained ones included
  std::set<std::pair<BlockNum, Arrival>> expirations_;    // of uncommitted transactions
  Arrival last_arrival_ = 0;

  std::map<BatchAttempt, Batch> batches_;
  std::set<BatchAttempt> ready_;  // proven, all parents placed, in no block
  BatchAttempt last_attempt_ = 0;

  std::optional<std::vector<BatchAttempt>> pending_;        // the pending block's batches in order
  std::deque<std::vector<BatchAttempt>> committed_blocks_;  // oldest first, the last is the tip's

  size_t waiting_ = 0;    // nodes in no batch
  size_t committed_ = 0;  // nodes in committed blocks
  uint64_t last_group_ = 0;
  bool last_was_user_batch_ = false;  // user batches take every second turn at most (§20 D6)
  bool last_block_failed_ = false;    // then those not suspected go first
};

}  // namespace miden
