// What state is a check in, and since when? From single results to a confirmed history.
//
// No clock and no I/O: times are Unix milliseconds and given by the caller. A first failure changes
// nothing; some in a row do, from the first of them on. Time is settled in spans as soon as no
// later result can change what it is called.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "monitor/picture.hpp"

namespace miden {

struct TimelineRules {
  int failures_to_confirm = 2;
  int successes_to_clear = 2;
  int64_t interval_ms = 3000;
  int64_t timeout_ms = 10000;
};

// A stretch of time that is called `state` for good.
struct Span {
  CheckState state = CheckState::kUnknown;
  int64_t from_ms = 0, to_ms = 0;

  friend bool operator==(const Span&, const Span&) = default;
};

struct StateChange {
  CheckState from = CheckState::kUnknown;
  CheckState to = CheckState::kUnknown;
  int64_t since_ms = 0;      // of the first result that says so
  int64_t confirmed_ms = 0;  // of the last one
  Reason reason = Reason::kNone;
  std::string cause;

  friend bool operator==(const StateChange&, const StateChange&) = default;
};

// What became certain. Spans are in order and meet each other, across steps as well, except where
// the clock moved.
struct TimelineStep {
  std::vector<Span> settled;
  std::optional<StateChange> change;
};

class Timeline {
 public:
  // What outlives the process. `known` is the last confirmed state of kOk, kDegraded and kDown.
  struct Memory {
    std::optional<CheckState> known;
    Reason reason = Reason::kNone;
    std::string cause;

    friend bool operator==(const Memory&, const Memory&) = default;
  };

  // Unknown until results say otherwise; what `memory` knows must be seen anew before it is said.
  Timeline(TimelineRules rules, int64_t now_ms, Memory memory);
  // Stays paused; results must not come.
  static Timeline paused(int64_t now_ms);

  // A look that started then and ended now.
  TimelineStep result(int64_t started_ms, int64_t now_ms, Outcome outcome, Reason reason,
                      std::string_view text);
  // A look that started then has had no answer for another whole patience.
  TimelineStep unanswered(int64_t started_ms, int64_t now_ms);
  // Time passes: where no result came for two intervals and a timeout, the state is kOverdue.
  TimelineStep tick(int64_t now_ms);
  // The wall clock went from one time to another at once. Nothing is said of what lies between.
  TimelineStep clock_moved(int64_t before_ms, int64_t after_ms);

  CheckState state() const { return state_; }
  int64_t since_ms() const { return since_ms_; }
  Reason reason() const { return reason_; }
  // Why the state is not kOk, or why it may not be for long; else empty.
  const std::string& cause() const { return cause_; }
  // Failed, but not often enough to be believed.
  bool failed_once() const;
  // What the time since settled_ms() is called as far as is known.
  int64_t settled_ms() const { return settled_ms_; }
  Memory memory() const { return {known_, known_reason_, known_cause_}; }

 private:
  // A result that differs from what is believed. All of a run lie on the same side of it.
  struct Doubt {
    CheckState says;
    int64_t started_ms;
    Reason reason;
    std::string text;
  };
  void settle(int64_t to_ms, TimelineStep& step);
  void enter(CheckState state, int64_t since_ms, int64_t now_ms, Reason reason, std::string cause,
             TimelineStep& step);
  TimelineStep observe(Doubt seen, int64_t now_ms);
  struct Agreement {
    CheckState state;
    size_t run;  // how many of the last doubts
  };
  std::optional<Agreement> agreement() const;

  TimelineRules rules_;
  CheckState state_ = CheckState::kUnknown;
  int64_t since_ms_;
  int64_t settled_ms_;
  int64_t heard_ms_;  // end of the last result
  Reason reason_ = Reason::kNone;
  std::string cause_;
  // The last confirmed state by results; unknown, overdue and paused only cover it.
  std::optional<CheckState> known_;
  Reason known_reason_ = Reason::kNone;
  std::string known_cause_;
  std::vector<Doubt> doubts_;
  std::vector<int64_t> inconclusive_;  // starts of such looks in a row
};

}  // namespace miden
