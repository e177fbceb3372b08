// Who builds on whom, and who is next. spec/block-production.md §6.2.
#include "mempool/mempool.hpp"

namespace miden {

// A transaction is a candidate when it waits and everything it builds on is in a batch. Members of
// a user batch are represented by the batch's first.
void Mempool::set_candidate(Arrival arrival, const Node& node, bool is_candidate) {
  if (node.user_batch != 0 && node.user_batch != arrival) return;
  std::set<Arrival>& queue = node.user_batch == 0 ? candidates_ : user_candidates_;
  if (is_candidate) {
    queue.insert(arrival);
  } else {
    queue.erase(arrival);
  }
}

// Requires a waiting transaction whose parents are all selected.
void Mempool::select(Arrival arrival, BatchAttempt batch) {
  Node& selected = node(arrival);
  set_candidate(arrival, selected, false);
  selected.batch = batch;
  --waiting_;
  for (const Arrival child : selected.children) {
    Node& below = node(child);
    if (--below.unselected_parents == 0) set_candidate(child, below, true);
  }
}

// Requires a selected transaction none of whose children is selected.
void Mempool::deselect(Arrival arrival) {
  Node& returned = node(arrival);
  for (const Arrival child : returned.children) {
    Node& below = node(child);
    if (below.unselected_parents++ == 0) set_candidate(child, below, false);
  }
  returned.batch = 0;
  ++waiting_;
  if (returned.unselected_parents == 0) set_candidate(arrival, returned, true);
}

// Takes back the admission of a waiting transaction that nothing builds on.
void Mempool::remove_leaf(Arrival arrival) {
  const auto entry = nodes_.find(arrival);
  const Node& leaf = entry->second;
  const AuthenticatedTransaction& tx = leaf.tx;
  set_candidate(arrival, leaf, false);
  --waiting_;
  for (const Arrival parent : leaf.parents) std::erase(node(parent).children, arrival);
  for (const Nullifier& nullifier : tx.nullifiers) spenders_.erase(nullifier);
  for (const NoteId& note : tx.output_notes) creators_.erase(note);
  lanes_.revert(tx.account_id, tx.initial_commitment, tx.final_commitment, arrival);
  expirations_.erase({tx.expiration_block_num, arrival});
  by_id_.erase(tx.id);
  nodes_.erase(entry);
}

MempoolStats Mempool::stats() const {
  MempoolStats stats{.unbatched_transactions = waiting_,
                     .uncommitted_transactions = nodes_.size() - committed_};
  for (const auto& [attempt, batch] : batches_) {
    if (batch.stage == Stage::kProving) ++stats.proposed_batches;
    if (batch.stage == Stage::kProven) ++stats.proven_batches;
  }
  return stats;
}

std::vector<Submission> Mempool::uncommitted() const {
  std::map<Arrival, Submission> by_arrival;
  for (const auto& [arrival, node] : nodes_) {
    const bool is_committed = node.batch != 0 && batches_.at(node.batch).stage == Stage::kCommitted;
    if (is_committed || node.user_batch != 0) continue;
    by_arrival[arrival].transactions = {node.tx.transaction};
  }
  for (const auto& [first, members] : user_batches_) {
    const BatchAttempt batch = node(first).batch;
    if (batch != 0 && batches_.at(batch).stage == Stage::kCommitted) continue;
    Submission& submission = by_arrival[first];
    submission.is_user_batch = true;
    for (const Arrival member : members) {
      submission.transactions.push_back(node(member).tx.transaction);
    }
  }
  std::vector<Submission> submissions;
  submissions.reserve(by_arrival.size());
  for (auto& [arrival, submission] : by_arrival) submissions.push_back(std::move(submission));
  return submissions;
}

std::string_view to_string(EvictionReason reason) {
  switch (reason) {
    case EvictionReason::kExpired:
      return "expired";
    case EvictionReason::kFailed:
      return "failed";
    case EvictionReason::kDependency:
      return "dependency";
    case EvictionReason::kSibling:
      return "sibling";
  }
  return "";
}

}  // namespace miden
