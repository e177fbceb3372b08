// Local, remote, or remote and local when that fails.
#include "producer/provers.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

// Whether somebody else may be asked about the same: an invalid transaction stays invalid.
bool is_final(const Status& status, const std::stop_token& stop) {
  return stop.stop_requested() || status.code == StatusCode::kInvalidArgument;
}

void log_fallback(std::string_view what, const Status& status) {
  log_warn("no remote prover, proving here",
           {{"kind", what}, {"status", to_string(status.code)}, {"message", status.message}});
}

class FallbackBatchProver final : public BatchProver {
 public:
  FallbackBatchProver(std::unique_ptr<BatchProver> first, std::unique_ptr<BatchProver> second)
      : first_(std::move(first)), second_(std::move(second)) {}
  size_t max_batch_bytes() const override { return first_->max_batch_bytes(); }
  Answer<ProvenBatch> prove(const ProposedBatch& batch, const std::stop_token& stop) override {
    Answer<ProvenBatch> proven = first_->prove(batch, stop);
    if (proven || is_final(proven.error(), stop)) return proven;
    log_fallback("batch", proven.error());
    return second_->prove(batch, stop);
  }

 private:
  std::unique_ptr<BatchProver> first_;
  std::unique_ptr<BatchProver> second_;
};

class FallbackBlockProver final : public BlockProver {
 public:
  FallbackBlockProver(std::unique_ptr<BlockProver> first, std::unique_ptr<BlockProver> second)
      : first_(std::move(first)), second_(std::move(second)) {}
  Answer<Bytes> prove(ByteView block_proof_request, const std::stop_token& stop) override {
    Answer<Bytes> proof = first_->prove(block_proof_request, stop);
    if (proof || is_final(proof.error(), stop)) return proof;
    log_fallback("block", proof.error());
    return second_->prove(block_proof_request, stop);
  }

 private:
  std::unique_ptr<BlockProver> first_;
  std::unique_ptr<BlockProver> second_;
};

RemoteProverOptions remote_options(const ProvingOptions& options) {
  return {.urls = options.urls,
          .timeout = options.timeout,
          .spares_failed = options.falls_back_to_local};
}

}  // namespace

std::unique_ptr<BatchProver> make_batch_prover(const ProvingOptions& options,
                                               std::shared_ptr<TransactionVerifier> verifier) {
  if (options.urls.empty()) return make_local_batch_prover(std::move(verifier));
  auto remote = make_remote_batch_prover(remote_options(options), verifier);
  if (!options.falls_back_to_local) return remote;
  return std::make_unique<FallbackBatchProver>(std::move(remote),
                                               make_local_batch_prover(std::move(verifier)));
}

std::unique_ptr<BlockProver> make_block_prover(const ProvingOptions& options,
                                               std::shared_ptr<const Engine> engine) {
  if (options.urls.empty()) return make_local_block_prover(std::move(engine));
  auto remote = make_remote_block_prover(remote_options(options));
  if (!options.falls_back_to_local) return remote;
  return std::make_unique<FallbackBlockProver>(std::move(remote),
                                               make_local_block_prover(std::move(engine)));
}

}  // namespace miden
