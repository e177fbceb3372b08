// Takes the proofs of committed blocks from the source that is followed. spec/store-rpc.md §21.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "chain/chain_state.hpp"
#include "sync/block_sources.hpp"

namespace miden {

// Begins when the chain is near the source's tip: a stream that is not read because its blocks are
// not there yet would be taken for a slow subscriber's, who is banned (spec/store-rpc.md §19).
class ProofFollower {
 public:
  struct Options {
    uint32_t near_blocks = 20;
    std::chrono::milliseconds stall_timeout = std::chrono::seconds(30);
    std::chrono::milliseconds first_retry = std::chrono::milliseconds(500);
    std::chrono::milliseconds longest_retry = std::chrono::seconds(30);
    std::chrono::milliseconds check_period = std::chrono::milliseconds(100);
    size_t max_waiting = 4096;
    // The disk failed: the program must end. On the follower's thread.
    std::function<void(const std::string&)> on_fatal;
  };

  // Both must outlive this. Nobody else may apply proofs to the chain.
  ProofFollower(ChainState& chain, BlockSources& sources, Options options);
  ~ProofFollower() { stop(); }

  void start();
  void stop();

 private:
  struct Session;
  void run(const std::stop_token& stop);
  bool is_time_for(size_t source) const;
  bool follow(size_t source, const std::stop_token& stop);
  void read(size_t source, BlockNum first, Session& session, const std::stop_token& end);
  bool apply_some(Session& session, const std::stop_token& stop);
  void note_trouble(const std::string& source, const std::string& cause);

  ChainState& chain_;
  BlockSources& sources_;
  const Options options_;
  std::string trouble_;  // of the source that was last complained about
  std::jthread thread_;
};

}  // namespace miden
