// From received bytes to committed blocks: decoding and checking the next ones goes on while one is
// applied.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "chain/chain_state.hpp"

namespace miden {

// One thread applies, in order; some check, in any order. What is ready together is applied
// together (ChainState::apply_blocks), so a node that catches up does not wait for the disk at
// every block and one that has caught up commits each block at once.
//
// The first block that is refused ends the pipeline: those before it are committed, nothing of it
// or behind it is. So does a disk that fails.
class BlockPipeline {
 public:
  struct Options {
    size_t checkers = 0;  // threads; 0: half of the cores
    // Received and not applied yet. A block that alone is larger is let in when nothing else waits.
    size_t max_waiting_blocks = 1024;
    size_t max_waiting_bytes = size_t{16} << 20;
    // Applied together.
    size_t max_group_blocks = 256;
    size_t max_group_bytes = size_t{4} << 20;
  };
  // What was committed at once.
  struct Group {
    BlockNum tip;
    size_t blocks = 0;
    size_t transactions = 0;
  };

  // `on_applied` is called on the applying thread after each group. `chain` must outlive this, and
  // nobody else may apply blocks meanwhile.
  BlockPipeline(ChainState& chain, const Options& options,
                std::function<void(const Group&)> on_applied);
  // Finishes the group that is being applied, drops the rest.
  ~BlockPipeline();
  BlockPipeline(const BlockPipeline&) = delete;
  BlockPipeline& operator=(const BlockPipeline&) = delete;

  // The next block, SignedBlock. Waits while too much waits already. False: the pipeline has ended
  // or the stop was requested, and the block is dropped. One caller at a time.
  bool push(std::string block, const std::stop_token& stop);
  // Waits until everything pushed is committed. False: the pipeline ended, or the stop was
  // requested.
  bool drain(const std::stop_token& stop);

  bool has_ended() const;
  // Why a block was refused: CheckedBlock::decode's error or apply_blocks'.
  std::optional<Error> refusal() const;
  // Throws what a failing disk threw.
  void rethrow_failure() const;

 private:
  struct Waiting {
    std::string bytes;
    size_t size = 0;
    std::optional<Result<CheckedBlock>> checked;
  };

  void check(const std::stop_token& stop);
  void apply(const std::stop_token& stop);
  bool apply_group(const std::vector<CheckedBlock>& group);
  void end_with(std::optional<Error> refusal, std::exception_ptr failure);

  ChainState& chain_;
  const Options options_;
  const std::function<void(const Group&)> on_applied_;
  const PublicKey validator_key_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any room_made_;
  std::condition_variable_any block_arrived_;
  std::condition_variable_any block_checked_;
  std::condition_variable_any all_applied_;
  std::deque<Waiting> waiting_;  // in order; an element stays in place until it leaves at the front
  size_t unchecked_from_ = 0;    // of waiting_: those before are checked or being checked
  size_t waiting_bytes_ = 0;
  bool is_applying_ = false;
  bool has_ended_ = false;
  std::optional<Error> refusal_;
  std::exception_ptr failure_;

  std::vector<std::jthread> threads_;
};

}  // namespace miden
