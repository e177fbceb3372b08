// Keeps the chain at the tip of the best source. spec/store-rpc.md §21, node-and-validator.md §5.1.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "chain/chain_state.hpp"
#include "sync/block_pipeline.hpp"
#include "sync/block_sources.hpp"
#include "sync/catch_up_progress.hpp"

namespace miden {

// Follows one source at a time, from this chain's tip on, so nothing is missed when it changes to
// another. Only what ChainState has checked and committed counts, whoever sent it.
class BlockFollower {
 public:
  struct Options {
    // Without a message for so long although the source says it has more, or does not answer.
    std::chrono::milliseconds stall_timeout = std::chrono::seconds(10);
    // Another source is this much further for so long: change to it.
    uint32_t behind_blocks = 10;
    std::chrono::milliseconds behind_timeout = std::chrono::seconds(10);
    // While another source could be followed: one that is behind_blocks or more ahead must send a
    // block at least this often, taken over `pace_window`.
    std::chrono::milliseconds slowest_block = std::chrono::seconds(1);
    std::chrono::milliseconds pace_window = std::chrono::seconds(60);
    std::chrono::milliseconds check_period = std::chrono::milliseconds(100);
    std::chrono::milliseconds report_period = std::chrono::seconds(5);
    BlockPipeline::Options pipeline;
    // The disk failed: the program must end. On the follower's thread.
    std::function<void(const std::string&)> on_fatal;
  };

  // Both must outlive this. Nobody else may apply blocks to the chain.
  BlockFollower(ChainState& chain, BlockSources& sources, Options options);
  ~BlockFollower() { stop(); }

  void start();
  // A group of blocks that is being committed is finished.
  void stop();

 private:
  struct Session;
  void run(const std::stop_token& stop);
  void follow(size_t source, const std::stop_token& stop);
  void applied(size_t source, const BlockPipeline::Group& group);
  // Why this source should not be followed any longer.
  struct Complaint {
    std::optional<SourceFault> fault;  // none: it did nothing wrong
    std::string detail;
  };
  std::optional<Complaint> judge(size_t source, Session& session);

  ChainState& chain_;
  BlockSources& sources_;
  const Options options_;
  CatchUpProgress progress_;  // of the applying thread, of which there is one at a time
  std::jthread thread_;
};

}  // namespace miden
