#include <fmt/format.h>

#include <algorithm>

#include "net/channel.hpp"
#include "producer/judge_status.hpp"
#include "producer/prover_choice.hpp"
#include "producer/provers.hpp"
#include "protocol/block.hpp"
#include "remote_prover.grpc.pb.h"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using Clock = std::chrono::steady_clock;
using Api = ::remote_prover::Api;
using ::remote_prover::Proof;
using ::remote_prover::ProofRequest;
using ::remote_prover::ProofType;

struct ProverService {
  std::string url;
  std::unique_ptr<Api::Stub> stub;
};

std::vector<ProverService> connect(const std::vector<ServiceUrl>& urls) {
  std::vector<ProverService> services;
  for (const ServiceUrl& url : urls) {
    services.push_back({url.to_string(), Api::NewStub(make_channel(url))});
  }
  return services;
}

bool says_too_large(const Status& status) {
  return status.code != StatusCode::kInvalidArgument &&
         judge_status(status).cause == Failure::Cause::kContent;
}

// All provers that serve one kind of proof.
class ProverServices {
 public:
  explicit ProverServices(const RemoteProverOptions& options)
      : timeout_(options.timeout),
        services_(connect(options.urls)),
        choice_(options.urls.size(), {.asks_resting = !options.spares_failed}) {}

  // Asks one after the other until `read` takes an answer. What they say is gathered in the error's
  // text; its code is OUT_OF_RANGE when the request is too large for all of them, else UNAVAILABLE:
  // a prover that cannot read the request is of another kind or version, which is nobody's fault
  // here.
  template <class T, class Read>
  Answer<T> prove(ProofType type, ByteView payload, const std::stop_token& stop, const Read& read) {
    ProofRequest request;
    request.set_proof_type(type);
    request.set_payload(payload.data(), payload.size());
    std::string said;
    bool is_too_large = true;
    std::vector<bool> tried(services_.size());
    while (const auto index = choice_.begin(tried, Clock::now())) {
      tried[*index] = true;
      Answer<T> answer = ask<T>(services_[*index], request, stop, read);
      choice_.end(*index, outcome_of(answer), Clock::now());
      if (answer || stop.stop_requested()) return answer;
      const Status& status = answer.error();
      is_too_large = is_too_large && says_too_large(status);
      if (services_.size() > 1) log_failure(services_[*index], status);
      if (!said.empty()) said += "; ";
      said +=
          fmt::format("{}: {}: {}", services_[*index].url, to_string(status.code), status.message);
    }
    if (said.empty()) return refuse(StatusCode::kUnavailable, "every prover failed a moment ago");
    return refuse(is_too_large ? StatusCode::kOutOfRange : StatusCode::kUnavailable, said);
  }

 private:
  template <class T, class Read>
  Answer<T> ask(ProverService& service, const ProofRequest& request, const std::stop_token& stop,
                const Read& read) {
    const Proof proof = TRY((call_unary<Api::Stub, ProofRequest, Proof>(
        *service.stub, &Api::Stub::Prove, request, {.timeout = timeout_}, stop)));
    return read(as_bytes(proof.payload()));
  }

  // A prover that is busy, or that refuses this request, may well take the next one.
  template <class T>
  static ProverChoice::Outcome outcome_of(const Answer<T>& answer) {
    if (answer || answer.error().code == StatusCode::kResourceExhausted ||
        says_too_large(answer.error())) {
      return ProverChoice::Outcome::kAnswered;
    }
    return ProverChoice::Outcome::kFailed;
  }

  static void log_failure(const ProverService& service, const Status& status) {
    log_warn(
        "prover failed",
        {{"url", service.url}, {"status", to_string(status.code)}, {"message", status.message}});
  }

  const std::chrono::milliseconds timeout_;
  std::vector<ProverService> services_;
  ProverChoice choice_;
};

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
    Answer<ProvenBatch> proven = services_.prove<ProvenBatch>(
        ::remote_prover::BATCH, to_bytes(batch), stop, [&](ByteView bytes) -> Answer<ProvenBatch> {
          Result<ProvenBatch> read = from_bytes<ProvenBatch>(bytes);
          if (!read) {
            return refuse(StatusCode::kInternal, "prover sent no batch: " + read.error().message);
          }
          if (*read != expected) return refuse(StatusCode::kInternal, "prover sent another batch");
          return *std::move(read);
        });
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
    return services_.prove<Bytes>(::remote_prover::BLOCK, block_proof_request, stop,
                                  [](ByteView bytes) -> Answer<Bytes> {
                                    // What is behind the proof is not kept.
                                    return to_bytes(TRY(from_bytes<BlockProof>(bytes)));
                                  });
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
