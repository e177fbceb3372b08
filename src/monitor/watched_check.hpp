// Everything that is known of one check: its state, its sums, its newest results.
//
// No clock and no threads: times are Unix milliseconds and given by the caller.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "monitor/check.hpp"
#include "monitor/history_rows.hpp"
#include "monitor/picture.hpp"
#include "monitor/roll_up.hpp"
#include "monitor/timeline.hpp"

namespace miden {

class WatchedCheck {
 public:
  // `remembered`: of earlier runs, where there were any; what lies between is unknown.
  WatchedCheck(CheckDescription description, CheckResult seed, bool is_paused, int64_t now_ms,
               const History::OfCheck* remembered);

  const CheckDescription& description() const { return *description_; }
  CheckState state() const { return timeline_.state(); }
  Reason reason() const { return timeline_.reason(); }
  bool is_paused() const { return timeline_.state() == CheckState::kPaused; }
  bool failed_once() const { return timeline_.failed_once(); }
  std::optional<CheckState> known() const { return timeline_.memory().known; }
  const std::optional<CheckResult>& last() const { return last_; }
  const RollUps& roll_ups() const { return roll_ups_; }

  // What a look that ended now found; `result.started_ms` and `duration_us` are set.
  std::optional<StateChange> result(CheckResult result, int64_t now_ms);
  std::optional<StateChange> unanswered(int64_t started_ms, int64_t now_ms);
  std::optional<StateChange> tick(int64_t now_ms);
  void clock_moved(int64_t before_ms, int64_t after_ms);
  // History of earlier runs that could be read only now.
  void add_older(const History::OfCheck& older, int64_t began_ms);

  CheckPicture picture(int64_t now_ms) const;
  // Adds what changed since the last call.
  void take_changes(HistoryBatch& batch);
  void forget(int64_t now_ms) { roll_ups_.forget(now_ms); }

 private:
  std::optional<StateChange> take(TimelineStep step, std::optional<CheckState> known_before);
  void remember(const CheckResult& result);

  std::shared_ptr<const CheckDescription> description_;
  std::shared_ptr<const CheckResult> seed_;
  Timeline timeline_;
  RollUps roll_ups_;
  std::optional<CheckResult> last_;
  std::deque<CheckResult> recent_;  // newest first
  CheckTotals totals_;
  uint64_t successes_ = 0, failures_ = 0;
  std::vector<HistoryBatch::ResultRow> new_rows_;
  uint32_t next_row_ = 0;
  int64_t heard_ms_;
  bool has_news_ = false;
};

// Counts a duration where it belongs.
void count_duration(DurationCounts& counts, double seconds);

}  // namespace miden
