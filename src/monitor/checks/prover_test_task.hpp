// Asks a prover for a test proof, again and again. spec/prover-and-monitor.md B8.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "monitor/checks/test_proof.hpp"

namespace miden {

// How the last test ended.
struct ProverTestOutcome {
  ::remote_prover::ProofType kind = ::remote_prover::TRANSACTION;
  std::optional<Fault> fault;
  // The fault is not the prover's: there was nothing to ask it for.
  bool is_untested = false;
  uint64_t duration_ms = 0;
  uint64_t proof_bytes = 0;
};
struct ProverTests {
  std::optional<ProverTestOutcome> latest;
  std::chrono::steady_clock::time_point changed;
  uint64_t successes = 0, failures = 0;
  uint64_t failures_in_a_row = 0;
};

// On a thread of its own, so that a prover that takes its time is still asked how it is.
class ProverTestTask {
 public:
  ProverTestTask(std::shared_ptr<ProverService> prover, std::shared_ptr<TestProofs> proofs,
                 std::chrono::milliseconds interval);

  // What the prover says that it proves. Tests begin with the first word.
  void set_kind(::remote_prover::ProofType kind);
  ProverTests tests() const;

 private:
  void run(const std::stop_token& stop);
  ProverTestOutcome test(::remote_prover::ProofType kind, const std::stop_token& stop) const;
  std::chrono::milliseconds wait_after(const ProverTestOutcome& outcome) const;

  const std::shared_ptr<ProverService> prover_;
  const std::shared_ptr<TestProofs> proofs_;
  const std::chrono::milliseconds interval_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::optional<::remote_prover::ProofType> kind_;
  ProverTests tests_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace miden
