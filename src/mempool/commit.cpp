// What changes when a block is in the chain? spec/block-production.md §6.8.
#include <algorithm>
#include <string>

#include "mempool/mempool.hpp"

namespace miden {

Result<void> Mempool::check_pending(BlockNum block_num) const {
  if (!pending_) return fail("NoPendingBlock", "no block is being built");
  if (block_num != tip_.next()) {
    return fail("BlockNumberMismatch", "block " + std::to_string(tip_.next().value) +
                                           " is being built, not block " +
                                           std::to_string(block_num.value));
  }
  return {};
}

Result<std::vector<Eviction>> Mempool::block_committed(BlockNum block_num) {
  TRY(check_pending(block_num));
  for (const BatchAttempt attempt : *pending_) {
    Batch& batch = batches_.at(attempt);
    batch.stage = Stage::kCommitted;
    batch.proof.reset();
    committed_ += batch.transactions.size();
    for (const Arrival arrival : batch.transactions) {
      const Node& included = node(arrival);
      expirations_.erase({included.tx.expiration_block_num, arrival});
      if (included.user_batch == arrival) user_batches_.erase(arrival);
    }
  }
  committed_blocks_.push_back(std::move(*pending_));
  pending_.reset();
  tip_ = block_num;
  if (committed_blocks_.size() > options_.retained_blocks) prune_oldest_block();
  return sweep_expired();
}

// Whoever submits now has looked at a chain that contains this block: it need not be remembered
// here.
void Mempool::prune_oldest_block() {
  const std::vector<BatchAttempt> block = std::move(committed_blocks_.front());
  committed_blocks_.pop_front();
  for (const BatchAttempt attempt : block) {
    const Batch& batch = batches_.at(attempt);
    for (const Arrival arrival : batch.transactions) {
      const auto entry = nodes_.find(arrival);
      const Node& pruned = entry->second;
      const AuthenticatedTransaction& tx = pruned.tx;
      for (const Arrival child : pruned.children) {
        Node& below = node(child);
        std::erase(below.parents, arrival);
        // The chain vouches for the notes now.
        std::erase_if(below.tx.unauthenticated_notes, [&](const NoteId& note) {
          return std::ranges::find(tx.output_notes, note) != tx.output_notes.end();
        });
      }
      for (const Nullifier& nullifier : tx.nullifiers) spenders_.erase(nullifier);
      for (const NoteId& note : tx.output_notes) creators_.erase(note);
      lanes_.prune(tx.account_id, arrival);
      by_id_.erase(tx.id);
      nodes_.erase(entry);
      --committed_;
    }
    for (const BatchAttempt child : batch.children) batches_.at(child).parents.erase(attempt);
    batches_.erase(attempt);
  }
}

std::vector<Eviction> Mempool::sweep_expired() {
  std::map<Arrival, EvictionReason> expired;
  for (const auto& [expiration, arrival] : expirations_) {
    if (expiration > tip_) break;
    expired.emplace(arrival, EvictionReason::kExpired);
  }
  return evict(expired);
}

std::vector<Submission> Mempool::restart_at(BlockNum tip) {
  std::vector<Submission> submissions = uncommitted();
  Mempool fresh(options_, tip);
  fresh.last_arrival_ = last_arrival_;
  fresh.last_attempt_ = last_attempt_;
  *this = std::move(fresh);
  return submissions;
}

}  // namespace miden
