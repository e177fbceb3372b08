// A submission as the journal keeps it.
#pragma once

#include "mempool/mempool.hpp"

namespace miden {

Bytes encode_submission(const Submission& submission);
// Errors: those of ProvenTransaction::decode; InvalidValue for anything else that was not written
// by encode_submission.
Result<Submission> decode_submission(ByteView bytes);

}  // namespace miden
