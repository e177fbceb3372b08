// The mempool's rules once more, as plainly as possible: one list of transactions, every question
// answered by looking at all of it. Slow, and meant to be read next to
// spec/block-production.md §6.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mempool/snapshot.hpp"

namespace miden {

class MempoolModel {
 public:
  enum class Stage { kWaiting, kProving, kProven, kPending, kCommitted };
  struct Record {
    AuthenticatedTransaction tx;
    size_t user_batch = 0;     // 0: none
    BatchAttempt attempt = 0;  // 0: waiting
    uint32_t failures = 0;
  };
  struct Batch {
    BatchAttempt attempt = 0;
    std::vector<TransactionId> transactions;
    Stage stage = Stage::kProving;
    uint32_t block = 0;  // where committed
  };

  MempoolModel(const MempoolOptions& options, BlockNum tip) : options_(options), tip_(tip.value) {}

  // The code of the rejection, or empty.
  std::string admit(const std::vector<AuthenticatedTransaction>& txs, bool is_user_batch) {
    const size_t uncommitted = static_cast<size_t>(std::ranges::count_if(
        records_, [&](const Record& r) { return stage(r) != Stage::kCommitted; }));
    if (uncommitted + txs.size() > options_.transaction_capacity) return "CapacityExceeded";
    if (is_user_batch && !fits(txs)) return "CapacityExceeded";
    const uint32_t chain_tip = tip_ + (pending_ ? 1 : 0);
    for (const auto& tx : txs) {
      const size_t window = std::min<size_t>(blocks_, options_.retained_blocks);
      const uint32_t oldest = window == 0 ? chain_tip : tip_ - static_cast<uint32_t>(window) + 1;
      const uint32_t height = tx.authentication_height.value;
      if (height + 1 < oldest) return "StaleInputs";
      if (height > chain_tip) return "InputsAheadOfTip";
      if (tx.expiration_block_num.value <= chain_tip + options_.expiration_slack) return "Expired";
    }
    const std::vector<Record> before = records_;
    if (is_user_batch) ++last_user_batch_;
    for (const auto& tx : txs) {
      const std::string conflict = conflict_of(tx);
      if (!conflict.empty()) {
        records_ = before;
        return conflict;
      }
      records_.push_back({.tx = tx, .user_batch = is_user_batch ? last_user_batch_ : 0});
    }
    return "";
  }

  // What next_batch should choose while nobody is suspected.
  std::vector<TransactionId> expected_batch(bool only_full) const {
    const Record* ordinary = nullptr;
    const Record* user = nullptr;
    for (const Record& r : records_) {
      if (!is_candidate(r)) continue;
      if (r.user_batch == 0 && ordinary == nullptr) ordinary = &r;
      if (r.user_batch != 0 && user == nullptr) user = &r;
    }
    const bool user_first = user && (!ordinary || (!last_was_user_ && user < ordinary));
    std::vector<TransactionId> batch;
    if (user_first) batch = expected_user_batch();
    if (batch.empty()) batch = expected_internal_batch(only_full);
    if (batch.empty() && !user_first) batch = expected_user_batch();
    return batch;
  }

  // Why these could not be selected, or empty.
  std::string objection(const std::vector<TransactionId>& ids) const {
    std::set<TransactionId> taken;
    std::vector<AuthenticatedTransaction> txs;
    for (const TransactionId& id : ids) {
      const Record& r = *find(id);
      if (r.attempt != 0) return "already selected";
      if (r.user_batch != find(ids.front())->user_batch) return "mixes user batches";
      for (const TransactionId& parent : parents(r)) {
        if (find(parent)->attempt == 0 && !taken.contains(parent)) return "a parent waits";
      }
      taken.insert(id);
      txs.push_back(r.tx);
    }
    if (find(ids.front())->user_batch != 0) {
      const auto members = std::ranges::count_if(
          records_, [&](const Record& r) { return r.user_batch == find(ids.front())->user_batch; });
      return static_cast<size_t>(members) == ids.size() ? "" : "a user batch is torn";
    }
    return fits(txs) ? "" : "over budget";
  }

  void select(BatchAttempt attempt, const std::vector<TransactionId>& ids) {
    for (const TransactionId& id : ids) find(id)->attempt = attempt;
    last_was_user_ = find(ids.front())->user_batch != 0;
    batches_.push_back({attempt, ids, Stage::kProving, 0});
  }
  void prove(BatchAttempt attempt) { batch(attempt)->stage = Stage::kProven; }

  std::set<TransactionId> fail_batch(BatchAttempt attempt, const Failure& failure) {
    if (failure.cause == Failure::Cause::kInfrastructure) {
      take_apart({attempt});
      return {};
    }
    return fault(attempt, failure.culprits);
  }

