#include "monitor/incidents.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace miden {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr int64_t kSecond = 1000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kStart = 1'767'268'800'000;
constexpr auto kOk = CheckState::kOk;
constexpr auto kDegraded = CheckState::kDegraded;
constexpr auto kDown = CheckState::kDown;

// Chain, node (explained by chain), prover.
class IncidentsTest : public ::testing::Test {
 protected:
  void SetUp() override { begin({}); }
  void begin(std::vector<Incident> remembered, std::optional<CheckState> known = kOk) {
    incidents_.emplace(
        std::vector<Incidents::Subject>{{"chain", "Block production", {}, 3000, known},
                                        {"node-1", "Node 1", {"chain"}, 3000, known},
                                        {"prover-1", "Prover 1", {}, 3000, known}},
        std::move(remembered), kStart);
  }
  // Confirmed 5 s after it began.
  void change(size_t check, CheckState to, int64_t since_ms, const std::string& cause = "broken") {
    incidents_->state_changed(
        check, {states_[check], to, kStart + since_ms, kStart + since_ms + 5 * kSecond,
                to == kOk ? Reason::kNone : Reason::kTimeout, to == kOk ? "" : cause});
    states_[check] = to;
  }
  std::vector<Incident> at(int64_t now_ms, bool is_cut_off = false) {
    incidents_->tick(kStart + now_ms, is_cut_off);
    return incidents_->shown(kStart + now_ms);
  }

  std::optional<Incidents> incidents_;
  std::vector<CheckState> states_{kOk, kOk, kOk};
};

TEST_F(IncidentsTest, OpensWhenDownAndClosesWhenWell) {
  change(2, kDown, 10 * kSecond, "no answer within 10 s");
  const auto open = at(20 * kSecond);
  ASSERT_THAT(open, SizeIs(1));
  EXPECT_EQ(open[0].check_id, "prover-1");
  EXPECT_EQ(open[0].check_name, "Prover 1");
  EXPECT_EQ(open[0].opened_ms, kStart + 10 * kSecond);
  EXPECT_EQ(open[0].closed_ms, std::nullopt);
  EXPECT_EQ(open[0].worst, kDown);
  EXPECT_FALSE(open[0].is_minor);
  EXPECT_EQ(open[0].reason, Reason::kTimeout);
  EXPECT_EQ(open[0].cause, "no answer within 10 s");
  EXPECT_THAT(incidents_->take_changed(), SizeIs(1));
  EXPECT_THAT(incidents_->take_changed(), IsEmpty());

  change(2, kOk, 70 * kSecond);
  const auto closed = at(80 * kSecond);
  ASSERT_THAT(closed, SizeIs(1));
  EXPECT_THAT(closed[0].closed_ms, Optional(kStart + 70 * kSecond));
  EXPECT_EQ(closed[0].cause, "no answer within 10 s");
  EXPECT_THAT(incidents_->take_changed(), SizeIs(1));
}

TEST_F(IncidentsTest, AnIncidentThatIsMilderForAWhileStaysOpenUntilAllIsWell) {
  change(2, kDown, 0);
  change(2, kDegraded, 60 * kSecond);
  EXPECT_EQ(at(70 * kSecond)[0].closed_ms, std::nullopt);
  EXPECT_EQ(at(70 * kSecond)[0].worst, kDown);
  change(2, kOk, 100 * kSecond);
  EXPECT_THAT(at(110 * kSecond)[0].closed_ms, Optional(kStart + 100 * kSecond));
}

TEST_F(IncidentsTest, WhatCannotBeSeenNeitherOpensNorCloses) {
  change(2, kDown, 0);
  for (const CheckState state : {CheckState::kUnknown, CheckState::kOverdue, CheckState::kPaused})
    change(2, state, 60 * kSecond);
  EXPECT_EQ(at(70 * kSecond)[0].closed_ms, std::nullopt);
  change(0, CheckState::kUnknown, 0);
  EXPECT_THAT(at(80 * kSecond), SizeIs(1));
}

