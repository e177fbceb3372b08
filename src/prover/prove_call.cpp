#include "prover/prove_call.hpp"

#include "net/deferred_call.hpp"
#include "net/metadata.hpp"
#include "net/serve_unary.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using Clock = std::chrono::steady_clock;
using Call = DeferredCall<::remote_prover::Proof>;

constexpr std::string_view kMethod = "Prove";
// Longer ids cannot be asked about.
constexpr size_t kMaxIdBytes = 128;

std::string request_id(const grpc::CallbackServerContext& context) {
  const auto id = first_metadata(context, "x-request-id");
  return id && id->size() <= kMaxIdBytes ? std::string(*id) : std::string();
}

// The order is the reference's, but that it decodes when the request's turn has come.
Answer<> check_request(const ProvingTerms& terms, ProofQueue& queue,
                       const ::remote_prover::ProofRequest& request) {
  TRY(check_request_size(request, terms.max_request_bytes));
  if (!::remote_prover::ProofType_IsValid(request.proof_type())) {
    return invalid_argument("unknown proof_type value");
  }
  if (static_cast<int>(request.proof_type()) != static_cast<int>(terms.kind)) {
    return invalid_argument("unsupported proof type");
  }
  TRY(queue.has_room());
  return check_payload(terms.kind, as_bytes(request.payload()));
}

Status failure_of_exception(ProofKind kind, const std::exception& error) {
  log_error("request failed", {{"method", kMethod}, {"cause", error.what()}});
  return {StatusCode::kInternal, std::string(to_string(kind)) + " prover task panicked"};
}

// Calls a function whose outcome is an Answer.
template <class Function>
auto caught(ProofKind kind, const Function& function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::exception& error) {
    return std::unexpected(failure_of_exception(kind, error));
  }
}

int64_t milliseconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
}

void prove(ProvingTerms& terms, Call& call, ByteView payload, Clock::time_point arrived) {
  const Clock::time_point begun = Clock::now();
  log_debug("proof begun", {{"kind", to_string(terms.kind)}, {"request_bytes", payload.size()}});
  const Answer<Bytes> proof = caught(
      terms.kind, [&] { return make_proof(*terms.engine, terms.kind, payload, terms.max_cycles); });
  const Clock::time_point done = Clock::now();
  if (!proof) {
    terms.failed++;
    call.answer(std::unexpected(proof.error()));
    return;
  }
  terms.proven++;
  log_info("proof made", {{"kind", to_string(terms.kind)},
                          {"request_bytes", payload.size()},
                          {"proof_bytes", proof->size()},
                          {"waited_ms", milliseconds_between(arrived, begun)},
                          {"proved_ms", milliseconds_between(begun, done)},
                          {"in_time", !call.over().stop_requested()}});
  ::remote_prover::Proof message;
  message.set_payload(proof->data(), proof->size());
  call.answer(std::move(message));
}

}  // namespace

grpc::ServerUnaryReactor* serve_prove(ProvingTerms& terms, ProofQueue& queue,
                                      const grpc::CallbackServerContext& context,
                                      const ::remote_prover::ProofRequest& request,
                                      ::remote_prover::Proof* response) {
  const auto call = Call::open(kMethod, terms.timeout, response);
  const Answer<> entered = caught(terms.kind, [&]() -> Answer<> {
    TRY(check_request(terms, queue, request));
    // The message is gRPC's and goes with the call, which may end while it is being proven.
    const auto payload = std::make_shared<const std::string>(request.payload());
    ProofQueue::Request work;
    work.id = request_id(context);
    work.over = call->over();
    work.prove = [&terms, call, payload, arrived = Clock::now()] {
      prove(terms, *call, as_bytes(*payload), arrived);
    };
    work.refuse = [call] {
      call->answer(refuse(StatusCode::kUnavailable, "the prover is shutting down"));
    };
    return queue.enter(std::move(work));
  });
  if (!entered) call->answer(std::unexpected(entered.error()));
  return call->reactor();
}

}  // namespace miden