  std::vector<BatchAttempt> expected_block() const {
    std::vector<BatchAttempt> block;
    for (const Batch& b : batches_) {
      if (block.size() == options_.max_batches_per_block) break;
      const bool ready = b.stage == Stage::kProven &&
                         std::ranges::all_of(parent_batches(b), [&](BatchAttempt parent) {
                           const Stage above = batch(parent)->stage;
                           return above == Stage::kPending || above == Stage::kCommitted ||
                                  std::ranges::find(block, parent) != block.end();
                         });
      if (ready) block.push_back(b.attempt);
    }
    return block;
  }
  void select_block(const std::vector<BatchAttempt>& block) {
    for (const BatchAttempt attempt : block) batch(attempt)->stage = Stage::kPending;
    pending_ = block;
  }

  std::set<TransactionId> commit() {
    ++tip_;
    ++blocks_;
    for (const BatchAttempt attempt : *pending_) {
      batch(attempt)->stage = Stage::kCommitted;
      batch(attempt)->block = tip_;
    }
    committed_.push_back(*pending_);
    pending_.reset();
    if (committed_.size() > options_.retained_blocks) {
      for (const BatchAttempt attempt : committed_.front()) forget(attempt);
      committed_.erase(committed_.begin());
    }
    std::set<TransactionId> expired;
    for (const Record& r : records_) {
      if (stage(r) != Stage::kCommitted && r.tx.expiration_block_num.value <= tip_) {
        expired.insert(r.tx.id);
      }
    }
    return evict(expired);
  }

  std::set<TransactionId> fail_block(const Failure& failure) {
    const std::vector<BatchAttempt> block = *pending_;
    pending_.reset();
    for (const BatchAttempt attempt : block) batch(attempt)->stage = Stage::kProven;
    if (failure.cause == Failure::Cause::kInfrastructure || block.empty()) return {};
    if (!failure.culprits.empty()) return fault(0, failure.culprits);
    if (block.size() == 1) return fault(block.front(), {});
    return {};
  }

  MempoolSnapshot snapshot() const {
    MempoolSnapshot s;
    s.tip = BlockNum{tip_};
    for (const Record& r : records_) {
      std::vector<TransactionId> siblings;
      if (r.user_batch != 0 && stage(r) != Stage::kCommitted) siblings = members(r.user_batch);
      s.transactions.push_back({.id = r.tx.id,
                                .parents = parents(r),
                                .unauthenticated_notes = {r.tx.unauthenticated_notes.begin(),
                                                          r.tx.unauthenticated_notes.end()},
                                .is_candidate = is_candidate(r),
                                .is_selected = r.attempt != 0,
                                .user_batch = siblings});
      for (const auto& note : r.tx.output_notes) s.creators.emplace(note, r.tx.id);
      for (const auto& nullifier : r.tx.nullifiers) s.spenders.emplace(nullifier, r.tx.id);
      auto& lane = s.lanes[r.tx.account_id];
      lane.commitment = r.tx.final_commitment;
      if (r.tx.initial_commitment != r.tx.final_commitment) {
        lane.slots.push_back({r.tx.id, {}});
      } else {
        if (lane.slots.empty()) lane.slots.emplace_back();
        lane.slots.back().second.insert(r.tx.id);
      }
    }
    for (const Batch& b : batches_) {
      auto& entry = s.batches.emplace_back();
      entry.transactions = b.transactions;
      for (const BatchAttempt parent : parent_batches(b)) {
        entry.parents.insert(batch(parent)->transactions.front());
      }
      entry.is_proven = b.stage != Stage::kProving;
    }
    const auto block = [&](const std::vector<BatchAttempt>& attempts) {
      MempoolSnapshot::Block ids;
      for (const BatchAttempt attempt : attempts) ids.push_back(batch(attempt)->transactions);
      return ids;
    };
    if (pending_) s.pending = block(*pending_);
    for (const auto& committed : committed_) s.committed.push_back(block(committed));
    return s;
  }

  bool has_pending() const { return pending_.has_value(); }
  uint32_t tip() const { return tip_; }
  const std::vector<Record>& records() const { return records_; }
  const std::vector<Batch>& batches() const { return batches_; }
  Stage stage(const Record& r) const {
    return r.attempt == 0 ? Stage::kWaiting : batch(r.attempt)->stage;
  }
  // What a new transaction on this account must start from, if anything of it is here.
  std::optional<Word> state_of(const AccountId& account) const {
    std::optional<Word> state;
    for (const Record& r : records_) {
      if (r.tx.account_id == account) state = r.tx.final_commitment;
    }
    return state;
  }

