// Does a remote prover prove? spec/prover-and-monitor.md B8.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "monitor/check.hpp"
#include "monitor/checks/prover_test_task.hpp"

namespace miden {

struct ProverCheckOptions {
  std::shared_ptr<ProverService> prover;
  std::shared_ptr<TestProofs> proofs;
  size_t number = 0;  // from 0, in the order of the options
  bool is_alone = false;
  std::chrono::milliseconds interval{3000};
  std::chrono::milliseconds timeout{10000};
  std::chrono::milliseconds test_interval{120'000};
};

Check make_prover_check(const ProverCheckOptions& options);

// What is known of a prover at one moment, and what that means.
struct ProverView {
  struct Worker {
    std::string name, version;
    ::remote_prover::WorkerHealthStatus health = ::remote_prover::UNKNOWN;
  };
  struct Status {
    std::string version;
    std::optional<::remote_prover::ProofType> kind;  // nothing: one that is not known
    std::vector<Worker> workers;
  };
  std::string url;
  std::optional<Status> status;  // the last one that came
  std::optional<Fault> poll;     // why none came now
  std::optional<ProverTests> tests;
  std::optional<std::chrono::seconds> tests_stale_for;  // set when no test ended for too long
};
// The table of B8 for `/status`; the same facts, judged more finely, for the outcome.
CheckResult judge_prover(const ProverView& view);

}  // namespace miden
