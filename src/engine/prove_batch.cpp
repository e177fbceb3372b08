#include "engine/prove_batch.hpp"

namespace miden {

Result<ProvenBatch> prove_batch(const ProposedBatch& batch, TransactionVerifier& verifier,
                                const std::stop_token& stop) {
  for (const auto& transaction : batch.transactions()) {
    if (stop.stop_requested()) return fail("Stopped", "the batch is no longer needed");
    const Result<void> verified = verifier.verify(to_bytes(*transaction));
    if (verified) continue;
    if (verified.error().code == "EnginePanic") return std::unexpected(verified.error());
    return fail("TransactionVerificationFailed",
                "failed to verify transaction " + transaction->id.to_hex() +
                    " in transaction batch\ncaused by: " + verified.error().message);
  }
  return ProvenBatch::of(batch);
}

}  // namespace miden
