// Notes that a counter should consume: which one is it, when its count grows?
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <vector>

#include "protocol/ids.hpp"

namespace miden {

// A transaction that the node took.
struct SentIncrement {
  using Time = std::chrono::steady_clock::time_point;
  TransactionId id;
  NoteId note;
  BlockNum submit_height;
  uint64_t wallet_target = 0;   // the wallet's count when it is in a block
  uint64_t counter_target = 0;  // the counter's count when its note is consumed
  Time submitted;
  std::optional<Time> committed;
};

// A count tells only how many were consumed. They are taken to be consumed in the order in which
// they were sent; a note that is not consumed in time is given up, and those after it are expected
// to be counted without it. One that is consumed later all the same makes a later one look faster
// by its place; no note is waited for in vain.
class AwaitedNotes {
 public:
  explicit AwaitedNotes(std::chrono::milliseconds patience) : patience_(patience) {}

  // Sets its counter_target.
  void add(SentIncrement& sent);
  void set_committed(const TransactionId& id, SentIncrement::Time when);
  // Its transaction is in no block: there is no note.
  void drop(const TransactionId& id);
  void clear();

  // Neither is waited for any longer.
  struct Settled {
    std::vector<SentIncrement> consumed, overdue;
  };
  Settled settle(uint64_t count, SentIncrement::Time now);

 private:
  const std::chrono::milliseconds patience_;
  uint64_t count_ = 0;                 // as last seen
  std::deque<SentIncrement> awaited_;  // oldest first
};

}  // namespace miden
