// How fast a node catches up and when it will be done, for the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "protocol/ids.hpp"

namespace miden {

// Told of every group of blocks; says from time to time what there is to say. No clock of its own.
class CatchUpProgress {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // A node that is at most `near` blocks behind has caught up.
  explicit CatchUpProgress(std::chrono::milliseconds period = std::chrono::seconds(5),
                           uint32_t near = 10)
      : period_(period), near_(near) {}

  struct Report {
    enum class Kind { kUnderWay, kDone };
    Kind kind;
    uint32_t blocks_left = 0;
    double blocks_per_second = 0;
    double transactions_per_second = 0;
    uint64_t seconds_left = 0;
    // Of the whole catching up, when it is done.
    uint64_t blocks = 0;
    double seconds = 0;
  };
  // `tip` was reached with `blocks` more; the source is at `source_tip`.
  std::optional<Report> applied(Time now, BlockNum tip, BlockNum source_tip, size_t blocks,
                                size_t transactions);
  bool is_catching_up() const { return started_.has_value(); }

 private:
  const std::chrono::milliseconds period_;
  const uint32_t near_;
  std::optional<Time> started_;
  uint64_t blocks_ = 0;  // since then
  Time reported_{};
  uint64_t blocks_since_report_ = 0;
  uint64_t transactions_since_report_ = 0;
};

}  // namespace miden
