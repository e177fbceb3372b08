#include "engine/prove_batch.hpp"
#include "producer/provers.hpp"

namespace miden {
namespace {

// What the engine says about its input is a refusal of the request; that it gave up, or was
// stopped, is not.
Status status_of_engine(const Error& error) {
  if (error.code == "EnginePanic") return {StatusCode::kInternal, error.message};
  if (error.code == "Stopped") return {StatusCode::kCancelled, error.message};
  return {StatusCode::kInvalidArgument, error.message};
}

class LocalBatchProver final : public BatchProver {
 public:
  explicit LocalBatchProver(std::shared_ptr<TransactionVerifier> verifier)
      : verifier_(std::move(verifier)) {}

  Answer<ProvenBatch> prove(const ProposedBatch& batch, const std::stop_token& stop) override {
    Result<ProvenBatch> proven = prove_batch(batch, *verifier_, stop);
    if (!proven) return std::unexpected(status_of_engine(proven.error()));
    return *std::move(proven);
  }

 private:
  std::shared_ptr<TransactionVerifier> verifier_;
};

class LocalBlockProver final : public BlockProver {
 public:
  explicit LocalBlockProver(std::shared_ptr<const Engine> engine) : engine_(std::move(engine)) {}

  Answer<Bytes> prove(ByteView block_proof_request, const std::stop_token&) override {
    Result<Bytes> proof = engine_->prove_block(block_proof_request);
    if (!proof) return std::unexpected(status_of_engine(proof.error()));
    return std::move(*proof);
  }

 private:
  std::shared_ptr<const Engine> engine_;
};

}  // namespace

std::unique_ptr<BatchProver> make_local_batch_prover(
    std::shared_ptr<TransactionVerifier> verifier) {
  return std::make_unique<LocalBatchProver>(std::move(verifier));
}

std::unique_ptr<BlockProver> make_local_block_prover(std::shared_ptr<const Engine> engine) {
  return std::make_unique<LocalBlockProver>(std::move(engine));
}

}  // namespace miden
