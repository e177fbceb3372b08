// Works off the accounts' notes: executes, proves, submits. spec/ntx-builder.md §8, §10, §11.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ntx_builder/account_turns.hpp"
#include "ntx_builder/builder_state.hpp"
#include "ntx_builder/execute_candidate.hpp"
#include "ntx_builder/judge_submission.hpp"
#include "ntx_builder/prove_transaction.hpp"
#include "ntx_builder/submitted_transactions.hpp"

namespace miden {

// Some accounts at once, one transaction each. What was done is kept in the state before anybody
// hears of it, and only committed blocks end what was submitted: a crash at any moment, a lost
// answer or a restart leave nothing to guess.
//
// An attempt is recorded against a note only for what the note does by itself. When node or provers
// fail, the account rests a while and nothing is counted.
class AccountRunner {
 public:
  struct Options {
    size_t workers = 4;  // transactions at once, over all accounts
    AccountTurns::Options turns = {};
    SubmittedTransactions::Options submissions = {};
    ExecutionTerms execution = {};
    // Blocks for which a submitted transaction is waited for. Where the account allows the
    // expiration script it also expires on chain, so many blocks after its reference block.
    uint16_t expiration_delta = 30;
    // How long a transaction waits for provers that are busy or away before its account rests.
    std::chrono::milliseconds proving_patience = std::chrono::seconds(20);
  };
  struct Surroundings {
    BuilderState& state;
    const NodeClient& node;
    const Engine& engine;
    NetworkTransactionProver& prover;
    // Whether the state is good enough to build on. From any thread.
    std::function<bool()> is_in_sync;
    // The disk failed: the program must end. On a worker's thread.
    std::function<void(const std::string&)> on_fatal;
  };

  // What it surrounds must outlive it.
  AccountRunner(Surroundings surroundings, Options options);
  ~AccountRunner() { stop(); }

  void start();
  // Calls to node and provers end, an execution or a proof of this process is finished.
  void stop();
  // The state has changed, or is in sync now.
  void wake();

 private:
  using Clock = AccountTurns::Clock;
  using End = AccountTurns::End;

  void work(const std::stop_token& stop);
  // One piece of work, if there is any; `lock` is released meanwhile.
  bool work_once(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  End take_turn(const AccountId& account, const std::stop_token& stop);
  End advance(const AccountId& account, const std::stop_token& stop);
  void report(const Candidate& candidate, const ExecutedCandidate& executed) const;
  End prove_and_submit(const Candidate& candidate, ExecutedCandidate executed,
                       const std::stop_token& stop);
  Answer<Bytes> prove(const NetworkTransaction& transaction, const ChainTip& tip,
                      const std::stop_token& stop);
  End submit(SubmittedTransaction transaction, const std::stop_token& stop);
  // What a transaction's notes do together is not wanted: of one note it is that note's fault.
  End split_or_blame(const InflightTransaction& transaction, const std::string& error);
  bool has_accepted_lately();

  const Surroundings around_;
  const Options options_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  uint64_t changes_ = 0;
  AccountTurns turns_;
  SubmittedTransactions submissions_;
  Clock::time_point last_accepted_ = {};

  std::vector<std::jthread> workers_;
};

}  // namespace miden
