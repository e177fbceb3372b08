// Who proves batches and blocks: this process or a service. spec/block-production.md §10, §14.
#pragma once

#include <chrono>
#include <limits>
#include <memory>
#include <stop_token>
#include <vector>

#include "engine/engine.hpp"
#include "engine/transaction_verifier.hpp"
#include "net/address.hpp"
#include "net/status.hpp"
#include "protocol/batch.hpp"

namespace miden {

// Both are safe from any thread; a stop that is requested ends a call early. A status says what to
// make of a failure, see judge_status.
class BatchProver {
 public:
  virtual ~BatchProver() = default;
  // Of the transactions of one batch, serialized.
  virtual size_t max_batch_bytes() const { return std::numeric_limits<size_t>::max(); }
  // Verifies every transaction's proof. The message of a refusal names the transactions at fault,
  // where they are known.
  virtual Answer<ProvenBatch> prove(const ProposedBatch& batch, const std::stop_token& stop) = 0;
};

class BlockProver {
 public:
  virtual ~BlockProver() = default;
  // BlockProofRequest -> BlockProof, which is empty in protocol 0.15.
  virtual Answer<Bytes> prove(ByteView block_proof_request, const std::stop_token& stop) = 0;
};

// Verifies only what `verifier` does not know: a transaction that this node's public API took is
// verified once.
std::unique_ptr<BatchProver> make_local_batch_prover(std::shared_ptr<TransactionVerifier> verifier);
std::unique_ptr<BlockProver> make_local_block_prover(std::shared_ptr<const Engine> engine);

struct RemoteProverOptions {
  // At least one. Each request goes to one of them, and to the next one when that fails.
  std::vector<ServiceUrl> urls;
  std::chrono::milliseconds timeout = std::chrono::seconds(10);  // of one attempt
  // Whether one that failed is left alone for some seconds: where somebody else can prove instead.
  bool spares_failed = false;
};
// UNAVAILABLE when none of them proves, OUT_OF_RANGE when the request is too large for all. A
// remote prover's batch is compared with the proposal, and what it says about a transaction's proof
// is looked at: it can be out of order or late, not lie. INVALID_ARGUMENT when `verifier` agrees
// that a proof is invalid.
std::unique_ptr<BatchProver> make_remote_batch_prover(
    const RemoteProverOptions& options, std::shared_ptr<TransactionVerifier> verifier);
std::unique_ptr<BlockProver> make_remote_block_prover(const RemoteProverOptions& options);

// Where proofs of one kind are made.
struct ProvingOptions {
  std::vector<ServiceUrl> urls;                                  // none: here
  std::chrono::milliseconds timeout = std::chrono::seconds(10);  // of one attempt at a remote one
  bool falls_back_to_local = false;  // whether proofs are made here while no remote prover works
};
std::unique_ptr<BatchProver> make_batch_prover(const ProvingOptions& options,
                                               std::shared_ptr<TransactionVerifier> verifier);
std::unique_ptr<BlockProver> make_block_prover(const ProvingOptions& options,
                                               std::shared_ptr<const Engine> engine);

}  // namespace miden
