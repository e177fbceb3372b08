// From waiting transactions to proven batches. spec/block-production.md §9.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "chain/chain_state.hpp"
#include "producer/mempool_owner.hpp"
#include "producer/provers.hpp"

namespace miden {

class BatchBuilder {
 public:
  struct Options {
    std::chrono::milliseconds interval =
        std::chrono::seconds(1);  // between batches that are not full
    std::chrono::milliseconds full_check_period = std::chrono::milliseconds(300);
    size_t workers = 2;
    // Between attempts while the prover is out of order; doubles up to the second.
    std::chrono::milliseconds first_retry = std::chrono::milliseconds(250);
    std::chrono::milliseconds longest_retry = std::chrono::seconds(10);
    std::function<void(const std::string&)> on_fatal;
  };

  BatchBuilder(const ChainState& chain, MempoolOwner& owner, BatchProver& prover, Options options);
  ~BatchBuilder() { stop(); }

  // Each worker looks for a batch, one worker at a time, and proves what it found.
  void start();
  // Gives up what is being proven, joins the workers.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;

  void work(const std::stop_token& stop);
  std::optional<SelectedBatch> next_batch(const std::stop_token& stop);
  void build(const SelectedBatch& selected, const std::stop_token& stop);
  Result<ProposedBatch> propose(const SelectedBatch& selected) const;
  void give_up(const SelectedBatch& selected, const Failure& failure);

  const ChainState& chain_;
  MempoolOwner& owner_;
  BatchProver& prover_;
  const Options options_;

  std::mutex turn_;             // held by the worker that looks for a batch; guards next_any_
  Clock::time_point next_any_;  // when a batch may be less than full

  std::vector<std::jthread> workers_;
};

// What a batch adds to a serialized ProposedBlock, estimated from above (§8.2): its own bytes,
// account updates and notes once more, and a witness for each account and nullifier.
size_t block_bytes(const ProvenBatch& batch);

}  // namespace miden
