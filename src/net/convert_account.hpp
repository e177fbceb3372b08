// Accounts. spec/types.md §15.2.
#pragma once

#include "net/convert_primitives.hpp"
#include "protocol/account.hpp"
#include "protocol/block.hpp"
#include "types/account.pb.h"

namespace miden {

::account::AccountId to_message(const AccountId& id);
::account::AccountHeader to_message(const AccountHeader& header);
::account::AccountStorageHeader to_message(const AccountStorageHeader& header);
// Both id fields get the id the witness is about.
::account::AccountWitness to_message(const AccountWitness& witness);

Result<AccountId> from_message(const ::account::AccountId& id);
Result<AccountHeader> from_message(const ::account::AccountHeader& header);
// Errors: a bad name, a slot type other than 0 and 1, slots out of order, twice or too many.
Result<AccountStorageHeader> from_message(const ::account::AccountStorageHeader& header);
// `account_id`, which only says what was asked for, is not read.
Result<AccountWitness> from_message(const ::account::AccountWitness& witness);

}  // namespace miden
