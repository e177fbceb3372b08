// Is this transaction what its private inputs say? spec/node-and-validator.md §8.2.
#pragma once

#include <functional>
#include <optional>

#include "engine/engine.hpp"
#include "protocol/block_header.hpp"
#include "protocol/transaction.hpp"

namespace miden {

// Verifies the proof, executes the transaction again from its inputs and compares the two headers.
// Beyond the reference, the reference block must be one of `header`'s. Takes milliseconds of the
// calling thread. `proven_tx` are the bytes of `transaction`.
//
// Errors: UnknownReferenceBlock, ProofVerificationFailed, InvalidInputs (they do not decode),
// ReexecutionFailed, Mismatch; their messages begin as the reference's do.
Result<ReexecutedTransaction> validate_transaction(
    const Engine& engine, const ProvenTransaction& transaction, ByteView proven_tx,
    ByteView tx_inputs, const std::function<std::optional<BlockHeader>(BlockNum)>& header);

}  // namespace miden
