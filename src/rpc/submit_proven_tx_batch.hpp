// From a client's bytes to a batch that the node takes over. spec/store-rpc.md §18.2.
#pragma once

#include <stop_token>

#include "chain/state_view.hpp"
#include "engine/transaction_verifier.hpp"
#include "rpc/transaction_submitter.hpp"

namespace transaction {
class TransactionBatch;
}

namespace miden {

// Steps 1 to 6: decode both, reference block, inputs, gate of network accounts, prove the batch
// again and compare. Nothing is changed anywhere. `is_network_authorized` opens the gate. A batch
// may take many verifications: between them it is given up once the stop is requested.
Answer<CheckedBatch> check_batch_submission(const StateView& view, TransactionVerifier& verifier,
                                            const ::transaction::TransactionBatch& request,
                                            bool is_network_authorized,
                                            const std::stop_token& stop = {});

}  // namespace miden
