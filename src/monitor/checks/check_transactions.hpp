// Do transactions get into blocks, and are network notes consumed? spec/prover-and-monitor.md B12.
#pragma once

#include <memory>

#include "monitor/check.hpp"
#include "monitor/checks/counter_flow.hpp"

namespace miden {

struct TransactionCheckOptions {
  CounterFlowOptions flow;
  std::string target;                          // of the node, as shown
  std::chrono::milliseconds interval{30'000};  // between transactions
  std::chrono::milliseconds proof_timeout{120'000};
  uint64_t pending_threshold = 5;
};

struct TransactionChecks {
  Check local;    // sends a transaction at each look
  Check network;  // looks at what became of their notes, twice as often
};
TransactionChecks make_transaction_checks(const TransactionCheckOptions& options);

// Too many notes waiting, for too long in a row (B12.4).
class BacklogStreak {
 public:
  explicit BacklogStreak(uint64_t threshold) : threshold_(threshold) {}
  // Of a look that saw the counts; one that failed says nothing of the backlog.
  bool is_stuck(uint64_t pending) {
    streak_ = pending > threshold_ ? streak_ + 1 : 0;
    return streak_ >= kLooks;
  }
  void reset() { streak_ = 0; }

 private:
  static constexpr int kLooks = 3;
  const uint64_t threshold_;
  int streak_ = 0;
};

}  // namespace miden
