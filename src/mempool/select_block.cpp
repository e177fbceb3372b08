// Which batches go into the next block? spec/block-production.md §6.8, §8.2.
#include <algorithm>

#include "mempool/mempool.hpp"

namespace miden {

Result<SelectedBlock> Mempool::select_block() {
  if (pending_) return fail("BlockAlreadyPending", "a block is being built already");

  // Suspected batches are tried with no others, so that a failure tells something. After a failed
  // block the others get a turn first, if there are any: a bad batch must not stop everybody.
  const auto is_suspect = [&](BatchAttempt attempt) {
    return static_cast<bool>(batches_.at(attempt).suspicion);
  };
  auto first = std::ranges::find_if(
      ready_, [&](BatchAttempt attempt) { return is_suspect(attempt) != last_block_failed_; });
  if (first == ready_.end()) first = ready_.begin();
  last_block_failed_ = false;

  SelectedBlock block{.block_num = tip_.next(), .batches = {}};
  std::vector<BatchAttempt>& placed = pending_.emplace();
  if (first == ready_.end()) return block;

  const Suspicion suspicion = batches_.at(*first).suspicion;
  const size_t limit = suspicion ? std::min(options_.max_batches_per_block, suspicion.limit)
                                 : options_.max_batches_per_block;
  size_t bytes = 0;
  for (auto next = ready_.begin(); next != ready_.end() && placed.size() < limit;) {
    const BatchAttempt attempt = *next;
    const Batch& batch = batches_.at(attempt);
    // One batch is always worth a try, however large.
    const bool fits = placed.empty() || bytes + batch.block_bytes <= options_.max_bytes_per_block;
    if (batch.suspicion.group == suspicion.group && fits) {
      bytes += batch.block_bytes;
      place(attempt);
      placed.push_back(attempt);
      block.batches.push_back(batch.proof);
    }
    next = ready_.upper_bound(attempt);
  }
  return block;
}

Result<SelectedBlock> Mempool::select_empty_block() {
  if (pending_) return fail("BlockAlreadyPending", "a block is being built already");
  pending_.emplace();
  return SelectedBlock{.block_num = tip_.next(), .batches = {}};
}

void Mempool::place(BatchAttempt attempt) {
  Batch& batch = batches_.at(attempt);
  batch.stage = Stage::kPending;
  ready_.erase(attempt);
  for (const BatchAttempt child : batch.children) {
    Batch& below = batches_.at(child);
    if (--below.unplaced_parents == 0 && below.stage == Stage::kProven) ready_.insert(child);
  }
}

// Requires that no batch that builds on this one is placed.
void Mempool::unplace(BatchAttempt attempt) {
  Batch& batch = batches_.at(attempt);
  batch.stage = Stage::kProven;
  for (const BatchAttempt child : batch.children) {
    if (batches_.at(child).unplaced_parents++ == 0) ready_.erase(child);
  }
  if (batch.unplaced_parents == 0) ready_.insert(attempt);
}

}  // namespace miden
