#include "monitor/checks/prover_service.hpp"

#include <fmt/format.h>

#include "telemetry/log.hpp"

namespace miden {
namespace {

// Of a proof: those of transactions have some 100 KiB.
constexpr size_t kMostProofBytes = size_t{16} << 20;
// For a test proof that is under way, before another prover is tried: most are made by then.
constexpr std::chrono::seconds kMostWait(30);

}  // namespace

ProverService::ProverService(ServiceUrl url, std::chrono::milliseconds proof_timeout)
    : proof_timeout_(proof_timeout), target_(std::move(url), kMostProofBytes) {}

std::expected<Bytes, Fault> ProverService::prove(::remote_prover::ProofType kind, ByteView payload,
                                                 std::chrono::milliseconds most_wait,
                                                 const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, stop, most_wait, [&] { return !is_busy_; })) {
    return std::unexpected(Fault{
        .reason = Reason::kQueueFull, .code = 0, .text = "it is proving for this monitor already"});
  }
  is_busy_ = true;
  lock.unlock();

  ::remote_prover::ProofRequest request;
  request.set_proof_type(kind);
  request.set_payload(payload.data(), payload.size());
  auto answer = target_.ask<::remote_prover::Api>(&::remote_prover::Api::Stub::Prove, request,
                                                  {.timeout = proof_timeout_}, stop);
  lock.lock();
  is_busy_ = false;
  changed_.notify_all();
  lock.unlock();

  if (answer) {
    const ByteView proof = as_bytes(answer->payload());
    return Bytes(proof.begin(), proof.end());
  }
  Fault fault = std::move(answer).error();
  if (fault.reason == Reason::kGrpc &&
      fault.code == static_cast<int>(StatusCode::kResourceExhausted)) {
    fault.reason = Reason::kQueueFull;
  }
  return std::unexpected(std::move(fault));
}

TransactionProver::TransactionProver(std::vector<std::shared_ptr<ProverService>> remote,
                                     std::shared_ptr<LocalProver> local,
                                     std::shared_ptr<const Engine> engine,
                                     std::chrono::milliseconds proof_timeout)
    : remote_(std::move(remote)),
      local_(std::move(local)),
      engine_(std::move(engine)),
      proof_timeout_(proof_timeout) {}

std::expected<TransactionProver::Proof, Fault> TransactionProver::prove(
    ByteView tx_inputs, const std::stop_token& stop) {
  for (const std::shared_ptr<ProverService>& prover : remote_) {
    auto proof = prover->prove(::remote_prover::TRANSACTION, tx_inputs, kMostWait, stop);
    if (proof && engine_->verify_transaction(*proof)) {
      return Proof{.transaction = *std::move(proof), .by = prover->target().shown()};
    }
    if (stop.stop_requested()) break;
    // Its own check says what is wrong with it.
    log_debug("a prover did not prove the monitor's transaction",
              {{"prover", prover->target().shown()},
               {"cause", proof ? std::string("the proof is not valid") : proof.error().text}});
  }
  auto proof = local_->prove(Bytes(tx_inputs.begin(), tx_inputs.end()), proof_timeout_, stop);
  if (!proof) return std::unexpected(std::move(proof).error());
  return Proof{.transaction = *std::move(proof), .by = "this monitor"};
}

}  // namespace miden
