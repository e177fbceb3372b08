#include "monitor/timeline.hpp"

#include <algorithm>
#include <utility>

namespace miden {

namespace {

// kOk < kDegraded < kDown
bool is_worse(CheckState a, CheckState b) { return std::to_underlying(a) > std::to_underlying(b); }

CheckState said_by(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return CheckState::kOk;
    case Outcome::kDegraded:
      return CheckState::kDegraded;
    case Outcome::kFailed:
      return CheckState::kDown;
    case Outcome::kInconclusive:
      break;
  }
  return CheckState::kUnknown;
}

}  // namespace

Timeline::Timeline(TimelineRules rules, int64_t now_ms, Memory memory)
    : rules_(rules),
      since_ms_(now_ms),
      settled_ms_(now_ms),
      heard_ms_(now_ms),
      known_(memory.known),
      known_reason_(memory.reason),
      known_cause_(std::move(memory.cause)) {
  rules_.failures_to_confirm = std::max(rules_.failures_to_confirm, 1);
  rules_.successes_to_clear = std::max(rules_.successes_to_clear, 1);
}

Timeline Timeline::paused(int64_t now_ms) {
  Timeline timeline({}, now_ms, {});
  timeline.state_ = CheckState::kPaused;
  return timeline;
}

void Timeline::settle(int64_t to_ms, TimelineStep& step) {
  if (to_ms <= settled_ms_) return;
  step.settled.push_back({state_, settled_ms_, to_ms});
  settled_ms_ = to_ms;
}

void Timeline::enter(CheckState state, int64_t since_ms, int64_t now_ms, Reason reason,
                     std::string cause, TimelineStep& step) {
  settle(since_ms, step);
  step.change = StateChange{state_, state, settled_ms_, now_ms, reason, cause};
  state_ = state;
  since_ms_ = settled_ms_;
  reason_ = reason;
  cause_ = std::move(cause);
}

// The last doubts agree on a state where each says it or something further from what is believed.
// The furthest that enough of them agree on wins, so one of them says just that.
std::optional<Timeline::Agreement> Timeline::agreement() const {
  if (doubts_.empty()) return std::nullopt;
  const bool worse = !known_ || is_worse(doubts_.back().says, *known_);
  const size_t wanted =
      static_cast<size_t>(worse ? rules_.failures_to_confirm : rules_.successes_to_clear);
  std::vector<CheckState> furthest{CheckState::kDown, CheckState::kDegraded, CheckState::kOk};
  if (!worse) std::ranges::reverse(furthest);
  for (const CheckState candidate : furthest) {
    const auto disagrees = [&](const Doubt& doubt) {
      return worse ? is_worse(candidate, doubt.says) : is_worse(doubt.says, candidate);
    };
    const auto run = static_cast<size_t>(std::find_if(doubts_.rbegin(), doubts_.rend(), disagrees) -
                                         doubts_.rbegin());
    if (run >= wanted) return Agreement{candidate, run};
  }
  return std::nullopt;
}

