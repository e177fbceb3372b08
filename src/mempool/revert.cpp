// What does a failure cost, and whom? spec/block-production.md §6.8, §20 D3-D5.
#include <algorithm>
#include <ranges>

#include "mempool/mempool.hpp"

namespace miden {

std::vector<Eviction> Mempool::batch_failed(BatchAttempt attempt, const Failure& failure) {
  const auto entry = batches_.find(attempt);
  if (entry == batches_.end() || entry->second.stage != Stage::kProving) return {};
  if (failure.cause == Failure::Cause::kInfrastructure) {
    take_apart({attempt});
    return {};
  }
  return content_at_fault(attempt, find(failure.culprits), Suspicion::Since::kBatch);
}

Result<std::vector<Eviction>> Mempool::block_failed(BlockNum block_num, const Failure& failure) {
  TRY(check_pending(block_num));
  const std::vector<BatchAttempt> batches = std::move(*pending_);
  pending_.reset();
  for (const BatchAttempt attempt : batches | std::views::reverse) unplace(attempt);
  if (failure.cause == Failure::Cause::kInfrastructure || batches.empty()) {
    return std::vector<Eviction>();
  }

  last_block_failed_ = true;
  if (const std::vector<Arrival> culprits = find(failure.culprits); !culprits.empty()) {
    return isolate(culprits, Suspicion::Since::kBlock);
  }
  if (batches.size() == 1) {
    return content_at_fault(batches.front(), {}, Suspicion::Since::kBlock);
  }
  const Suspicion suspicion{
      .group = ++last_group_, .limit = batches.size() / 2, .since = Suspicion::Since::kBlock};
  for (const BatchAttempt attempt : batches) batches_.at(attempt).suspicion = suspicion;
  return std::vector<Eviction>();
}

// The batch cannot be as it is. Who is to blame shows when its halves are tried apart; a single
// transaction, or a user batch, which nobody may split, is to blame itself.
std::vector<Eviction> Mempool::content_at_fault(BatchAttempt attempt,
                                                const std::vector<Arrival>& culprits,
                                                Suspicion::Since since) {
  if (!culprits.empty()) return isolate(culprits, since);
  const std::vector<Arrival> members = batches_.at(attempt).transactions;
  if (members.size() == 1 || node(members.front()).user_batch != 0) return isolate(members, since);
  take_apart({attempt});
  const Suspicion suspicion{.group = ++last_group_, .limit = members.size() / 2, .since = since};
  for (const Arrival member : members) node(member).suspicion = suspicion;
  return {};
}

// Each of these failed by its own fault: it is tried alone from now on, and not forever.
std::vector<Eviction> Mempool::isolate(const std::vector<Arrival>& culprits,
                                       Suspicion::Since since) {
  std::set<BatchAttempt> batches;
  std::map<Arrival, EvictionReason> failed;
  for (const Arrival arrival : culprits) {
    Node& culprit = node(arrival);
    if (culprit.batch != 0) batches.insert(culprit.batch);
    culprit.suspicion = {.group = ++last_group_, .limit = 1, .since = since};
    if (++culprit.failures >= options_.max_failures)
      failed.emplace(arrival, EvictionReason::kFailed);
  }
  take_apart(batches);
  return evict(failed);
}

// Uncommitted transactions with these ids; others cannot be at fault.
std::vector<Arrival> Mempool::find(const std::vector<TransactionId>& ids) const {
  std::vector<Arrival> found;
  for (const TransactionId& id : ids) {
    const auto known = by_id_.find(id);
    if (known == by_id_.end()) continue;
    const BatchAttempt batch = node(known->second).batch;
    if (batch != 0) {
      const Stage stage = batches_.at(batch).stage;
      if (stage == Stage::kPending || stage == Stage::kCommitted) continue;
    }
    if (std::ranges::find(found, known->second) == found.end()) found.push_back(known->second);
  }
  return found;
}

// These batches and all that build on them are gone, their transactions wait again in their old
// places. None may be in a block.
void Mempool::take_apart(const std::set<BatchAttempt>& roots) {
  std::set<BatchAttempt> affected;
  std::vector<BatchAttempt> open(roots.begin(), roots.end());
  while (!open.empty()) {
    const BatchAttempt attempt = open.back();
    open.pop_back();
    if (!affected.insert(attempt).second) continue;
    const std::set<BatchAttempt>& children = batches_.at(attempt).children;
    open.insert(open.end(), children.begin(), children.end());
  }
  // A batch is selected after those that it builds on.
  for (const BatchAttempt attempt : affected | std::views::reverse) {
    const Batch& batch = batches_.at(attempt);
    for (const Arrival member : batch.transactions | std::views::reverse) deselect(member);
    for (const BatchAttempt parent : batch.parents) batches_.at(parent).children.erase(attempt);
    ready_.erase(attempt);
    batches_.erase(attempt);
  }
}

// Removes uncommitted transactions with all that build on them and all that share their user batch.
std::vector<Eviction> Mempool::evict(const std::map<Arrival, EvictionReason>& roots) {
  std::map<Arrival, EvictionReason> doomed;
  std::vector<std::pair<Arrival, EvictionReason>> open(roots.rbegin(), roots.rend());
  while (!open.empty()) {
    const auto [arrival, reason] = open.back();
    open.pop_back();
    if (!doomed.emplace(arrival, reason).second) continue;
    const Node& evicted = node(arrival);
    for (const Arrival child : evicted.children) {
      open.insert(open.begin(), {child, EvictionReason::kDependency});
    }
    if (evicted.user_batch == 0) continue;
    for (const Arrival sibling : user_batches_.at(evicted.user_batch)) {
      if (!doomed.contains(sibling)) open.insert(open.begin(), {sibling, EvictionReason::kSibling});
    }
  }

  std::set<BatchAttempt> batches;
  for (const auto& [arrival, reason] : doomed) {
    if (node(arrival).batch != 0) batches.insert(node(arrival).batch);
  }
  take_apart(batches);

  std::vector<Eviction> evictions;
  for (const auto& [arrival, reason] : doomed) {
    evictions.push_back({node(arrival).tx.id, reason});
    if (node(arrival).user_batch == arrival) user_batches_.erase(arrival);
  }
  // What builds on a transaction arrived after it.
  for (const Arrival arrival : doomed | std::views::keys | std::views::reverse)
    remove_leaf(arrival);
  return evictions;
}

}  // namespace miden
