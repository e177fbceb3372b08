// Proving on this machine, for callers that cannot wait for ever.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "engine/engine.hpp"
#include "monitor/fault.hpp"

namespace miden {

// One proof at a time, on a thread of its own: a proof cannot be interrupted, but its caller can
// leave. From any thread.
class LocalProver {
 public:
  explicit LocalProver(std::shared_ptr<const Engine> engine);
  // Waits for a proof that is being made.
  ~LocalProver();
  LocalProver(const LocalProver&) = delete;
  LocalProver& operator=(const LocalProver&) = delete;

  // TransactionInputs -> ProvenTransaction.
  std::expected<Bytes, Fault> prove(Bytes tx_inputs, std::chrono::milliseconds timeout,
                                    const std::stop_token& stop);
  // Whether the destructor would have to wait.
  bool is_proving() const;

 private:
  struct Job {
    Bytes inputs;
    std::optional<Result<Bytes>> proof;
    bool is_wanted = true;
  };
  void run(const std::stop_token& stop);

  const std::shared_ptr<const Engine> engine_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::shared_ptr<Job> next_;  // waits for the thread
  bool is_proving_ = false;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace miden
