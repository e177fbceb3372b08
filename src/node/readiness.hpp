// Should a load balancer send clients to this node? spec/store-rpc.md §22, D-14.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "chain/chain_state.hpp"
#include "sync/block_sources.hpp"

namespace miden {

// Looks at every new block and from time to time: ready while the chain is near the highest tip
// that a source speaks of, not before one has been heard and not when all have been silent for too
// long.
class Readiness {
 public:
  struct Options {
    uint32_t threshold = 10;  // blocks behind
    std::chrono::milliseconds period = std::chrono::milliseconds(500);
  };
  // `tell` is called on each change, from one thread; a node is not ready at first. All must
  // outlive this.
  Readiness(const ChainState& chain, const BlockSources& sources, Options options,
            std::function<void(bool is_ready)> tell);
  ~Readiness() { stop(); }

  void start();
  void stop();

 private:
  void watch(const std::stop_token& stop);

  const ChainState& chain_;
  const BlockSources& sources_;
  const Options options_;
  const std::function<void(bool)> tell_;
  std::jthread thread_;
};

}  // namespace miden
