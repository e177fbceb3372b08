#include "monitor/announcements.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace miden {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kWall = 1'767'264'127'000;  // 2026-01-01T10:42:07Z
constexpr auto kOk = CheckState::kOk;
constexpr auto kDown = CheckState::kDown;

class AnnouncementsTest : public ::testing::Test {
 protected:
  void SetUp() override { begin(30'000, nullptr); }
  void begin(int64_t after_ms, const json& memory) {
    std::vector<Announcements::Subject> subjects;
    for (int i = 0; i < 6; ++i)
      subjects.push_back({"prover-" + std::to_string(i), "Prover " + std::to_string(i),
                          CheckGroup::kProving, "http://p" + std::to_string(i)});
    announcements_.emplace(Announcements::Options{"devnet", "https://status.example/", after_ms},
                           std::move(subjects), memory);
  }
  // Confirmed at this steady time.
  void change(size_t check, CheckState to, int64_t steady_ms) {
    announcements_->state_changed(
        check,
        {kOk, to, kWall + steady_ms - 5000, kWall + steady_ms,
         to == kOk ? Reason::kNone : Reason::kTimeout, to == kOk ? "" : "no answer within 10 s"},
        steady_ms);
  }
  std::vector<Announcement> due(int64_t steady_ms) {
    return announcements_->take_due(steady_ms, kWall + steady_ms, [this](size_t check) {
      const auto found = incidents_.find(check);
      return found == incidents_.end() ? nullptr : &found->second;
    });
  }
  std::vector<std::string> texts(const std::vector<Announcement>& announcements) {
    std::vector<std::string> texts;
    for (const Announcement& one : announcements) texts.push_back(one.body["text"]);
    return texts;
  }
  void open_incident(size_t check, uint64_t id, int64_t opened_ms) {
    Incident incident;
    incident.id = id;
    incident.opened_ms = opened_ms;
    incident.affected = {"Network transactions"};
    incidents_[check] = incident;
  }

  std::optional<Announcements> announcements_;
  std::map<size_t, Incident> incidents_;
};

TEST_F(AnnouncementsTest, AMessageSaysWhatHappenedWhereAndSince) {
  change(1, kDown, 5000);
  open_incident(1, 77, kWall);
  EXPECT_THAT(due(34'999), IsEmpty());
  const auto told = due(35'000);
  ASSERT_THAT(told, SizeIs(1));
  json body = json::parse(told[0].body.dump());
  EXPECT_EQ(body["event_id"].get<std::string>().size(), 32U);
  body.erase("event_id");
  EXPECT_EQ(body, json::parse(R"({
    "version": 1, "kind": "state_changed", "network": "devnet", "sent_at": "2026-01-01T10:42:42Z",
    "text": "Prover 1 is down: no answer within 10 s",
    "check": {"id": "prover-1", "name": "Prover 1", "group": "proving", "target": "http://p1"},
    "from": "ok", "to": "down", "since": "2026-01-01T10:42:07Z",
    "reason": {"code": "timeout", "text": "no answer within 10 s"},
    "incident": {"id": "77", "opened_at": "2026-01-01T10:42:07Z", "closed_at": null,
                 "duration_seconds": null, "affected": ["Network transactions"],
                 "url": "https://status.example/incidents/77"}})"));
  EXPECT_EQ(told[0].check_id, "prover-1");
  EXPECT_THAT(due(100'000), IsEmpty());
}

TEST_F(AnnouncementsTest, WhatDoesNotLastIsNotTold) {
  change(1, kDown, 0);
  change(1, kOk, 29'000);
  EXPECT_THAT(due(100'000), IsEmpty());
  change(1, kDown, 110'000);
  change(1, CheckState::kUnknown, 120'000);
  EXPECT_THAT(due(200'000), IsEmpty());
}

TEST_F(AnnouncementsTest, TheEndIsToldOnlyOfWhatWasTold) {
  change(1, kDown, 0);
  open_incident(1, 77, kWall);
  EXPECT_THAT(due(30'000), SizeIs(1));
  incidents_[1].closed_ms = kWall + 60'000;
  change(1, kOk, 60'000);
  EXPECT_THAT(due(89'999), IsEmpty());
  const auto told = due(90'000);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_TRUE(told[0].is_recovery);
  EXPECT_EQ(told[0].incident, 77U);
  EXPECT_EQ(told[0].body["from"], "down");
  EXPECT_EQ(told[0].body["to"], "ok");
  EXPECT_EQ(told[0].body["text"], "Prover 1 works again");
  EXPECT_EQ(told[0].body["incident"]["duration_seconds"], 60);
}

TEST_F(AnnouncementsTest, ALaterRunTakesBackWhatAnEarlierOneTold) {
  change(1, kDown, 0);
  open_incident(1, 77, kWall);
  EXPECT_THAT(due(30'000), SizeIs(1));
  const json memory = announcements_->memory();
  begin(30'000, memory);
  change(1, kDown, 0);
  EXPECT_THAT(due(60'000), IsEmpty());
  change(1, kOk, 70'000);
  const auto told = due(100'000);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].incident, 77U);
  begin(30'000, announcements_->memory());
  change(1, kOk, 0);
  EXPECT_THAT(due(60'000), IsEmpty());
  // What is not ours is as nothing.
  for (const char* garbage : {"[]", "3", R"({"prover-1":4})", R"({"prover-1":{"state":"x"}})"}) {
    begin(30'000, json::parse(garbage));
    change(1, kOk, 0);
    EXPECT_THAT(due(60'000), IsEmpty()) << garbage;
  }
}

TEST_F(AnnouncementsTest, FourWithinTenSecondsAreOneMessage) {
  change(0, kDown, 0);
  change(1, kDown, 3000);
  change(2, kDown, 6000);
  change(3, kDown, 9000);
  EXPECT_THAT(due(30'000), IsEmpty()) << "the others will be due soon";
  EXPECT_THAT(due(38'999), IsEmpty());
  const auto told = due(39'000);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].body["kind"], "batch");
  ASSERT_THAT(told[0].body["events"], SizeIs(4));
  EXPECT_EQ(told[0].body["events"][3]["check"]["id"], "prover-3");
  EXPECT_FALSE(told[0].check_id);
}

TEST_F(AnnouncementsTest, ThreeAreThreeAtOnce) {
  for (size_t check = 0; check < 3; ++check) change(check, kDown, static_cast<int64_t>(check));
  EXPECT_THAT(due(30'000), SizeIs(1));
  EXPECT_THAT(due(30'002), SizeIs(2));
}

TEST_F(AnnouncementsTest, WithoutDelayTheFourthWaitsForMore) {
  begin(0, nullptr);
  for (size_t check = 0; check < 3; ++check) {
    change(check, kDown, static_cast<int64_t>(check) * 100);
    EXPECT_THAT(due(static_cast<int64_t>(check) * 100), SizeIs(1)) << check;
  }
  change(3, kDown, 1000);
  EXPECT_THAT(due(1000), IsEmpty());
  EXPECT_THAT(due(9999), IsEmpty());
  // The first lies ten seconds back.
  EXPECT_THAT(texts(due(10'000)), ElementsAre("Prover 3 is down: no answer within 10 s"));
}

TEST_F(AnnouncementsTest, FlappingIsToldOnceUntilItIsCalm) {
  open_incident(1, 77, kWall);
  incidents_[1].is_flapping = true;
  change(1, kDown, 0);
  const auto told = due(0);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].body["kind"], "flapping");
  change(1, kOk, 20'000);
  change(1, kDown, 60'000);
  EXPECT_THAT(due(100'000), IsEmpty());
  change(1, kOk, 120'000);
  EXPECT_THAT(due(200'000), IsEmpty());
  incidents_[1].is_flapping = false;
  incidents_[1].closed_ms = kWall + 120'000;
  EXPECT_THAT(texts(due(300'000)), ElementsAre("Prover 1 works again"));
  EXPECT_THAT(due(400'000), IsEmpty());
}

TEST_F(AnnouncementsTest, TheSameChangeHasTheSameId) {
  change(1, kDown, 0);
  const auto first = due(30'000);
  begin(30'000, nullptr);
  change(1, kDown, 0);
  const auto second = due(40'000);
  EXPECT_EQ(first.at(0).body["event_id"], second.at(0).body["event_id"]);
  begin(30'000, nullptr);
  change(1, kDown, 1);
  EXPECT_NE(due(40'001).at(0).body["event_id"], second.at(0).body["event_id"]);
}

}  // namespace
}  // namespace miden
