// Is everything as spec/block-production.md §19 says? For tests; looks at all there is.
#include <algorithm>
#include <string>

#include "mempool/mempool.hpp"

namespace miden {

std::optional<std::string> Mempool::broken_invariant() const {
  size_t waiting = 0;
  size_t committed = 0;
  size_t nullifiers = 0;
  size_t notes = 0;
  for (const auto& [arrival, node] : nodes_) {
    const auto broken = [&](const char* what) { return node.tx.id.to_hex() + " " + what; };
    size_t unselected_parents = 0;
    for (const Arrival parent : node.parents) {
      if (parent >= arrival) return broken("builds on a later transaction (I1)");
      const auto above = nodes_.find(parent);
      if (above == nodes_.end()) return broken("builds on a transaction that is gone (I1)");
      if (std::ranges::count(above->second.children, arrival) != 1) {
        return broken("is not among its parent's children");
      }
      if (above->second.batch == 0) ++unselected_parents;
    }
    for (const Arrival child : node.children) {
      if (!nodes_.contains(child)) return broken("has a child that is gone");
    }
    if (node.unselected_parents != unselected_parents) return broken("miscounts its parents");
    if (node.batch != 0 && unselected_parents != 0) return broken("is selected too early (I2)");

    const bool is_representative = node.user_batch == 0 || node.user_batch == arrival;
    const bool should_wait = node.batch == 0 && unselected_parents == 0 && is_representative;
    const std::set<Arrival>& queue = node.user_batch == 0 ? candidates_ : user_candidates_;
    if (queue.contains(arrival) != should_wait) return broken("is wrongly a candidate or not (I3)");

    bool is_committed = false;
    if (node.batch == 0) {
      ++waiting;
    } else {
      const auto batch = batches_.find(node.batch);
      if (batch == batches_.end()) return broken("is in a batch that is gone (I4)");
      if (std::ranges::count(batch->second.transactions, arrival) != 1) {
        return broken("is not in its batch (I4)");
      }
      is_committed = batch->second.stage == Stage::kCommitted;
    }
    committed += is_committed ? 1 : 0;
    if (expirations_.contains({node.tx.expiration_block_num, arrival}) == is_committed) {
      return broken("is wrongly watched for expiry or not");
    }
    if (!is_committed && node.tx.expiration_block_num <= tip_) return broken("has expired");

    for (const Nullifier& nullifier : node.tx.nullifiers) {
      const auto spender = spenders_.find(nullifier);
      if (spender == spenders_.end() || spender->second != arrival)
        return broken("misses a nullifier (I5)");
    }
    for (const NoteId& note : node.tx.output_notes) {
      const auto creator = creators_.find(note);
      if (creator == creators_.end() || creator->second != arrival)
        return broken("misses a note (I5)");
    }
    for (const NoteId& note : node.tx.unauthenticated_notes) {
      if (!creators_.contains(note)) return broken("consumes a note of nobody");
    }
    nullifiers += node.tx.nullifiers.size();
    notes += node.tx.output_notes.size();
    if (lanes_.commitment(node.tx.account_id) == nullptr) return broken("has no lane (I5)");
  }
  if (nullifiers != spenders_.size()) return "nullifiers of nobody remain (I5)";
  if (notes != creators_.size()) return "notes of nobody remain (I5)";
  if (nodes_.size() != by_id_.size()) return "ids of nobody remain";
  if (waiting != waiting_ || committed != committed_) return "transactions are miscounted";

  size_t in_lanes = 0;
  for (const auto& [account, lane] : lanes_.all()) {
    if (lane.slots.empty()) return "an empty lane remains";
    for (const AccountLanes::Slot& slot : lane.slots) {
      in_lanes += slot.pass_throughs.size() + (slot.producer ? 1 : 0);
    }
  }
  // A pruned producer has left its slot, and its node is gone too.
  if (in_lanes != nodes_.size()) return "lanes and transactions differ (I5)";

  std::map<BatchAttempt, size_t> in_blocks;
  for (const auto& block : committed_blocks_) {
    for (const BatchAttempt attempt : block) ++in_blocks[attempt];
  }
  if (pending_) {
    for (const BatchAttempt attempt : *pending_) ++in_blocks[attempt];
  }
  if (committed_blocks_.size() > options_.retained_blocks) return "too many blocks are kept (I10)";
  for (const auto& [attempt, batch] : batches_) {
    const auto broken = [&](const char* what) {
      return "batch " + std::to_string(attempt) + " " + what;
    };
    if (batch.transactions.empty()) return broken("is empty");
    std::set<BatchAttempt> parents;
    std::set<Arrival> seen;
    for (const Arrival member : batch.transactions) {
      if (node(member).batch != attempt) return broken("holds another batch's transaction (I4)");
      for (const Arrival parent : node(member).parents) {
        if (node(parent).batch == attempt) {
          if (!seen.contains(parent)) return broken("is not in order (I7)");
        } else {
          parents.insert(node(parent).batch);
        }
      }
      seen.insert(member);
      if (node(member).user_batch != node(batch.transactions.front()).user_batch) {
        return broken("mixes a user batch with others (I13)");
      }
    }
    if (parents != batch.parents) return broken("has other parents than its transactions (I6)");
    size_t unplaced = 0;
    for (const BatchAttempt parent : batch.parents) {
      const Batch& above = batches_.at(parent);
      if (!above.children.contains(attempt)) return broken("is not among its parent's children");
      if (above.stage == Stage::kProving || above.stage == Stage::kProven) ++unplaced;
    }
    if (unplaced != batch.unplaced_parents) return broken("miscounts its parents");
    const bool is_placed = batch.stage == Stage::kPending || batch.stage == Stage::kCommitted;
    if (is_placed && unplaced != 0) return broken("is in a block before its parents (I7)");
    if (in_blocks[attempt] != (is_placed ? 1 : 0))
      return broken("is wrongly in a block or not (I8)");
    const bool is_ready = batch.stage == Stage::kProven && unplaced == 0;
    if (ready_.contains(attempt) != is_ready) return broken("is wrongly ready or not");
  }
  for (const auto& [first, members] : user_batches_) {
    for (const Arrival member : members) {
      if (node(member).user_batch != first || node(member).batch != node(first).batch) {
        return "user batch " + std::to_string(first) + " is torn (I13)";
      }
    }
  }
  return std::nullopt;
}

}  // namespace miden
