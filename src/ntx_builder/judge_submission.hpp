// What does a node's answer to a submission say about the transaction? spec/ntx-builder.md §16.
#pragma once

#include "net/status.hpp"

namespace miden {

enum class SubmissionVerdict {
  // It may be in a mempool; the chain will tell. For a lost answer, for the node's own faults, and
  // for a conflict: what is in the way may be the same transaction, submitted before.
  kAccepted,
  kUnknown,
  kConflict,
  // It is in no mempool.
  kNotNow,      // busy, or no room
  kNotAllowed,  // the node takes none of a network account from this caller
  kLate,        // it would expire too soon
  kTooLarge,    // for a message
  kRefused,     // anything else that the node holds against it
};

SubmissionVerdict judge_submission(const Answer<>& answer);

}  // namespace miden
