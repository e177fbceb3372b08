#include "monitor/timeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <random>
#include <sstream>

namespace miden {

void PrintTo(const Span& span, std::ostream* out) {
  *out << to_text(span.state) << " " << span.from_ms << "-" << span.to_ms;
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TimelineRules kRules{
    .failures_to_confirm = 2, .successes_to_clear = 2, .interval_ms = 3, .timeout_ms = 10};

// A history written as a word: one letter a look, at 10, 20, 30, ...; each takes 1 ms.
// o ok, d degraded, f failed, i inconclusive, u the running look is unanswered.
struct Told {
  std::vector<Span> spans;
  std::string states;   // after each letter: O D F U(nknown) L(ate) P
  std::string changes;  // "ok>down@20 "
};

char letter_of(CheckState state) { return "ODFULP"[static_cast<size_t>(state)]; }

Told tell(std::string_view word, TimelineRules rules = kRules, Timeline::Memory memory = {}) {
  rules.interval_ms = 10;
  Timeline timeline(rules, 0, std::move(memory));
  Told told;
  int64_t at = 0;
  for (const char letter : word) {
    at += 10;
    TimelineStep step;
    switch (letter) {
      case 'o':
        step = timeline.result(at, at + 1, Outcome::kOk, Reason::kNone, "");
        break;
      case 'd':
        step = timeline.result(at, at + 1, Outcome::kDegraded, Reason::kLag, "lags");
        break;
      case 'f':
        step = timeline.result(at, at + 1, Outcome::kFailed, Reason::kRefused, "no");
        break;
      case 'i':
        step = timeline.result(at, at + 1, Outcome::kInconclusive, Reason::kLocal, "no route");
        break;
      case 'u':
        step = timeline.unanswered(at, at + 1);
        break;
      default:
        ADD_FAILURE() << letter;
    }
    told.spans.insert(told.spans.end(), step.settled.begin(), step.settled.end());
    if (step.change) {
      std::ostringstream change;
      change << to_text(step.change->from) << ">" << to_text(step.change->to) << "@"
             << step.change->since_ms << " ";
      told.changes += change.str();
      EXPECT_EQ(step.change->confirmed_ms, at + 1);
    }
    told.states += letter_of(timeline.state());
  }
  return told;
}

struct Row {
  const char* word;
  const char* states;
  const char* changes;
};

TEST(Timeline, BelievesWhatWasSeenTwiceFromTheFirstTimeOn) {
  const Row rows[] = {
      // The first good result is believed at once, the first bad one is not.
      {"o", "O", "unknown>ok@10 "},
      {"f", "U", ""},
      {"ff", "UF", "unknown>down@10 "},
      {"fo", "UO", "unknown>ok@20 "},
      {"fd", "UD", "unknown>degraded@10 "},
      // One failure among good results changes nothing, however often.
      {"ofofofo", "OOOOOOO", "unknown>ok@10 "},
      {"off", "OOF", "unknown>ok@10 ok>down@20 "},
      {"odd", "OOD", "unknown>ok@10 ok>degraded@20 "},
      // Both are at least degraded; the second failure then confirms more.
      {"odf", "OOD", "unknown>ok@10 ok>degraded@20 "},
      {"odff", "OODF", "unknown>ok@10 ok>degraded@20 degraded>down@30 "},
      {"ofd", "OOD", "unknown>ok@10 ok>degraded@20 "},
      {"ofdf", "OODD", "unknown>ok@10 ok>degraded@20 "},
      // Clearing takes two as well.
      {"ffo", "UFF", "unknown>down@10 "},
      {"ffofo", "UFFFF", "unknown>down@10 "},
      {"ffoo", "UFFO", "unknown>down@10 down>ok@30 "},
      {"ffdo", "UFFD", "unknown>down@10 down>degraded@30 "},
      {"ffdoo", "UFFDO", "unknown>down@10 down>degraded@30 degraded>ok@40 "},
      {"ddof", "UDDD", "unknown>degraded@10 "},
      {"ddoff", "UDDDF", "unknown>degraded@10 degraded>down@40 "},
      // What could not be looked at neither confirms nor clears, and is believed when it goes on.
      {"ofif", "OOOF", "unknown>ok@10 ok>down@20 "},
      {"oi", "OO", "unknown>ok@10 "},
      {"oii", "OOU", "unknown>ok@10 ok>unknown@20 "},
      {"oioioi", "OOOOOO", "unknown>ok@10 "},
      {"ffiio", "UFFUU", "unknown>down@10 down>unknown@30 "},
      {"ffiioo", "UFFUUO", "unknown>down@10 down>unknown@30 unknown>ok@50 "},
      {"ffiif", "UFFUF", "unknown>down@10 down>unknown@30 unknown>down@50 "},
      {"oiifo", "OOUUO", "unknown>ok@10 ok>unknown@20 unknown>ok@50 "},
      // No answer yet is a failure, and the failure that ends it another.
      {"ouf", "OOF", "unknown>ok@10 ok>down@20 "},
      {"ouu", "OOF", "unknown>ok@10 ok>down@20 "},
      {"ouo", "OOO", "unknown>ok@10 "},
  };
  for (const Row& row : rows) {
    const Told told = tell(row.word);
    EXPECT_EQ(told.states, row.states) << row.word;
    EXPECT_EQ(told.changes, row.changes) << row.word;
  }
}

TEST(Timeline, CountsWhatTheRulesSay) {
  TimelineRules rules = kRules;
  rules.failures_to_confirm = 1;
  rules.successes_to_clear = 3;
  EXPECT_EQ(tell("ofooo", rules).states, "OFFFO");
  rules.failures_to_confirm = 3;
  rules.successes_to_clear = 1;
  EXPECT_EQ(tell("offoffffo", rules).states, "OOOOOOFFO");
}

TEST(Timeline, WhatItRemembersMustBeSeenAnewBeforeItIsSaid) {
  const Timeline::Memory down{CheckState::kDown, Reason::kTimeout, "slow"};
  EXPECT_EQ(tell("f", kRules, down).changes, "unknown>down@10 ");
  EXPECT_EQ(tell("o", kRules, down).states, "U");
  EXPECT_EQ(tell("oo", kRules, down).changes, "unknown>ok@10 ");
  const Timeline::Memory ok{CheckState::kOk, Reason::kNone, ""};
  EXPECT_EQ(tell("o", kRules, ok).changes, "unknown>ok@10 ");
  EXPECT_EQ(tell("ff", kRules, ok).changes, "unknown>down@10 ");
}

TEST(Timeline, SettlesTimeOnlyWhenNoLaterResultCanRenameIt) {
  EXPECT_THAT(tell("oo").spans,
              ElementsAre(Span{CheckState::kUnknown, 0, 10}, Span{CheckState::kOk, 10, 20}));
  // The failure at 30 leaves open what 30 to 40 will be called.
  EXPECT_THAT(tell("oof").spans,
              ElementsAre(Span{CheckState::kUnknown, 0, 10}, Span{CheckState::kOk, 10, 20},
                          Span{CheckState::kOk, 20, 30}));
  EXPECT_THAT(tell("oofff").spans,
              ElementsAre(Span{CheckState::kUnknown, 0, 10}, Span{CheckState::kOk, 10, 20},
                          Span{CheckState::kOk, 20, 30}, Span{CheckState::kDown, 30, 40},
                          Span{CheckState::kDown, 40, 50}));
  EXPECT_THAT(tell("oofo").spans,
              ElementsAre(Span{CheckState::kUnknown, 0, 10}, Span{CheckState::kOk, 10, 20},
                          Span{CheckState::kOk, 20, 30}, Span{CheckState::kOk, 30, 40}));
}

TEST(Timeline, IsOverdueAfterTwoIntervalsAndATimeout) {
  Timeline timeline(kRules, 0, {});  // interval 3, timeout 10
  timeline.result(1, 2, Outcome::kOk, Reason::kNone, "");
  EXPECT_FALSE(timeline.tick(17).change);
  EXPECT_EQ(timeline.state(), CheckState::kOk);
  const TimelineStep step = timeline.tick(20);
  ASSERT_TRUE(step.change);
  EXPECT_EQ(step.change->to, CheckState::kOverdue);
  EXPECT_EQ(step.change->since_ms, 18);
  EXPECT_THAT(step.settled, ElementsAre(Span{CheckState::kOk, 1, 18}));
  EXPECT_THAT(timeline.tick(25).settled, ElementsAre(Span{CheckState::kOverdue, 18, 25}));
  // One result that says what was believed before ends it; one that says otherwise does not.
  EXPECT_FALSE(timeline.result(26, 27, Outcome::kFailed, Reason::kRefused, "no").change);
  EXPECT_EQ(timeline.state(), CheckState::kOverdue);
  const TimelineStep back = timeline.result(29, 30, Outcome::kOk, Reason::kNone, "");
  ASSERT_TRUE(back.change);
  EXPECT_EQ(back.change->to, CheckState::kOk);
  EXPECT_EQ(back.change->since_ms, 29);
}

TEST(Timeline, IsOverdueWithoutAFirstResultToo) {
  Timeline timeline(kRules, 100, {});
  EXPECT_FALSE(timeline.tick(115).change);
  ASSERT_TRUE(timeline.tick(116).change);
  EXPECT_EQ(timeline.state(), CheckState::kOverdue);
}

TEST(Timeline, AnUnansweredLookIsNoResult) {
  Timeline timeline(kRules, 0, {});
  timeline.result(0, 1, Outcome::kOk, Reason::kNone, "");
  timeline.unanswered(3, 7);
  timeline.unanswered(3, 10);
  EXPECT_EQ(timeline.state(), CheckState::kDown);
  EXPECT_EQ(timeline.since_ms(), 3);
  EXPECT_EQ(timeline.reason(), Reason::kTimeout);
  timeline.tick(17);
  EXPECT_EQ(timeline.state(), CheckState::kOverdue);
}

TEST(Timeline, SaysWhyAndForgetsItAgain) {
  Timeline timeline(kRules, 0, {});
  timeline.result(1, 2, Outcome::kOk, Reason::kNone, "");
  EXPECT_FALSE(timeline.failed_once());
  timeline.result(4, 5, Outcome::kFailed, Reason::kRefused, "connection refused");
  EXPECT_TRUE(timeline.failed_once());
  EXPECT_EQ(timeline.cause(), "connection refused");
  timeline.result(7, 8, Outcome::kOk, Reason::kNone, "");
  EXPECT_FALSE(timeline.failed_once());
  EXPECT_EQ(timeline.cause(), "");
  EXPECT_EQ(timeline.reason(), Reason::kNone);
}

TEST(Timeline, ALeapOfTheClockIsNobodysTime) {
  Timeline timeline(kRules, 0, {});
  timeline.result(1, 2, Outcome::kOk, Reason::kNone, "");
  EXPECT_THAT(timeline.clock_moved(4, 3'600'004).settled, ElementsAre(Span{CheckState::kOk, 1, 4}));
  EXPECT_EQ(timeline.state(), CheckState::kOk);
  EXPECT_EQ(timeline.since_ms(), 3'600'001);
  EXPECT_FALSE(timeline.tick(3'600'010).change) << "six milliseconds are not overdue";
  EXPECT_THAT(timeline.result(3'600'011, 3'600'012, Outcome::kOk, Reason::kNone, "").settled,
              ElementsAre(Span{CheckState::kOk, 3'600'004, 3'600'011}));
  // Backwards: the same hour is lived again.
  timeline.clock_moved(3'600'013, 13);
  EXPECT_THAT(timeline.result(14, 15, Outcome::kOk, Reason::kNone, "").settled,
              ElementsAre(Span{CheckState::kOk, 13, 14}));
}

// Whatever comes: all time up to now is called something, once, and what it is called was seen.
TEST(Timeline, LeavesNoGapAndCallsNothingTwice) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    TimelineRules rules = kRules;
    rules.failures_to_confirm = 1 + static_cast<int>(random() % 3);
    rules.successes_to_clear = 1 + static_cast<int>(random() % 3);
    Timeline timeline(rules, 0, {});
    int64_t now = 0, settled = 0;
    std::vector<std::pair<int64_t, Outcome>> looks;
    CheckState last_state = CheckState::kUnknown;
    for (int step_number = 0; step_number < 300; ++step_number) {
      now += 1 + static_cast<int64_t>(random() % 8);
      TimelineStep step;
      const int64_t started = now - static_cast<int64_t>(random() % 4);
      switch (random() % 8) {
        case 0:
          step = timeline.tick(now + static_cast<int64_t>(random() % 30));
          break;
        case 1:
          step = timeline.unanswered(started, now);
          looks.emplace_back(started, Outcome::kFailed);
          break;
        default: {
          const auto outcome = static_cast<Outcome>(random() % 4);
          step = timeline.result(started, now, outcome, Reason::kTimeout, "x");
          looks.emplace_back(started, outcome);
        }
      }
      for (const Span& span : step.settled) {
        ASSERT_EQ(span.from_ms, settled);
        ASSERT_GT(span.to_ms, span.from_ms);
        settled = span.to_ms;
        // The first is of the state before, all later ones are of the new.
        ASSERT_EQ(span.state, &span == &step.settled.front() && span.state == last_state
                                  ? last_state
                                  : timeline.state());
      }
      ASSERT_EQ(settled, timeline.settled_ms());
      now = std::max(now, settled);  // a tick may have looked ahead
      if (step.change) {
        ASSERT_EQ(step.change->from, last_state);
        ASSERT_EQ(step.change->to, timeline.state());
        ASSERT_NE(step.change->from, step.change->to);
        ASSERT_EQ(step.change->since_ms, timeline.since_ms());
        // Down is said only after as many failures in a row as the rules ask for, or when it was
        // known before and is seen again.
        if (step.change->to == CheckState::kDown && last_state != CheckState::kUnknown &&
            last_state != CheckState::kOverdue) {
          int failures = 0;
          for (auto look = looks.rbegin(); look != looks.rend(); ++look) {
            if (look->second == Outcome::kInconclusive) continue;
            if (look->second != Outcome::kFailed) break;
            ++failures;
          }
          ASSERT_GE(failures, rules.failures_to_confirm);
        }
      } else {
        ASSERT_EQ(timeline.state(), last_state);
      }
      last_state = timeline.state();
    }
  }
}

TEST(Timeline, APausedOneStaysSo) {
  Timeline timeline = Timeline::paused(5);
  EXPECT_THAT(timeline.tick(1'000'000).settled,
              ElementsAre(Span{CheckState::kPaused, 5, 1'000'000}));
  EXPECT_EQ(timeline.state(), CheckState::kPaused);
  EXPECT_THAT(timeline.tick(1'000'000).settled, IsEmpty());
}

}  // namespace
}  // namespace miden
