// Proofs of committed blocks, applied in order. spec/block-production.md §14.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "chain/chain_state.hpp"
#include "producer/provers.hpp"

namespace miden {

// A proof that fails is tried again for as long as it takes: an unproven block is a degraded node,
// not a dead one (§20 D13).
class ProofScheduler {
 public:
  struct Options {
    size_t max_concurrent_proofs = 8;
    std::chrono::milliseconds first_retry = std::chrono::seconds(1);
    std::chrono::milliseconds longest_retry = std::chrono::minutes(1);
    std::function<void(const std::string&)> on_fatal;
  };

  ProofScheduler(ChainState& chain, BlockProver& prover, Options options);
  ~ProofScheduler() { stop(); }

  void start();
  void stop();

 private:
  void work(const std::stop_token& stop);
  std::optional<Bytes> prove(BlockNum block_num, const std::stop_token& stop);
  void apply(BlockNum block_num, Bytes proof);

  ChainState& chain_;
  BlockProver& prover_;
  const Options options_;

  std::atomic<bool> lacked_inputs_ = false;  // the block that was last looked at

  std::mutex mutex_;  // guards what follows, and that proofs are applied by one thread at a time
  BlockNum next_;     // not taken by any worker yet
  std::map<BlockNum, Bytes> finished_;  // wait for an earlier block's; at most one a worker

  std::vector<std::jthread> workers_;
};

}  // namespace miden
