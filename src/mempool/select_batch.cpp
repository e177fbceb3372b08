// What goes into the next batch? spec/block-production.md §6.7, §20 D6, D8.
#include <algorithm>

#include "mempool/mempool.hpp"

namespace miden {

std::optional<SelectedBatch> Mempool::select_any_batch() { return next_batch(false); }
std::optional<SelectedBatch> Mempool::select_full_batch() { return next_batch(true); }

// Whoever waits longest goes first. A user batch fills a batch's place however small it is, so user
// batches get every second turn at most while others wait.
std::optional<SelectedBatch> Mempool::next_batch(bool only_full) {
  const bool users_turn =
      !user_candidates_.empty() &&
      (candidates_.empty() ||
       (!last_was_user_batch_ && *user_candidates_.begin() < *candidates_.begin()));
  std::optional<SelectedBatch> batch = users_turn ? take_user_batch() : std::nullopt;
  if (!batch) batch = take_internal_batch(only_full);
  if (!batch && !users_turn) batch = take_user_batch();
  return batch;
}

// Selectable when everything that its transactions build on is selected or one of them.
bool Mempool::user_batch_selectable(Arrival first) const {
  return std::ranges::all_of(user_batches_.at(first), [&](Arrival member) {
    return std::ranges::all_of(node(member).parents, [&](Arrival parent) {
      return node(parent).batch != 0 || node(parent).user_batch == first;
    });
  });
}

std::optional<SelectedBatch> Mempool::take_user_batch() {
  const auto first = std::ranges::find_if(
      user_candidates_, [&](Arrival candidate) { return user_batch_selectable(candidate); });
  if (first == user_candidates_.end()) return std::nullopt;

  const std::vector<Arrival> members = user_batches_.at(*first);
  const BatchAttempt attempt = ++last_attempt_;
  for (const Arrival member : members) select(member, attempt);
  last_was_user_batch_ = true;
  return open_batch(members, attempt);
}

// One pass suffices: what does not fit now will not fit later, and what a selected transaction
// frees arrived after it and is met further on.
std::optional<SelectedBatch> Mempool::take_internal_batch(bool only_full) {
  if (candidates_.empty()) return std::nullopt;
  const Suspicion suspicion = node(*candidates_.begin()).suspicion;
  Budget budget = batch_budget();
  if (suspicion) budget.transactions = std::min(budget.transactions, suspicion.limit);
  // One transaction is always worth a try, however large.
  budget.bytes = std::max(budget.bytes, node(*candidates_.begin()).tx.encoded_size);

  const BatchAttempt attempt = last_attempt_ + 1;
  std::vector<Arrival> chosen;
  for (auto next = candidates_.begin(); next != candidates_.end() && !budget.exhausted();) {
    const Arrival arrival = *next;
    const Node& candidate = node(arrival);
    if (candidate.suspicion.group == suspicion.group && budget.take(candidate.tx)) {
      select(arrival, attempt);
      chosen.push_back(arrival);
    }
    next = candidates_.upper_bound(arrival);
  }
  // Suspects are not kept waiting for company: the sooner they are tried, the sooner they are
  // clear.
  const bool is_full = budget.exhausted() || suspicion;
  if (chosen.empty() || (only_full && !is_full)) {
    for (auto last = chosen.rbegin(); last != chosen.rend(); ++last) deselect(*last);
    return std::nullopt;
  }
  last_attempt_ = attempt;
  last_was_user_batch_ = false;
  return open_batch(chosen, attempt);
}

SelectedBatch Mempool::open_batch(const std::vector<Arrival>& transactions, BatchAttempt attempt) {
  Batch& batch = batches_[attempt];
  batch.transactions = transactions;
  SelectedBatch selected{.attempt = attempt, .transactions = {}, .unauthenticated_notes = {}};
  for (const Arrival arrival : transactions) {
    const Node& member = node(arrival);
    selected.transactions.push_back(member.tx.transaction);
    for (const NoteId& note : member.tx.unauthenticated_notes) {
      if (node(creators_.at(note)).batch != attempt) selected.unauthenticated_notes.push_back(note);
    }
    for (const Arrival parent : member.parents) {
      const BatchAttempt builds_on = node(parent).batch;
      if (builds_on == attempt || !batch.parents.insert(builds_on).second) continue;
      Batch& above = batches_.at(builds_on);
      above.children.insert(attempt);
      if (above.stage == Stage::kProving || above.stage == Stage::kProven) ++batch.unplaced_parents;
    }
    if (member.suspicion && member.suspicion.since == Suspicion::Since::kBlock) {
      // A block at fault led here: tried alone, the batch says which half is to blame.
      batch.suspicion = {.group = ++last_group_, .limit = 1, .since = Suspicion::Since::kBlock};
    }
  }
  return selected;
}

bool Mempool::is_open(BatchAttempt attempt) const {
  const auto batch = batches_.find(attempt);
  return batch != batches_.end() && batch->second.stage == Stage::kProving;
}

bool Mempool::batch_proven(BatchAttempt attempt, std::shared_ptr<const ProvenBatch> batch,
                           size_t block_bytes) {
  const auto entry = batches_.find(attempt);
  if (entry == batches_.end() || entry->second.stage != Stage::kProving) return false;
  Batch& proven = entry->second;
  proven.stage = Stage::kProven;
  proven.proof = std::move(batch);
  proven.block_bytes = block_bytes;
  if (proven.unplaced_parents == 0) ready_.insert(attempt);
  for (const Arrival arrival : proven.transactions) {
    Suspicion& suspicion = node(arrival).suspicion;
    if (suspicion.since == Suspicion::Since::kBatch) suspicion = {};
  }
  return true;
}

}  // namespace miden
