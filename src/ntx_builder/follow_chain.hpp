// Keeps the builder's state at the tip of the node's chain. spec/ntx-builder.md §4, §7.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "ntx_builder/builder_state.hpp"
#include "sync/rpc_source.hpp"

namespace miden {

// One stream of blocks at a time, from the state's tip on, so nothing is missed when it breaks.
// Only what the state has checked counts. A source that is of another network is named, and not
// asked for blocks until it is one of ours.
class ChainFollower {
 public:
  struct Options {
    // Without a block for so long although the source says it has more, or says nothing.
    std::chrono::milliseconds stall_timeout = std::chrono::seconds(20);
    std::chrono::milliseconds status_period = std::chrono::seconds(1);
    std::chrono::milliseconds status_timeout = std::chrono::seconds(5);
    std::chrono::milliseconds longest_pause = std::chrono::seconds(30);  // after repeated failures
    // As long as the source is at most so much further, the state is as good as the source's.
    uint32_t in_sync_blocks = 2;
  };
  // On the follower's threads.
  struct Hooks {
    // A block was applied, or the state has become in sync.
    std::function<void()> on_change = [] {};
    // The disk failed: the program must end.
    std::function<void(const std::string&)> on_fatal = [](const std::string&) {};
  };

  // Both must outlive this. Nobody else may apply blocks.
  ChainFollower(BuilderState& state, const RpcSource& source, Options options, Hooks hooks);
  ~ChainFollower() { stop(); }

  void start();
  void stop();

  // Whether transactions may be built: the source's tip has been reached, as it says itself, and
  // not lost again. No block has to come for that (T21).
  bool is_in_sync() const { return is_in_sync_; }

 private:
  struct Stream;
  void run(const std::stop_token& stop);
  // One stream, to its end; why it ended.
  std::string follow(const std::stop_token& stop);
  // On the stream's thread. False: the stream is of no use.
  bool take(Stream& stream, const std::string& bytes);
  // Asks the source who and where it is. Something to say: it is of another network.
  std::optional<std::string> hear_status(const std::stop_token& stop);
  void judge_sync();

  BuilderState& state_;
  const RpcSource& source_;
  const Options options_;
  const Hooks hooks_;
  std::atomic<bool> is_in_sync_ = false;
  // As the source said last; none: it does not answer.
  std::atomic<std::optional<BlockNum>> source_tip_{};
  std::jthread thread_;
};

}  // namespace miden