 private:
  const Record* find(const TransactionId& id) const {
    for (const Record& r : records_) {
      if (r.tx.id == id) return &r;
    }
    return nullptr;
  }
  Record* find(const TransactionId& id) {
    return const_cast<Record*>(std::as_const(*this).find(id));
  }
  const Batch* batch(BatchAttempt attempt) const {
    for (const Batch& b : batches_) {
      if (b.attempt == attempt) return &b;
    }
    return nullptr;
  }
  Batch* batch(BatchAttempt attempt) {
    return const_cast<Batch*>(std::as_const(*this).batch(attempt));
  }
  std::vector<TransactionId> members(size_t user_batch) const {
    std::vector<TransactionId> ids;
    for (const Record& r : records_) {
      if (r.user_batch == user_batch) ids.push_back(r.tx.id);
    }
    return ids;
  }

  bool fits(const std::vector<AuthenticatedTransaction>& txs) const {
    size_t inputs = 0;
    size_t outputs = 0;
    for (const auto& tx : txs) {
      inputs += tx.nullifiers.size();
      outputs += tx.output_notes.size();
    }
    return txs.size() <=
               std::min(options_.max_transactions_per_batch, options_.max_accounts_per_batch) &&
           inputs <= options_.max_input_notes_per_batch &&
           outputs <= options_.max_output_notes_per_batch;
  }
  bool exhausts(const std::vector<AuthenticatedTransaction>& txs) const {
    size_t inputs = 0;
    size_t outputs = 0;
    for (const auto& tx : txs) {
      inputs += tx.nullifiers.size();
      outputs += tx.output_notes.size();
    }
    return txs.size() == options_.max_transactions_per_batch ||
           txs.size() == options_.max_accounts_per_batch ||
           inputs == options_.max_input_notes_per_batch ||
           outputs == options_.max_output_notes_per_batch;
  }

  std::string conflict_of(const AuthenticatedTransaction& tx) const {
    const auto anywhere = [&](const auto& ids, auto member) {
      return std::ranges::any_of(records_, [&](const Record& r) {
        return std::ranges::any_of(ids, [&](const auto& id) {
          return std::ranges::find(r.tx.*member, id) != (r.tx.*member).end();
        });
      });
    };
    if (anywhere(tx.nullifiers, &AuthenticatedTransaction::nullifiers)) {
      return "NullifiersAlreadyExist";
    }
    if (anywhere(tx.output_notes, &AuthenticatedTransaction::output_notes)) {
      return "OutputNotesAlreadyExist";
    }
    for (const NoteId& note : tx.unauthenticated_notes) {
      if (!anywhere(std::vector{note}, &AuthenticatedTransaction::output_notes)) {
        return "UnauthenticatedNotesMissing";
      }
    }
    const Word state = state_of(tx.account_id).value_or(tx.account_in_chain.value_or(Word()));
    if (tx.initial_commitment != state) return "AccountCommitmentMismatch";
    for (const Record& r : records_) {
      if (r.tx.account_id.prefix() == tx.account_id.prefix() && r.tx.account_id != tx.account_id) {
        return "AccountIdPrefixDuplicate";
      }
    }
    return find(tx.id) != nullptr ? "TransactionAlreadyExists" : "";
  }

  std::set<TransactionId> parents(const Record& child) const {
    std::set<TransactionId> found;
    const Record* producer = nullptr;
    std::set<TransactionId> readers;
    for (const Record& r : records_) {
      if (&r == &child) break;
      for (const NoteId& note : child.tx.unauthenticated_notes) {
        if (std::ranges::find(r.tx.output_notes, note) != r.tx.output_notes.end()) {
          found.insert(r.tx.id);
        }
      }
      if (r.tx.account_id != child.tx.account_id) continue;
      if (r.tx.initial_commitment == r.tx.final_commitment) {
        readers.insert(r.tx.id);
      } else {
        producer = &r;
        readers.clear();
      }
    }
    if (producer) found.insert(producer->tx.id);
    if (child.tx.initial_commitment != child.tx.final_commitment) found.merge(readers);
    return found;
  }
  std::set<BatchAttempt> parent_batches(const Batch& b) const {
    std::set<BatchAttempt> found;
    for (const TransactionId& id : b.transactions) {
      for (const TransactionId& parent : parents(*find(id))) found.insert(find(parent)->attempt);
    }
    found.erase(b.attempt);
    return found;
  }
  bool parents_selected(const Record& r, const std::set<TransactionId>& also = {}) const {
    return std::ranges::all_of(parents(r), [&](const TransactionId& parent) {
      return find(parent)->attempt != 0 || also.contains(parent);
    });
  }
  bool is_candidate(const Record& r) const {
    if (r.attempt != 0 || !parents_selected(r)) return false;
    return r.user_batch == 0 || members(r.user_batch).front() == r.tx.id;
  }

