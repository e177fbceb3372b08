#include <fmt/format.h>

#include <algorithm>

#include "producer/judge_status.hpp"
#include "producer/prover_services.hpp"
#include "producer/provers.hpp"
#include "protocol/block.hpp"
#include "remote_prover.pb.h"

namespace miden {
namespace {

class RemoteBatchProver final : public BatchProver {
 public:
  RemoteBatchProver(const RemoteProverOptions& options,
                    std::shared_ptr<TransactionVerifier> verifier)
      : services_(options), verifier_(std::move(verifier)) {}

  // A reference prover receives at most 4 MiB, the part of the chain that a batch refers to
  // included.
  size_t max_batch_bytes() const override { return (size_t{4} << 20) - (size_t{512} << 10); }

  Answer<ProvenBatch> prove(const ProposedBatch& batch, const std::stop_token& stop) override {
    const ProvenBatch expected = ProvenBatch::of(batch);
    Answer<ProvenBatch> proven = services_.prove_as<ProvenBatch>(
        ::remote_prover::BATCH, to_bytes(batch),
        [&](ByteView bytes) -> Answer<ProvenBatch> {
          Result<ProvenBatch> read = from_bytes<ProvenBatch>(bytes);
          if (!read) {
            return refuse(StatusCode::kInternal, "prover sent no batch: " + read.error().message);
          }
          if (*read != expected) return refuse(StatusCode::kInternal, "prover sent another batch");
          return *std::move(read);
        },
        stop);
    if (proven || stop.stop_requested()) return proven;
    return judged(batch, std::move(proven).error());
  }

 private:
  // Provers name the transaction whose proof they find invalid. One of another release would say so
  // of every proof, so that is looked at here.
  Answer<ProvenBatch> judged(const ProposedBatch& batch, Status status) {
    const std::vector<TransactionId> accused = ids_in(status.message);
    std::string guilty;
    for (const auto& transaction : batch.transactions()) {
      if (std::ranges::find(accused, transaction->id) == accused.end()) continue;
      const Result<void> verified = verifier_->verify(to_bytes(*transaction));
      if (verified || verified.error().code == "EnginePanic") continue;
      guilty += fmt::format("failed to verify transaction {}\ncaused by: {}\n",
                            transaction->id.to_hex(), verified.error().message);
    }
    if (!guilty.empty()) return invalid_argument(std::move(guilty));
    return std::unexpected(std::move(status));
  }

  ProverServices services_;
  std::shared_ptr<TransactionVerifier> verifier_;
};

class RemoteBlockProver final : public BlockProver {
 public:
  explicit RemoteBlockProver(const RemoteProverOptions& options) : services_(options) {}

  // A BlockProofRequest, as provers expect it; the reference's sequencer sends something else
  // (§14.4).
  Answer<Bytes> prove(ByteView block_proof_request, const std::stop_token& stop) override {
    return services_.prove_as<Bytes>(
        ::remote_prover::BLOCK, block_proof_request,
        [](ByteView bytes) -> Answer<Bytes> {
          // What is behind the proof is not kept.
          return to_bytes(TRY(from_bytes<BlockProof>(bytes)));
        },
        stop);
  }

 private:
  ProverServices services_;
};

}  // namespace

std::unique_ptr<BatchProver> make_remote_batch_prover(
    const RemoteProverOptions& options, std::shared_ptr<TransactionVerifier> verifier) {
  return std::make_unique<RemoteBatchProver>(options, std::move(verifier));
}

std::unique_ptr<BlockProver> make_remote_block_prover(const RemoteProverOptions& options) {
  return std::make_unique<RemoteBlockProver>(options);
}

}  // namespace miden
