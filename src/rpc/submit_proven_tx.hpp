// From a client's bytes to a transaction that the node takes over. spec/store-rpc.md §18.1,
// block-production.md §4.1.
#pragma once

#include "chain/state_view.hpp"
#include "engine/transaction_verifier.hpp"
#include "rpc/transaction_submitter.hpp"

namespace transaction {
class ProvenTransaction;
}

namespace miden {

// Steps 1 to 6: decode, reference block, rules that decoding leaves out, gate of network accounts,
// proof. Nothing is changed anywhere. `is_network_authorized` opens the gate.
Answer<CheckedTransaction> check_submission(const StateView& view, TransactionVerifier& verifier,
                                            const ::transaction::ProvenTransaction& request,
                                            bool is_network_authorized);

}  // namespace miden
