// How a refused submission reads on the wire. spec/block-production.md §7.2.
#pragma once

#include "net/status.hpp"

namespace miden {

// `grpc-status-details-bin` of a refused submission: one byte.
enum class SubmissionError : uint8_t {
  kInternal = 0,
  kExpired = 1,
  kStateConflict = 2,
  kCapacityExceeded = 3,
};

// From an error of Mempool::admit and its kin, or of authentication; SpentInChain is what a single
// transaction's NullifiersAlreadyExist is called there. Codes and details are the reference's. Its
// message for what it numbers 0 is always "Internal error": here that is only for this node's own
// failures, which are logged; what the caller did is told.
Status submission_status(const Error& error);

}  // namespace miden
