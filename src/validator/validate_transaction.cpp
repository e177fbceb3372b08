#include "validator/validate_transaction.hpp"

#include <fmt/format.h>

namespace miden {

Result<ReexecutedTransaction> validate_transaction(
    const Engine& engine, const ProvenTransaction& transaction, ByteView proven_tx,
    ByteView tx_inputs, const std::function<std::optional<BlockHeader>(BlockNum)>& header) {
  // Cheapest first: a transaction on another chain is not worth a verification.
  const auto reference = header(transaction.ref_block_num);
  if (!reference || reference->commitment() != transaction.ref_block_commitment) {
    return fail(
        "UnknownReferenceBlock",
        fmt::format("reference block {} with commitment {} is not on this validator's chain",
                    transaction.ref_block_num.value, transaction.ref_block_commitment.to_hex()));
  }
  if (const auto verified = engine.verify_transaction(proven_tx); !verified) {
    return fail("ProofVerificationFailed",
                "transaction proof verification failed\ncaused by: " + verified.error().message);
  }
  auto executed = engine.reexecute_transaction(tx_inputs);
  if (!executed) {
    if (executed.error().code == "DeserializationError") {
      return fail("InvalidInputs", executed.error().message);
    }
    return fail("ReexecutionFailed",
                "failed to re-executed the transaction\ncaused by: " + executed.error().message);
  }
  const auto header_of_inputs = from_bytes<TransactionHeader>(executed->header);
  if (!header_of_inputs || *header_of_inputs != TransactionHeader::of(transaction)) {
    return fail("Mismatch",
                "re-executed transaction did not match the provided proven transaction");
  }
  return executed;
}

}  // namespace miden
