#include "monitor/checks/prover_test_task.hpp"

#include <algorithm>

namespace miden {
namespace {

using SteadyClock = std::chrono::steady_clock;

// After a failure, so that it is soon known whether it was one of a kind.
constexpr std::chrono::milliseconds kSoon(15'000);
// Until there may be something to ask for.
constexpr std::chrono::milliseconds kUntestedWait(30'000);

}  // namespace

ProverTestTask::ProverTestTask(std::shared_ptr<ProverService> prover,
                               std::shared_ptr<TestProofs> proofs,
                               std::chrono::milliseconds interval)
    : prover_(std::move(prover)),
      proofs_(std::move(proofs)),
      interval_(interval),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void ProverTestTask::set_kind(::remote_prover::ProofType kind) {
  const std::lock_guard lock(mutex_);
  kind_ = kind;
  changed_.notify_all();
}

ProverTests ProverTestTask::tests() const {
  const std::lock_guard lock(mutex_);
  return tests_;
}

void ProverTestTask::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return kind_.has_value(); })) {
    const ::remote_prover::ProofType kind = *kind_;
    const auto begun = SteadyClock::now();
    lock.unlock();
    ProverTestOutcome outcome = test(kind, stop);
    lock.lock();
    if (stop.stop_requested()) return;
    if (!outcome.is_untested) {
      ++(outcome.fault ? tests_.failures : tests_.successes);
      tests_.failures_in_a_row = outcome.fault ? tests_.failures_in_a_row + 1 : 0;
    }
    const auto next = begun + wait_after(outcome);
    tests_.latest = std::move(outcome);
    tests_.changed = SteadyClock::now();
    // Another kind of prover at the same place is tested at once.
    changed_.wait_until(lock, stop, next, [&] { return kind_ != kind; });
  }
}

ProverTestOutcome ProverTestTask::test(::remote_prover::ProofType kind,
                                       const std::stop_token& stop) const {
  ProverTestOutcome outcome{.kind = kind, .fault = {}};
  const auto payload = proofs_->payload(kind, stop);
  if (!payload) {
    outcome.fault = payload.error();
    outcome.is_untested = true;
    return outcome;
  }
  const auto started = SteadyClock::now();
  const auto proof = prover_->prove(kind, *payload, prover_->proof_timeout(), stop);
  if (!proof) {
    outcome.fault = proof.error();
    return outcome;
  }
  outcome.duration_ms = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - started).count());
  outcome.proof_bytes = proof->size();
  outcome.fault = proofs_->judge(kind, *payload, *proof);
  return outcome;
}

std::chrono::milliseconds ProverTestTask::wait_after(const ProverTestOutcome& outcome) const {
  if (outcome.is_untested) return std::min(interval_, kUntestedWait);
  return outcome.fault ? std::min(interval_, kSoon) : interval_;
}

}  // namespace miden
