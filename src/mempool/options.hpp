// What bounds the mempool, its batches and its blocks. spec/block-production.md §3, §8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "protocol/constants.hpp"

namespace miden {

struct MempoolOptions {
  // Uncommitted transactions: waiting, in batches and in the pending block together (§20 D7).
  size_t transaction_capacity = 1280;

  size_t max_transactions_per_batch = 8;
  size_t max_accounts_per_batch = kMaxAccountsPerBatch;
  size_t max_input_notes_per_batch = kMaxInputNotesPerBatch;
  size_t max_output_notes_per_batch = kMaxOutputNotesPerBatch;
  // Of serialized transactions: what a remote prover's message limit leaves.
  size_t max_bytes_per_batch = std::numeric_limits<size_t>::max();

  size_t max_batches_per_block = 8;
  // Of the serialized proposal, as weighed by whoever reports a batch proven: a reference validator
  // receives at most 4 MiB (§8.2), of which some is left for what is not weighed.
  size_t max_bytes_per_block = (size_t{4} << 20) - (size_t{512} << 10);

  size_t retained_blocks = 5;  // committed blocks against which late submissions are still checked
  uint32_t expiration_slack = 2;  // blocks that a transaction must outlive the tip by
  uint32_t max_failures = 3;      // at this many proven faults of its own a transaction is evicted
};

}  // namespace miden
