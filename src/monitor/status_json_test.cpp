#include "monitor/status_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "monitor/metrics.hpp"
#include "monitor/public_picture.hpp"

namespace miden {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr int64_t kNow = 1'767'264'127'500;  // 2026-01-01T10:42:07.5Z

CheckPicture check_of(const std::string& id, const std::string& reference_name, CheckKind kind) {
  CheckPicture check;
  CheckDescription description;
  description.id = id;
  description.name = "The " + id;
  description.reference_name = reference_name;
  description.kind = kind;
  description.target = "http://secret.internal:57291/" + id;
  description.request = "grpcurl secret.internal:57291 rpc.Api/Status";
  check.description = std::make_shared<const CheckDescription>(description);
  CheckResult seed;
  seed.started_ms = kNow - 60'000;
  seed.details = {{"RpcStatus", {{"url", description.target}, {"version", ""}}}};
  check.seed = std::make_shared<const CheckResult>(seed);
  check.since_ms = kNow - 3000;
  return check;
}

// The node is down by its last look, the prover has never been looked at.
Picture picture_of_two() {
  Picture picture;
  picture.boot = "b007";
  picture.version = "0.15.2";
  picture.network_name = "devnet";
  picture.taken_ms = kNow;
  picture.started_ms = kNow - 60'000;
  picture.checks.push_back(check_of("prover-1", "Remote Prover (1)", CheckKind::kProver));
  picture.checks.push_back(check_of("node-2", "", CheckKind::kNode));
  CheckPicture node = check_of("node-1", "RPC", CheckKind::kNode);
  node.state = CheckState::kOk;  // confirmed; one failure changes nothing
  node.failed_once = true;
  node.reason = Reason::kRefused;
  node.cause = "secret.internal refused";
  CheckResult last;
  last.started_ms = kNow - 4000;
  last.duration_us = 2'400'000;
  last.outcome = Outcome::kFailed;
  last.reason = Reason::kRefused;
  last.error = "secret.internal refused";
  last.details = "Error";
  last.reference_status = "Unhealthy";
  last.figures = {{"tip", 48213}};
  last.facts = {{"Version", "0.15.2", false},
                {"Explorer", "https://secret.internal", false},
                {"Worker secret.internal:1", "Healthy", false}};
  node.last = last;
  node.recent = {last};
  picture.checks.push_back(node);
  Incident incident;
  incident.id = 1'767'264'000'123;
  incident.check_id = "node-1";
  incident.check_name = "The node-1";
  incident.opened_ms = kNow - 100'000;
  incident.closed_ms = kNow - 40'000;
  incident.reason = Reason::kTimeout;
  incident.cause = "secret.internal did not answer";
  incident.affected = {"Faucet"};
  picture.incidents.push_back(incident);
  return picture;
}

TEST(StatusJson, IsTheReferencesInItsOrder) {
  EXPECT_EQ(status_json(picture_of_two()).dump(),
            R"({"services":[)"
            R"({"name":"RPC","status":"Unhealthy","last_checked":1767264125,)"
            R"("error":"secret.internal refused","details":"Error"},)"
            R"x({"name":"Remote Prover (1)","status":"Unknown","last_checked":1767264067,)x"
            R"("error":null,"details":{"RpcStatus":{"url":"http://secret.internal:57291/prover-1",)"
            R"("version":""}}}],)"
            R"("last_updated":1767264127,"monitor_version":"0.15.2","network_name":"devnet"})");
}

TEST(StatusJson, OrdersAllServicesAsTheReferenceDoes) {
  Picture picture;
  for (const char* name :
       {"Validator", "Note Transport", "Network Transactions", "Local Transactions", "Explorer",
        "Faucet", "Remote Prover (1)", "Remote Prover (2)", "RPC"})
    picture.checks.push_back(check_of(name, name, CheckKind::kNode));
  std::vector<std::string> names;
  const auto status = status_json(picture);
  for (const auto& service : status["services"]) names.push_back(service["name"]);
  EXPECT_THAT(names, ElementsAre("RPC", "Remote Prover (1)", "Remote Prover (2)", "Faucet",
                                 "Explorer", "Local Transactions", "Network Transactions",
                                 "Note Transport", "Validator"));
}

TEST(StatusJson, TheApiTellsWhatThePictureShows) {
  const Picture picture = picture_of_two();
  const json summary = json::parse(summary_json(picture).dump());
  EXPECT_EQ(
      summary["checks"],
      json::parse(R"({"all":3,"ok":1,"degraded":0,"down":0,"unknown":2,"overdue":0,"paused":0})"));
  EXPECT_EQ(summary["open_incidents"], json::array());
  EXPECT_EQ(summary["monitor"]["store_error"], nullptr);

  const json checks = json::parse(checks_json(picture).dump());
  ASSERT_THAT(checks["checks"], SizeIs(3));
  const json& node = checks["checks"][2];
  EXPECT_EQ(node["id"], "node-1");
  EXPECT_EQ(node["state"], "ok");
  EXPECT_EQ(node["failed_once"], true);
  EXPECT_EQ(node["last"]["outcome"], "fail");
  EXPECT_EQ(node["last"]["duration_ms"], 2400.0);
  EXPECT_EQ(node["last"]["figures"]["tip"], 48213.0);
  EXPECT_EQ(node["availability"]["24h"]["ratio"], nullptr);
  EXPECT_EQ(checks["checks"][0]["last"], nullptr);

  const auto one = check_json(picture, "node-1");
  ASSERT_TRUE(one);
  EXPECT_EQ((*one)["recent"].size(), 1U);
  EXPECT_EQ((*one)["incidents"][0]["id"], "1767264000123");
  EXPECT_EQ((*one)["incidents"][0]["duration_seconds"], 60);
  EXPECT_EQ(check_json(picture, "node"), std::nullopt);
  EXPECT_EQ(history_json(picture, ""), std::nullopt);
  EXPECT_EQ(incidents_json(picture)["incidents"].size(), 1U);
}

TEST(StatusJson, HistoryHasEveryCellAndPoint) {
  Picture picture = picture_of_two();
  CheckPicture& node = picture.checks[2];
  Cell cell{.from_ms = kNow - 1'800'000, .to_ms = kNow};
  cell.seconds_in = {1700, 0, 100, 0, 0, 0};
  cell.failed_looks = 3;
  node.day = {cell};
  node.spark = {{.from_ms = kNow, .p5_ms = 1.5, .p50_ms = 2, .p95_ms = {}, .failed_looks = 1}};
  const auto history = history_json(picture, "node-1");
  ASSERT_TRUE(history);
  EXPECT_EQ((*history)["24h"][0]["seconds"]["down"], 100);
  EXPECT_EQ((*history)["24h"][0]["failed_looks"], 3);
  EXPECT_EQ((*history)["latency_ms"][0]["p5"], 1.5);
  EXPECT_EQ((*history)["latency_ms"][0]["p95"], nullptr);
  picture.inclusion = {{.from_ms = kNow,
                        .committed = {.least = 4, .median = 5, .most = 9, .timeouts = 2},
                        .consumed = {}}};
  const auto inclusion = inclusion_json(picture);
  EXPECT_EQ(inclusion["bins"][0]["committed"]["median"], 5.0);
  EXPECT_EQ(inclusion["bins"][0]["consumed"]["most"], nullptr);
}

TEST(HealthJson, AFullDiskIsSaidButNoReasonToRestart) {
  Picture picture = picture_of_two();
  EXPECT_EQ(health_json(picture, kNow + 1000).body["status"], "ok");
  picture.health.has_history = true;
  picture.health.stores_history = false;
  picture.health.store_error = "disk full";
  const HealthAnswer full = health_json(picture, kNow + 1000);
  EXPECT_TRUE(full.is_alive);
  EXPECT_EQ(full.body["status"], "degraded");
  EXPECT_EQ(full.body["monitor"]["store_error"], "disk full");
  picture.health = {};
  picture.health.clock_moved_ms = -3'600'000;
  EXPECT_EQ(health_json(picture, kNow).body["status"], "degraded");
}

TEST(HealthJson, AMonitorThatStandsStillIsNotAlive) {
  const Picture picture = picture_of_two();
  EXPECT_TRUE(health_json(picture, kNow + 29'999).is_alive);
  const HealthAnswer stuck = health_json(picture, kNow + 30'000);
  EXPECT_FALSE(stuck.is_alive);
  EXPECT_EQ(stuck.body["status"], "stuck");
}

TEST(PublicPicture, TellsStrangersNoPlacesAndNoErrorTexts) {
  Picture picture = picture_of_two();
  json details;
  details["RemoteProverStatus"] = {{"status",
                                    {{"url", "http://secret.internal/"},
                                     {"workers",
                                      {{{"name", "secret.internal:1"}, {"status", "Healthy"}},
                                       {{"name", "secret.internal:2"}, {"status", "Unhealthy"}}}}}},
                                   {"test", {{"error", "secret.internal failed"}}}};
  CheckResult last;
  last.details = details;
  last.reference_status = "Healthy";
  last.outcome = Outcome::kOk;
  picture.checks[0].last = last;
  picture.health.store_error = "/var/lib/secret.internal: disk full";

  const auto shown = public_picture(picture);
  const std::string all = status_json(*shown).dump() + summary_json(*shown).dump() +
                          checks_json(*shown).dump() + check_json(*shown, "node-1")->dump() +
                          incidents_json(*shown).dump() + metrics_text(*shown, 0) +
                          health_json(*shown, kNow).body.dump();
  EXPECT_THAT(all, Not(HasSubstr("secret")));
  EXPECT_EQ(shown->checks[2].cause, "refused");
  EXPECT_EQ(shown->checks[2].last->error, "refused");
  EXPECT_THAT(shown->checks[2].last->facts, SizeIs(1));
  EXPECT_EQ(shown->incidents[0].cause, "timeout");
  EXPECT_THAT(metrics_text(*shown, 0),
              HasSubstr("prover_worker_up{check=\"prover-1\",worker=\"worker 2\"} 0"));
  // What is not secret stays.
  EXPECT_EQ(shown->checks[2].last->figures.at(0).value, 48213);
  EXPECT_EQ(shown->checks[2].state, CheckState::kOk);
  EXPECT_EQ(picture.checks[2].cause, "secret.internal refused") << "the original is another";
}

}  // namespace
}  // namespace miden
