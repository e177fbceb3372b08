// May this transaction enter? spec/block-production.md §6.3, §6.5, §6.6.
#include <algorithm>
#include <ranges>
#include <string>

#include "mempool/mempool.hpp"

namespace miden {
namespace {

template <class Id>
std::string joined(const std::vector<Id>& ids) {
  std::string text;
  for (const Id& id : ids) {
    if (!text.empty()) text += ", ";
    text += id.to_hex();
  }
  return text;
}

}  // namespace

Mempool::Mempool(const MempoolOptions& options, BlockNum tip) : options_(options), tip_(tip) {}

Result<BlockNum> Mempool::admit(AuthenticatedTransaction transaction) {
  if (nodes_.size() - committed_ >= options_.transaction_capacity) {
    return fail("CapacityExceeded", "the mempool is at capacity");
  }
  TRY(check_inputs_height(transaction));
  TRY(check_outlives(transaction, options_.expiration_slack));
  TRY(check_conflicts(transaction));
  append(std::move(transaction), 0);
  return tip_;
}

Result<BlockNum> Mempool::admit_batch(std::vector<AuthenticatedTransaction> transactions) {
  if (transactions.empty()) return fail("EmptyTransactionBatch", "the batch has no transactions");
  if (nodes_.size() - committed_ + transactions.size() > options_.transaction_capacity) {
    return fail("CapacityExceeded",
                "the mempool is at capacity\ncaused by: it has no room for the whole batch");
  }
  Budget budget = batch_budget();
  // A user's batch came over the wire in one message: its bytes are bounded already.
  budget.bytes = std::numeric_limits<size_t>::max();
  for (const AuthenticatedTransaction& tx : transactions) {
    if (!budget.take(tx))
      return fail("CapacityExceeded",
                  "the mempool is at capacity\ncaused by: the batch is larger than batches may be");
  }
  for (const AuthenticatedTransaction& tx : transactions) {
    TRY(check_inputs_height(tx));
    TRY(check_outlives(tx, options_.expiration_slack));
  }
  TRY(append_all(std::move(transactions)));
  return tip_;
}

Result<void> Mempool::readmit(AuthenticatedTransaction transaction) {
  TRY(check_inputs_height(transaction));
  TRY(check_outlives(transaction, 0));
  TRY(check_conflicts(transaction));
  append(std::move(transaction), 0);
  return {};
}

Result<void> Mempool::readmit_batch(std::vector<AuthenticatedTransaction> transactions) {
  if (transactions.empty()) return fail("EmptyTransactionBatch", "the batch has no transactions");
  for (const AuthenticatedTransaction& tx : transactions) {
    TRY(check_inputs_height(tx));
    TRY(check_outlives(tx, 0));
  }
  return append_all(std::move(transactions));
}

// What happened after the height at which the inputs were looked up must still be known here: in
// the retained window, or in the block that is being committed.
Result<void> Mempool::check_inputs_height(const AuthenticatedTransaction& tx) const {
  const uint32_t height = tx.authentication_height.value;
  const uint32_t known_since =
      committed_blocks_.empty() ? chain_tip().value
                                : tip_.value - static_cast<uint32_t>(committed_blocks_.size()) + 1;
  const uint32_t limit = known_since == 0 ? 0 : known_since - 1;
  if (height < limit) {
    return fail("StaleInputs", "inputs were authenticated at block " + std::to_string(height) +
                                   ", before block " + std::to_string(limit));
  }
  if (height > chain_tip().value) {
    return fail("InputsAheadOfTip", "inputs were authenticated at block " + std::to_string(height) +
                                        ", above the chain's tip " +
                                        std::to_string(chain_tip().value));
  }
  return {};
}

Result<void> Mempool::check_outlives(const AuthenticatedTransaction& tx, uint32_t slack) const {
  const uint64_t limit = uint64_t{chain_tip().value} + slack;
  if (tx.expiration_block_num.value > limit) return {};
  return fail("Expired", "transaction expired at block height " +
                             std::to_string(tx.expiration_block_num.value) +
                             " but the block height limit was " + std::to_string(limit));
}

Result<void> Mempool::check_conflicts(const AuthenticatedTransaction& tx) const {
  std::vector<Nullifier> spent;
  for (const Nullifier& nullifier : tx.nullifiers) {
    if (spenders_.contains(nullifier)) spent.push_back(nullifier);
  }
  if (!spent.empty()) {
    return fail("NullifiersAlreadyExist", "nullifiers already exist: " + joined(spent));
  }

  std::vector<NoteId> created;
  for (const NoteId& note : tx.output_notes) {
    if (creators_.contains(note)) created.push_back(note);
  }
  if (!created.empty()) {
    return fail("OutputNotesAlreadyExist", "output notes already exist: " + joined(created));
  }

  std::vector<NoteId> missing;
  for (const NoteId& note : tx.unauthenticated_notes) {
    if (!creators_.contains(note)) missing.push_back(note);
  }
  if (!missing.empty()) {
    return fail("UnauthenticatedNotesMissing",
                "unauthenticated input notes are unknown: " + joined(missing));
  }

  const Word* in_flight = lanes_.commitment(tx.account_id);
  const Word current = in_flight ? *in_flight : tx.account_in_chain.value_or(Word());
  if (tx.initial_commitment != current) {
    return fail("AccountCommitmentMismatch",
                "initial account commitment " + tx.initial_commitment.to_hex() +
                    " does not match the current commitment " + current.to_hex() + " for account " +
                    tx.account_id.to_hex());
  }
  if (const AccountId* other = lanes_.holder_of_prefix(tx.account_id)) {
    return fail("AccountIdPrefixDuplicate", "account " + tx.account_id.to_hex() +
                                                " has the id prefix of account " + other->to_hex());
  }
  // Only an account that returns to an earlier state could bring one transaction twice.
  if (by_id_.contains(tx.id)) {
    return fail("TransactionAlreadyExists", "the transaction is in the mempool already");
  }
  return {};
}

void Mempool::append(AuthenticatedTransaction tx, Arrival user_batch) {
  const Arrival arrival = ++last_arrival_;
  std::set<Arrival> parents;
  for (const NoteId& note : tx.unauthenticated_notes) parents.insert(creators_.at(note));
  for (const Arrival builds_on :
       lanes_.append(tx.account_id, tx.initial_commitment, tx.final_commitment, arrival)) {
    parents.insert(builds_on);
  }
  for (const Nullifier& nullifier : tx.nullifiers) spenders_.emplace(nullifier, arrival);
  for (const NoteId& note : tx.output_notes) creators_.emplace(note, arrival);
  by_id_.emplace(tx.id, arrival);
  expirations_.emplace(tx.expiration_block_num, arrival);

  Node added{.tx = std::move(tx),
             .parents = {parents.begin(), parents.end()},
             .children = {},
             .unselected_parents = 0,
             .batch = 0,
             .user_batch = user_batch,
             .failures = 0,
             .suspicion = {}};
  for (const Arrival parent : parents) {
    Node& above = node(parent);
    above.children.push_back(arrival);
    if (above.batch == 0) ++added.unselected_parents;
  }
  const Node& stored = nodes_.emplace(arrival, std::move(added)).first->second;
  ++waiting_;
  if (stored.unselected_parents == 0) set_candidate(arrival, stored, true);
}

Result<void> Mempool::append_all(std::vector<AuthenticatedTransaction> transactions) {
  std::vector<Arrival> members;
  const Arrival first = last_arrival_ + 1;
  for (AuthenticatedTransaction& tx : transactions) {
    if (auto fits = check_conflicts(tx); !fits) {
      for (const Arrival member : members | std::views::reverse) remove_leaf(member);
      last_arrival_ = first - 1;
      return fits;
    }
    append(std::move(tx), first);
    members.push_back(last_arrival_);
  }
  user_batches_.emplace(first, std::move(members));
  return {};
}

Mempool::Budget Mempool::batch_budget() const {
  return {.transactions = options_.max_transactions_per_batch,
          .accounts = options_.max_accounts_per_batch,
          .input_notes = options_.max_input_notes_per_batch,
          .output_notes = options_.max_output_notes_per_batch,
          .bytes = options_.max_bytes_per_batch};
}

// An account counts once for each transaction on it, and notes that the batch will erase count
// (§6.7).
bool Mempool::Budget::take(const AuthenticatedTransaction& tx) {
  if (transactions < 1 || accounts < 1 || input_notes < tx.nullifiers.size() ||
      output_notes < tx.output_notes.size() || bytes < tx.encoded_size) {
    return false;
  }
  transactions -= 1;
  accounts -= 1;
  input_notes -= tx.nullifiers.size();
  output_notes -= tx.output_notes.size();
  bytes -= tx.encoded_size;
  return true;
}

bool Mempool::Budget::exhausted() const {
  return transactions == 0 || accounts == 0 || input_notes == 0 || output_notes == 0;
}

}  // namespace miden
