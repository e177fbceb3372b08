// What does a failed call say about what was sent? spec/block-production.md §20 D3.
#pragma once

#include <vector>

#include "mempool/mempool.hpp"
#include "net/status.hpp"

namespace miden {

// Outages, timeouts, full queues and faults of the other side are infrastructure: the same request
// may succeed later. Only a refusal of the request itself (INVALID_ARGUMENT, or that it is too
// large) is about its content; transactions that its message names are the culprits.
Failure judge_status(const Status& status);

// Ids, written "0x" and 64 digits, that occur in `text`.
std::vector<TransactionId> ids_in(std::string_view text);

}  // namespace miden
