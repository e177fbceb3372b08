// How a refused submission reads: code, text and the byte by which clients tell the cases apart.
// spec/store-rpc.md §15, block-production.md §7.2.
#pragma once

#include "net/status.hpp"

namespace miden {

// Of the mempool's refusal: Expired 1, conflicts 2, CapacityExceeded 3, everything else 0.
Status submission_status(const Error& error);

// 0: whose cause is not for clients, such as a nullifier that is already spent on the chain.
Status internal_submission_status();

}  // namespace miden
