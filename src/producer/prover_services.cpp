#include "producer/prover_services.hpp"

#include <fmt/format.h>

#include "net/channel.hpp"
#include "producer/judge_status.hpp"
#include "remote_prover.grpc.pb.h"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using Clock = ProverChoice::Clock;
using Api = ::remote_prover::Api;
using ::remote_prover::Proof;
using ::remote_prover::ProofRequest;

bool says_too_large(const Status& status) {
  return status.code != StatusCode::kInvalidArgument &&
         judge_status(status).cause == Failure::Cause::kContent;
}

// A prover that is busy, or that refuses this request, may well take the next one.
ProverChoice::Outcome outcome_of(const Answer<>& answer) {
  if (answer || answer.error().code == StatusCode::kResourceExhausted ||
      says_too_large(answer.error())) {
    return ProverChoice::Outcome::kAnswered;
  }
  return ProverChoice::Outcome::kFailed;
}

}  // namespace

struct ProverServices::Service {
  std::string url;
  std::unique_ptr<Api::Stub> stub;
};

ProverServices::ProverServices(const RemoteProverOptions& options)
    : timeout_(options.timeout),
      choice_(options.urls.size(), {.asks_resting = !options.spares_failed}) {
  for (const ServiceUrl& url : options.urls) {
    services_.push_back(
        std::make_unique<Service>(url.to_string(), Api::NewStub(make_channel(url))));
  }
}

ProverServices::~ProverServices() = default;

Answer<> ProverServices::prove(::remote_prover::ProofType type, ByteView payload, const Take& take,
                               const std::stop_token& stop) {
  std::string said;
  bool is_too_large = true;
  std::vector<bool> tried(services_.size());
  while (const auto index = choice_.begin(tried, Clock::now())) {
    tried[*index] = true;
    Service& service = *services_[*index];
    Answer<> answer = ask(service, type, payload, take, stop);
    choice_.end(*index, outcome_of(answer), Clock::now());
    if (answer || stop.stop_requested()) return answer;
    const Status& status = answer.error();
    is_too_large = is_too_large && says_too_large(status);
    const std::string_view code = to_string(status.code);
    if (services_.size() > 1) {
      log_warn("prover failed",
               {{"url", service.url}, {"status", code}, {"message", status.message}});
    }
    if (!said.empty()) said += "; ";
    said += fmt::format("{}: {}: {}", service.url, code, status.message);
  }
  if (said.empty()) return refuse(StatusCode::kUnavailable, "every prover failed a moment ago");
  return refuse(is_too_large ? StatusCode::kOutOfRange : StatusCode::kUnavailable, said);
}

Answer<> ProverServices::ask(Service& service, ::remote_prover::ProofType type, ByteView payload,
                             const Take& take, const std::stop_token& stop) const {
  ProofRequest request;
  request.set_proof_type(type);
  request.set_payload(payload.data(), payload.size());
  const Proof proof = TRY((call_unary<Api::Stub, ProofRequest, Proof>(
      *service.stub, &Api::Stub::Prove, request, {.timeout = timeout_}, stop)));
  return take(as_bytes(proof.payload()));
}

}  // namespace miden
