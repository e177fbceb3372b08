// What was submitted and may have to be submitted again: the answer was lost, the node had no room,
// or it has forgotten what it had accepted. spec/ntx-builder.md §16, T8, T9 of §21.
#pragma once

#include <chrono>
#include <map>
#include <optional>

#include "ntx_builder/builder_state.hpp"

namespace miden {

struct SubmittedTransaction {
  InflightTransaction record;
  Bytes proven;
  Bytes inputs;
  // Whether a mempool may have it: then no refusal means that it has not.
  bool may_be_known = false;
  size_t attempts = 0;  // without an answer, in a row
};

// Submitting the same transaction twice does no harm: a node that has it says so. Not thread-safe.
class SubmittedTransactions {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    std::chrono::milliseconds first_wait = std::chrono::milliseconds(500);
    std::chrono::milliseconds longest_wait = std::chrono::seconds(15);
    // Blocks without an accepted transaction after which it is offered again.
    uint32_t patience_blocks = 6;
    size_t max_bytes = size_t{64} << 20;
  };
  explicit SubmittedTransactions(Options options) : options_(options) {}

  // To be offered again after a while, the longer the more attempts were in vain. False: there is
  // no room for it.
  bool keep_unanswered(SubmittedTransaction transaction, Clock::time_point now);
  // The same, if it is not in the chain some blocks after the tip.
  bool keep_accepted(SubmittedTransaction transaction, BlockNum tip);

  // One that should be offered again now; it is no longer kept.
  std::optional<SubmittedTransaction> take_due(BlockNum tip, Clock::time_point now);
  // When time alone makes one due.
  std::optional<Clock::time_point> next_due() const;

 private:
  struct Kept {
    SubmittedTransaction transaction;
    Clock::time_point due;
    BlockNum due_block;  // if `due` is never
    size_t size() const { return transaction.proven.size() + transaction.inputs.size(); }
  };
  bool keep(Kept kept);

  const Options options_;
  std::map<AccountId, Kept> kept_;  // an account has at most one
  size_t bytes_ = 0;
};

}  // namespace miden
