// Transactions. spec/types.md §15.4.
#pragma once

#include "net/convert_note.hpp"
#include "protocol/transaction.hpp"
#include "types/transaction.pb.h"

namespace miden {

::transaction::TransactionId to_message(const TransactionId& id);
::transaction::InputNoteCommitment to_message(const InputNoteCommitment& note);
// All output notes, erased ones included.
::transaction::TransactionHeader to_message(const TransactionHeader& header);

Result<TransactionId> from_message(const ::transaction::TransactionId& id);
Result<InputNoteCommitment> from_message(const ::transaction::InputNoteCommitment& note);
// The id is computed; an id in the message that differs is refused.
Result<TransactionHeader> from_message(const ::transaction::TransactionHeader& header);

}  // namespace miden
