// What does the chain say about a transaction's inputs? spec/block-production.md §5.
#pragma once

#include "chain/state_view.hpp"
#include "mempool/authenticated_transaction.hpp"

namespace miden {

// All answers are from this one view, height included (§20 D10). Errors: NullifiersAlreadyExist,
// NoteCreatedAndConsumed, AccountIdPrefixTaken (a new account whose prefix another one has).
Result<AuthenticatedTransaction> authenticate(const StateView& view,
                                              std::shared_ptr<const ProvenTransaction> transaction,
                                              size_t encoded_size = 0);

}  // namespace miden