TimelineStep Timeline::observe(Doubt seen, int64_t now_ms) {
  TimelineStep step;
  inconclusive_.clear();
  const CheckState says = seen.says;
  const bool is_covered = !known_ || state_ != *known_;  // unknown or overdue is shown

  // With nothing believed yet a good result is believed at once, and so is one that says what was
  // believed before it was covered.
  if (known_ ? says == *known_ : says == CheckState::kOk) {
    doubts_.clear();
    known_ = says;
    known_reason_ = says == CheckState::kOk ? Reason::kNone : seen.reason;
    known_cause_ = says == CheckState::kOk ? std::string() : std::move(seen.text);
    if (is_covered) {
      enter(says, seen.started_ms, now_ms, known_reason_, known_cause_, step);
    } else {
      reason_ = known_reason_;
      cause_ = known_cause_;
      settle(seen.started_ms, step);
    }
    return step;
  }

  const auto is_on_one_side = [&](const Doubt& doubt) {
    return !known_ || is_worse(doubt.says, *known_) == is_worse(says, *known_);
  };
  if (!doubts_.empty() && !is_on_one_side(doubts_.back())) doubts_.clear();
  if (doubts_.empty()) settle(seen.started_ms, step);
  doubts_.push_back(std::move(seen));
  const Doubt& newest = doubts_.back();
  if (!is_covered && *known_ == CheckState::kOk) {
    reason_ = newest.reason;
    cause_ = newest.text;
  }

  if (const auto agreed = agreement()) {
    const int64_t since_ms = (doubts_.end() - static_cast<ptrdiff_t>(agreed->run))->started_ms;
    const auto newest_word =
        std::find_if(doubts_.rbegin(), doubts_.rend(),
                     [&](const Doubt& doubt) { return doubt.says == agreed->state; });
    const bool is_well = agreed->state == CheckState::kOk;
    known_ = agreed->state;
    known_reason_ = is_well ? Reason::kNone : newest_word->reason;
    known_cause_ = is_well ? std::string() : newest_word->text;
    enter(agreed->state, since_ms, now_ms, known_reason_, known_cause_, step);
    // What says more than that goes on being doubted.
    const int64_t newest_ms = newest.started_ms;
    doubts_.erase(doubts_.begin(), newest_word.base());
    settle(doubts_.empty() ? newest_ms : doubts_.front().started_ms, step);
  }
  return step;
}

TimelineStep Timeline::result(int64_t started_ms, int64_t now_ms, Outcome outcome, Reason reason,
                              std::string_view text) {
  heard_ms_ = std::max(heard_ms_, now_ms);
  if (const CheckState says = said_by(outcome); says != CheckState::kUnknown)
    return observe({says, started_ms, reason, std::string(text)}, now_ms);

  // No evidence of anything: it neither confirms nor clears.
  TimelineStep step;
  inconclusive_.push_back(started_ms);
  if (state_ == CheckState::kUnknown) {
    reason_ = reason;
    cause_ = text;
    if (doubts_.empty()) settle(started_ms, step);
  } else if (inconclusive_.size() >= static_cast<size_t>(rules_.failures_to_confirm)) {
    const int64_t since_ms = inconclusive_.front();
    doubts_.clear();
    enter(CheckState::kUnknown, since_ms, now_ms, reason, std::string(text), step);
  }
  if (state_ == CheckState::kUnknown) inconclusive_.clear();
  return step;
}

TimelineStep Timeline::unanswered(int64_t started_ms, int64_t now_ms) {
  return observe({CheckState::kDown, started_ms, Reason::kTimeout,
                  "no answer for " + std::to_string((now_ms - started_ms) / 1000) + " s"},
                 now_ms);
}

TimelineStep Timeline::tick(int64_t now_ms) {
  TimelineStep step;
  if (state_ == CheckState::kPaused) {
    settle(now_ms, step);
    return step;
  }
  const int64_t due_ms = heard_ms_ + 2 * rules_.interval_ms + rules_.timeout_ms;
  if (now_ms < due_ms) return step;
  if (state_ == CheckState::kOverdue) {
    settle(now_ms, step);
    return step;
  }
  doubts_.clear();
  inconclusive_.clear();
  enter(CheckState::kOverdue, due_ms, now_ms, Reason::kNone,
        "no result since " + std::to_string((now_ms - heard_ms_) / 1000) + " s", step);
  return step;
}

TimelineStep Timeline::clock_moved(int64_t before_ms, int64_t after_ms) {
  TimelineStep step;
  settle(before_ms, step);
  const int64_t moved_ms = after_ms - before_ms;
  settled_ms_ = after_ms;
  heard_ms_ += moved_ms;
  // The state goes on; what is shown as its age must not include the leap.
  since_ms_ += moved_ms;
  for (Doubt& doubt : doubts_) doubt.started_ms = std::max(doubt.started_ms + moved_ms, after_ms);
  for (int64_t& started_ms : inconclusive_) started_ms = after_ms;
  return step;
}

bool Timeline::failed_once() const {
  return !doubts_.empty() && (known_ ? is_worse(doubts_.back().says, *known_) : true);
}

}  // namespace miden
