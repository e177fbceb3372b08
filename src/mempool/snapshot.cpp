#include "mempool/snapshot.hpp"

namespace miden {

MempoolSnapshot Mempool::snapshot() const {
  const auto id = [&](Arrival arrival) { return node(arrival).tx.id; };
  const auto ids = [&](const auto& arrivals) {
    std::vector<TransactionId> list;
    for (const Arrival arrival : arrivals) list.push_back(id(arrival));
    return list;
  };
  const auto block = [&](const std::vector<BatchAttempt>& attempts) {
    MempoolSnapshot::Block batches;
    for (const BatchAttempt attempt : attempts) {
      batches.push_back(ids(batches_.at(attempt).transactions));
    }
    return batches;
  };

  MempoolSnapshot snapshot;
  snapshot.tip = tip_;
  std::map<Arrival, MempoolSnapshot::Transaction> in_order;
  for (const auto& [arrival, node] : nodes_) {
    const std::vector<TransactionId> parents = ids(node.parents);
    const auto batch = user_batches_.find(node.user_batch);
    in_order[arrival] = {
        .id = node.tx.id,
        .parents = {parents.begin(), parents.end()},
        .unauthenticated_notes = {node.tx.unauthenticated_notes.begin(),
                                  node.tx.unauthenticated_notes.end()},
        .is_candidate = candidates_.contains(arrival) || user_candidates_.contains(arrival),
        .is_selected = node.batch != 0,
        .user_batch =
            batch == user_batches_.end() ? std::vector<TransactionId>() : ids(batch->second)};
  }
  for (auto& [arrival, transaction] : in_order) {
    snapshot.transactions.push_back(std::move(transaction));
  }
  for (const auto& [attempt, batch] : batches_) {
    MempoolSnapshot::Batch& entry = snapshot.batches.emplace_back();
    entry.transactions = ids(batch.transactions);
    for (const BatchAttempt parent : batch.parents) {
      entry.parents.insert(id(batches_.at(parent).transactions.front()));
    }
    entry.is_proven = batch.stage != Stage::kProving;
  }
  if (pending_) snapshot.pending = block(*pending_);
  for (const auto& committed : committed_blocks_) snapshot.committed.push_back(block(committed));
  for (const auto& [note, creator] : creators_) snapshot.creators.emplace(note, id(creator));
  for (const auto& [nullifier, spender] : spenders_)
    snapshot.spenders.emplace(nullifier, id(spender));
  for (const auto& [account, lane] : lanes_.all()) {
    MempoolSnapshot::Lane entry{.commitment = lane.commitment, .slots = {}};
    for (const AccountLanes::Slot& slot : lane.slots) {
      const std::vector<TransactionId> readers = ids(slot.pass_throughs);
      entry.slots.emplace_back(slot.producer ? std::optional(id(*slot.producer)) : std::nullopt,
                               std::set<TransactionId>(readers.begin(), readers.end()));
    }
    snapshot.lanes.emplace(account, std::move(entry));
  }
  return snapshot;
}

}  // namespace miden