TEST_F(IncidentsTest, DegradedIsAMinorOneAfterFiveMinutes) {
  change(2, kDegraded, 0, "queue full");
  EXPECT_THAT(at(5 * kMinute - 1), IsEmpty());
  const auto minor = at(5 * kMinute);
  ASSERT_THAT(minor, SizeIs(1));
  EXPECT_TRUE(minor[0].is_minor);
  EXPECT_EQ(minor[0].opened_ms, kStart);
  EXPECT_EQ(minor[0].cause, "queue full");
  // It becomes a major one.
  change(2, kDown, 6 * kMinute, "refused");
  const auto major = at(7 * kMinute);
  ASSERT_THAT(major, SizeIs(1));
  EXPECT_FALSE(major[0].is_minor);
  EXPECT_EQ(major[0].cause, "refused");
}

TEST_F(IncidentsTest, ShortDegradationIsNone) {
  change(2, kDegraded, 0);
  change(2, kOk, 4 * kMinute);
  EXPECT_THAT(at(20 * kMinute), IsEmpty());
}

TEST_F(IncidentsTest, FailingAgainWithinFiveMinutesIsTheSameOne) {
  change(2, kDown, 0);
  change(2, kOk, kMinute);
  change(2, kDown, 6 * kMinute);
  const auto reopened = at(7 * kMinute);
  ASSERT_THAT(reopened, SizeIs(1));
  EXPECT_EQ(reopened[0].closed_ms, std::nullopt);
  EXPECT_EQ(reopened[0].opened_ms, kStart);
  change(2, kOk, 8 * kMinute);
  change(2, kDown, 13 * kMinute + 1);
  EXPECT_THAT(at(14 * kMinute), SizeIs(2));
}

TEST_F(IncidentsTest, SixChangesInHalfAnHourAreOneIncidentUntilItIsCalm) {
  // Every 6 minutes: each would be one of its own.
  const auto minutes = {0, 1, 8, 9, 16, 17};
  CheckState state = kDown;
  for (const int minute : minutes) {
    change(2, state, minute * kMinute);
    state = state == kDown ? kOk : kDown;
  }
  const auto flapping = at(18 * kMinute);
  ASSERT_THAT(flapping, SizeIs(3));
  EXPECT_TRUE(flapping[0].is_flapping);
  EXPECT_EQ(flapping[0].closed_ms, std::nullopt);
  // Further changes are part of it.
  for (const int minute : {24, 25, 30, 31}) {
    change(2, state, minute * kMinute);
    state = state == kDown ? kOk : kDown;
    EXPECT_THAT(at(minute * kMinute + 10 * kSecond), SizeIs(3)) << minute;
  }
  EXPECT_TRUE(at(45 * kMinute)[0].is_flapping);
  const auto calm = at(46 * kMinute + 5 * kSecond);
  ASSERT_THAT(calm, SizeIs(3));
  EXPECT_FALSE(calm[0].is_flapping);
  EXPECT_THAT(calm[0].closed_ms, Optional(kStart + 31 * kMinute + 5 * kSecond));
}

TEST_F(IncidentsTest, CalmWhileDownIsAnOrdinaryIncident) {
  for (int i = 0; i < 7; ++i) change(2, i % 2 == 0 ? kDown : kOk, i * kMinute);
  EXPECT_TRUE(at(10 * kMinute)[0].is_flapping);
  const auto calm = at(30 * kMinute);
  EXPECT_FALSE(calm[0].is_flapping);
  EXPECT_EQ(calm[0].closed_ms, std::nullopt);
}