  std::vector<TransactionId> expected_user_batch() const {
    for (const Record& r : records_) {
      if (r.user_batch == 0 || !is_candidate(r)) continue;
      const std::vector<TransactionId> ids = members(r.user_batch);
      const std::set<TransactionId> together(ids.begin(), ids.end());
      if (std::ranges::all_of(ids, [&](const TransactionId& id) {
            return parents_selected(*find(id), together);
          })) {
        return ids;
      }
    }
    return {};
  }
  // Again and again: the oldest that may go and fits.
  std::vector<TransactionId> expected_internal_batch(bool only_full) const {
    std::vector<TransactionId> ids;
    std::set<TransactionId> taken;
    std::vector<AuthenticatedTransaction> txs;
    for (bool found = true; found;) {
      found = false;
      for (const Record& r : records_) {
        if (r.attempt != 0 || r.user_batch != 0 || taken.contains(r.tx.id)) continue;
        if (!parents_selected(r, taken)) continue;
        txs.push_back(r.tx);
        if (!fits(txs)) {
          txs.pop_back();
          continue;
        }
        ids.push_back(r.tx.id);
        taken.insert(r.tx.id);
        found = true;
        break;
      }
    }
    if (only_full && !exhausts(txs)) return {};
    return ids;
  }

  std::set<TransactionId> fault(BatchAttempt attempt, const std::vector<TransactionId>& culprits) {
    std::vector<TransactionId> to_blame = culprits;
    std::set<BatchAttempt> affected;
    if (culprits.empty()) {
      affected.insert(attempt);
      const std::vector<TransactionId>& ids = batch(attempt)->transactions;
      if (ids.size() == 1 || find(ids.front())->user_batch != 0) to_blame = ids;
    }
    std::set<TransactionId> failed;
    for (const TransactionId& id : to_blame) {
      if (find(id)->attempt != 0) affected.insert(find(id)->attempt);
      if (++find(id)->failures >= options_.max_failures) failed.insert(id);
    }
    take_apart(affected);
    return evict(failed);
  }

  void take_apart(std::set<BatchAttempt> affected) {
    for (bool grew = true; grew;) {
      grew = false;
      for (const Batch& b : batches_) {
        for (const BatchAttempt parent : parent_batches(b)) {
          if (affected.contains(parent) && affected.insert(b.attempt).second) grew = true;
        }
      }
    }
    for (Record& r : records_) {
      if (affected.contains(r.attempt)) r.attempt = 0;
    }
    std::erase_if(batches_, [&](const Batch& b) { return affected.contains(b.attempt); });
  }

  std::set<TransactionId> evict(std::set<TransactionId> doomed) {
    for (bool grew = true; grew;) {
      grew = false;
      for (const Record& r : records_) {
        if (doomed.contains(r.tx.id)) {
          if (r.user_batch == 0) continue;
          for (const TransactionId& id : members(r.user_batch)) grew |= doomed.insert(id).second;
        } else if (std::ranges::any_of(parents(r), [&](const TransactionId& parent) {
                     return doomed.contains(parent);
                   })) {
          doomed.insert(r.tx.id);
          grew = true;
        }
      }
    }
    std::set<BatchAttempt> affected;
    for (const TransactionId& id : doomed) {
      if (find(id)->attempt != 0) affected.insert(find(id)->attempt);
    }
    take_apart(affected);
    std::erase_if(records_, [&](const Record& r) { return doomed.contains(r.tx.id); });
    return doomed;
  }

  void forget(BatchAttempt attempt) {
    std::vector<NoteId> known;
    for (const Record& r : records_) {
      if (r.attempt != attempt) continue;
      known.insert(known.end(), r.tx.output_notes.begin(), r.tx.output_notes.end());
    }
    std::erase_if(records_, [&](const Record& r) { return r.attempt == attempt; });
    std::erase_if(batches_, [&](const Batch& b) { return b.attempt == attempt; });
    for (Record& r : records_) {
      std::erase_if(r.tx.unauthenticated_notes, [&](const NoteId& note) {
        return std::ranges::find(known, note) != known.end();
      });
    }
  }

  MempoolOptions options_;
  uint32_t tip_;
  size_t blocks_ = 0;
  std::vector<Record> records_;  // in order of arrival
  std::vector<Batch> batches_;   // in order of selection
  std::optional<std::vector<BatchAttempt>> pending_;
  std::vector<std::vector<BatchAttempt>> committed_;
  size_t last_user_batch_ = 0;
  bool last_was_user_ = false;
};

}  // namespace miden
