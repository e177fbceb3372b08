#include "net/channel.hpp"
#include "producer/provers.hpp"
#include "remote_prover.grpc.pb.h"

namespace miden {
namespace {

class ProverClient {
 public:
  explicit ProverClient(const RemoteProverOptions& options)
      : timeout_(options.timeout),
        stub_(::remote_prover::Api::NewStub(make_channel(options.url))) {}

  Answer<Bytes> prove(::remote_prover::ProofType type, ByteView payload,
                      const std::stop_token& stop) const {
    ::remote_prover::ProofRequest request;
    request.set_proof_type(type);
    request.set_payload(payload.data(), payload.size());
    const ::remote_prover::Proof proof =
        TRY((call_unary<::remote_prover::Api::Stub, ::remote_prover::ProofRequest,
                        ::remote_prover::Proof>(*stub_, &::remote_prover::Api::Stub::Prove, request,
                                                {.timeout = timeout_}, stop)));
    const ByteView bytes = as_bytes(proof.payload());
    return Bytes(bytes.begin(), bytes.end());
  }

 private:
  std::chrono::milliseconds timeout_;
  std::unique_ptr<::remote_prover::Api::Stub> stub_;
};

class RemoteBatchProver final : public BatchProver {
 public:
  explicit RemoteBatchProver(const RemoteProverOptions& options) : client_(options) {}

  // A reference prover receives at most 4 MiB, the part of the chain that a batch refers to
  // included.
  size_t max_batch_bytes() const override { return (size_t{4} << 20) - (size_t{512} << 10); }

  Answer<ProvenBatch> prove(const ProposedBatch& batch, const std::stop_token& stop) override {
    const Bytes bytes = TRY(client_.prove(::remote_prover::BATCH, to_bytes(batch), stop));
    Result<ProvenBatch> proven = from_bytes<ProvenBatch>(bytes);
    if (!proven) {
      return refuse(StatusCode::kInternal, "prover sent no batch: " + proven.error().message);
    }
    if (*proven != ProvenBatch::of(batch)) {
      return refuse(StatusCode::kInternal, "prover sent another batch");
    }
    return std::move(*proven);
  }

 private:
  ProverClient client_;
};

class RemoteBlockProver final : public BlockProver {
 public:
  explicit RemoteBlockProver(const RemoteProverOptions& options) : client_(options) {}

  // A BlockProofRequest, as provers expect it; the reference's sequencer sends something else
  // (§14.4).
  Answer<Bytes> prove(ByteView block_proof_request, const std::stop_token& stop) override {
    return client_.prove(::remote_prover::BLOCK, block_proof_request, stop);
  }

 private:
  ProverClient client_;
};

}  // namespace

std::unique_ptr<BatchProver> make_remote_batch_prover(const RemoteProverOptions& options) {
  return std::make_unique<RemoteBatchProver>(options);
}

std::unique_ptr<BlockProver> make_remote_block_prover(const RemoteProverOptions& options) {
  return std::make_unique<RemoteBlockProver>(options);
}

}  // namespace miden