TEST_F(IncidentsTest, AFailureIsListedUnderWhatExplainsIt) {
  change(0, kDown, 0, "no new block");
  change(1, kDown, 20 * kSecond);
  change(2, kDown, 20 * kSecond);
  auto all = at(30 * kSecond);
  ASSERT_THAT(all, SizeIs(3));
  const auto of = [&](std::string_view id) {
    return *std::ranges::find(all, id, &Incident::check_id);
  };
  EXPECT_THAT(of("chain").affected, ElementsAre("Node 1"));
  EXPECT_THAT(of("node-1").parent, Optional(of("chain").id));
  EXPECT_EQ(of("prover-1").parent, std::nullopt);
}

TEST_F(IncidentsTest, TheExplanationMayComeTwoIntervalsLater) {
  change(1, kDown, 0);
  change(0, kDown, 6 * kSecond);
  const auto all = at(30 * kSecond);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_THAT(all[0].affected, ElementsAre("Node 1"));
  EXPECT_THAT(all[1].parent, Optional(all[0].id));
}

TEST_F(IncidentsTest, ButNotMuchLater) {
  change(1, kDown, 0);
  change(0, kDown, 7 * kSecond);
  for (const Incident& incident : at(30 * kSecond)) EXPECT_EQ(incident.parent, std::nullopt);
}

TEST_F(IncidentsTest, BeingCutOffIsTheMonitorsOwnIncident) {
  ASSERT_THAT(at(0, true), SizeIs(1));
  EXPECT_EQ(at(1, true)[0].check_id, "monitor");
  EXPECT_EQ(at(1, true)[0].worst, CheckState::kUnknown);
  EXPECT_THAT(at(5000, false)[0].closed_ms, Optional(kStart + 5000));
}

TEST_F(IncidentsTest, GoesOnAfterARestart) {
  change(2, kDown, 0);
  change(1, kDown, 0);
  const auto remembered = incidents_->take_changed();
  ASSERT_THAT(remembered, SizeIs(2));

  begin(remembered, kDown);
  change(2, kOk, kMinute);
  auto all = at(kMinute);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].check_id, "node-1");
  EXPECT_EQ(all[0].closed_ms, std::nullopt);
  EXPECT_THAT(all[1].closed_ms, Optional(kStart + kMinute));
  // New ones get new ids.
  change(0, kDown, 2 * kMinute);
  for (const Incident& incident : remembered) EXPECT_NE(at(2 * kMinute)[0].id, incident.id);

  // Of checks that are gone, and of those that are known to be well.
  auto gone = remembered;
  gone[0].check_id = "prover-9";
  begin(gone, kOk);
  for (const Incident& incident : at(0)) EXPECT_TRUE(incident.closed_ms.has_value());
}

TEST_F(IncidentsTest, TakesOlderOnesInLater) {
  change(2, kDown, 0);
  auto older = incidents_->take_changed();
  older[0].id = 7;  // the earlier run began earlier
  begin({});
  change(1, kDown, kMinute);
  incidents_->add_older(older, kStart + 2 * kMinute);
  const auto all = at(2 * kMinute);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].check_id, "node-1");
  EXPECT_THAT(all[1].closed_ms, Optional(kStart + 2 * kMinute));
}

TEST_F(IncidentsTest, ForgetsOnlyWhatIsNotShownAndWasTaken) {
  change(2, kDown, 0);
  change(2, kOk, kMinute);
  incidents_->forget(kStart + kIncidentsShownMs + 10 * kMinute);
  EXPECT_THAT(incidents_->take_changed(), SizeIs(1));
  incidents_->forget(kStart + kIncidentsShownMs);
  EXPECT_NE(incidents_->newest_of(2), nullptr);
  incidents_->forget(kStart + kIncidentsShownMs + 10 * kMinute);
  EXPECT_EQ(incidents_->newest_of(2), nullptr);
}

TEST_F(IncidentsTest, ALeapOfTheClockMakesNothingOld) {
  change(2, kDegraded, 0);
  incidents_->clock_moved(60 * kMinute);
  EXPECT_THAT(at(60 * kMinute + 1), IsEmpty());
  EXPECT_THAT(at(65 * kMinute), SizeIs(1));
}

}  // namespace
}  // namespace miden
