// From a proposed batch to a proven one. spec/block-production.md §10.
#pragma once

#include <stop_token>

#include "engine/transaction_verifier.hpp"
#include "protocol/batch.hpp"

namespace miden {

// What Engine::prove_batch gives, without asking again about transactions that have been verified:
// in protocol 0.15 a batch is proven by verifying its transactions, in order. Errors:
//   TransactionVerificationFailed   the message names the transaction and has the causes below
//   EnginePanic
//   Stopped                         the stop was requested before the end
Result<ProvenBatch> prove_batch(const ProposedBatch& batch, TransactionVerifier& verifier,
                                const std::stop_token& stop = {});

}  // namespace miden
