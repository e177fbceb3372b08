#include "monitor/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace miden {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kNow = 1'767'264'127'500;

Picture picture_of(CheckKind kind, const std::string& id) {
  Picture picture;
  picture.version = "0.15.2";
  picture.network_name = "dev\"net\\";
  picture.taken_ms = kNow;
  CheckPicture check;
  CheckDescription description;
  description.id = id;
  description.kind = kind;
  description.target = "http://node:57291/\nx";
  check.description = std::make_shared<const CheckDescription>(description);
  check.seed = std::make_shared<const CheckResult>();
  check.state = CheckState::kDegraded;
  check.totals.results = {7, 1, 2, 0};
  check.totals.changes_to = {1, 1, 0, 0, 0, 0};
  check.totals.looks.counts[3] = 6;   // up to 0.05 s
  check.totals.looks.counts[14] = 4;  // beyond all
  check.totals.looks.sum_s = 600.25;
  check.day_availability.ratio = 0.75;
  CheckResult last;
  last.started_ms = kNow - 2500;
  last.duration_us = 500'000;
  last.figures = {{"tip", 48213}, {"lag_blocks", 2}, {"tip_age_ms", 1500}};
  check.last = last;
  picture.checks.push_back(check);
  return picture;
}

// What Prometheus' own parser asks for, and what its naming rules do.
void lint(const std::string& text) {
  const std::regex name("[a-zA-Z_:][a-zA-Z0-9_:]*");
  const std::regex sample(
      R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\\\|\\"|\\n)*"(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\\\|\\"|\\n)*")*)\})? (\S+))re");
  ASSERT_TRUE(text.ends_with("\n"));
  std::istringstream lines(text);
  std::map<std::string, std::string> types;
  std::set<std::string> helped, series;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    SCOPED_TRACE(line);
    ASSERT_FALSE(line.empty());
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(helped.insert(family).second) << "twice";
      EXPECT_TRUE(std::regex_match(family, name));
      continue;
    }
    if (line.starts_with("# TYPE ")) {
      std::istringstream words(line.substr(7));
      std::string typed, type;
      words >> typed >> type;
      EXPECT_EQ(typed, family);
      EXPECT_TRUE(types.emplace(typed, type).second);
      EXPECT_EQ(type == "counter", typed.ends_with("_total"));
      EXPECT_TRUE(typed.starts_with("miden_monitor_"));
      continue;
    }
    std::smatch parts;
    ASSERT_TRUE(std::regex_match(line, parts, sample));
    std::string of = parts[1];
    if (types[family] == "histogram")
      for (const std::string suffix : {"_bucket", "_sum", "_count"})
        if (of.ends_with(suffix)) of.resize(of.size() - suffix.size());
    EXPECT_EQ(of, family) << "samples of a family stand together, below its type";
    EXPECT_TRUE(series.insert(parts[1].str() + parts[2].str()).second) << "the same series twice";
    size_t read = 0;
    EXPECT_NO_THROW((void)std::stod(parts[parts.size() - 1], &read));
    EXPECT_EQ(read, parts[parts.size() - 1].length());
  }
}

// Buckets must not fall, and the last is the count.
void lint_histograms(const std::string& text) {
  std::istringstream lines(text);
  std::map<std::string, uint64_t> last;
  for (std::string line; std::getline(lines, line);) {
    if (const size_t le = line.find("le=\""); le != std::string::npos) {
      const std::string of = line.substr(0, line.find("_bucket")) +
                             line.substr(line.find('{') + 1, le - line.find('{') - 2);
      const uint64_t value = std::stoull(line.substr(line.rfind(' ') + 1));
      EXPECT_GE(value, last[of]) << line;
      last[of] = value;
    } else if (const size_t count = line.find("_count{"); count != std::string::npos) {
      const std::string of =
          line.substr(0, count) + line.substr(count + 7, line.find('}') - count - 7);
      EXPECT_EQ(std::stoull(line.substr(line.rfind(' ') + 1)), last[of]) << line;
    }
  }
}

TEST(Metrics, AreWhatPrometheusReads) {
  for (uint8_t kind = 0; kind <= static_cast<uint8_t>(CheckKind::kNoteTransport); ++kind) {
    Picture picture = picture_of(static_cast<CheckKind>(kind), "a-check");
    picture.checks.push_back(picture_of(static_cast<CheckKind>(kind), "b-check").checks[0]);
    picture.checks.back().last.reset();
    lint(metrics_text(picture, 3));
    lint_histograms(metrics_text(picture, 3));
  }
  lint(metrics_text({}, 0));
}

TEST(Metrics, OfANodeAreAsWritten) {
  const std::string expected = R"(# HELP miden_monitor_build_info The monitor itself; always 1.
# TYPE miden_monitor_build_info gauge
miden_monitor_build_info{version="0.15.2",network="dev\"net\\"} 1
# HELP miden_monitor_check_info What a check looks at; always 1.
# TYPE miden_monitor_check_info gauge
miden_monitor_check_info{check="node-1",kind="node",group="chain",target="http://node:57291/\nx"} 1
# HELP miden_monitor_check_state 1 for the confirmed state of a check, 0 for the others.
# TYPE miden_monitor_check_state gauge
miden_monitor_check_state{check="node-1",state="ok"} 0
miden_monitor_check_state{check="node-1",state="degraded"} 1
miden_monitor_check_state{check="node-1",state="down"} 0
miden_monitor_check_state{check="node-1",state="unknown"} 0
miden_monitor_check_state{check="node-1",state="overdue"} 0
miden_monitor_check_state{check="node-1",state="paused"} 0
# HELP miden_monitor_check_results_total Looks since the monitor started, by outcome.
# TYPE miden_monitor_check_results_total counter
miden_monitor_check_results_total{check="node-1",outcome="ok"} 7
miden_monitor_check_results_total{check="node-1",outcome="degraded"} 1
miden_monitor_check_results_total{check="node-1",outcome="fail"} 2
miden_monitor_check_results_total{check="node-1",outcome="inconclusive"} 0
# HELP miden_monitor_check_duration_seconds How long looks took.
# TYPE miden_monitor_check_duration_seconds histogram
miden_monitor_check_duration_seconds_bucket{check="node-1",le="0.005"} 0
miden_monitor_check_duration_seconds_bucket{check="node-1",le="0.01"} 0
miden_monitor_check_duration_seconds_bucket{check="node-1",le="0.025"} 0
miden_monitor_check_duration_seconds_bucket{check="node-1",le="0.05"} 6
miden_monitor_check_duration_seconds_bucket{check="node-1",le="0.1"} 6
miden_monitor_check_duration_seconds_bucket{check="node-1",le="0.25"} 6
miden_monitor_check_duration_seconds_bucket{check="node-1",le="0.5"} 6
miden_monitor_check_duration_seconds_bucket{check="node-1",le="1"} 6
miden_monitor_check_duration_seconds_bucket{check="node-1",le="2.5"} 6
miden_monitor_check_duration_seconds_bucket{check="node-1",le="5"} 6
miden_monitor_check_duration_seconds_bucket{check="node-1",le="10"} 6
miden_monitor_check_duration_seconds_bucket{check="node-1",le="30"} 6
miden_monitor_check_duration_seconds_bucket{check="node-1",le="60"} 6
miden_monitor_check_duration_seconds_bucket{check="node-1",le="120"} 6
miden_monitor_check_duration_seconds_bucket{check="node-1",le="+Inf"} 10
miden_monitor_check_duration_seconds_sum{check="node-1"} 600.25
miden_monitor_check_duration_seconds_count{check="node-1"} 10
# HELP miden_monitor_check_last_result_timestamp_seconds When the last look ended.
# TYPE miden_monitor_check_last_result_timestamp_seconds gauge
miden_monitor_check_last_result_timestamp_seconds{check="node-1"} 1767264125.5
# HELP miden_monitor_check_state_changes_total Confirmed changes since the monitor started, by the new state.
# TYPE miden_monitor_check_state_changes_total counter
miden_monitor_check_state_changes_total{check="node-1",to="ok"} 1
miden_monitor_check_state_changes_total{check="node-1",to="degraded"} 1
miden_monitor_check_state_changes_total{check="node-1",to="down"} 0
miden_monitor_check_state_changes_total{check="node-1",to="unknown"} 0
miden_monitor_check_state_changes_total{check="node-1",to="overdue"} 0
miden_monitor_check_state_changes_total{check="node-1",to="paused"} 0
# HELP miden_monitor_check_availability_ratio Share of the known time in which a check was up.
# TYPE miden_monitor_check_availability_ratio gauge
miden_monitor_check_availability_ratio{check="node-1",window="24h"} 0.75
# HELP miden_monitor_incidents_open Incidents that are not over.
# TYPE miden_monitor_incidents_open gauge
miden_monitor_incidents_open 0
# HELP miden_monitor_rpc_chain_tip The last block that a node told of.
# TYPE miden_monitor_rpc_chain_tip gauge
miden_monitor_rpc_chain_tip{check="node-1"} 48213
# HELP miden_monitor_rpc_lag_blocks Blocks behind the best node.
# TYPE miden_monitor_rpc_lag_blocks gauge
miden_monitor_rpc_lag_blocks{check="node-1"} 2
# HELP miden_monitor_rpc_tip_change_timestamp_seconds When the tip last changed.
# TYPE miden_monitor_rpc_tip_change_timestamp_seconds gauge
miden_monitor_rpc_tip_change_timestamp_seconds{check="node-1"} 1767264124
# HELP miden_monitor_webhook_deliveries_total Attempts to deliver a message.
# TYPE miden_monitor_webhook_deliveries_total counter
miden_monitor_webhook_deliveries_total{result="delivered"} 0
miden_monitor_webhook_deliveries_total{result="failed"} 0
# HELP miden_monitor_webhook_queue_length Messages that wait.
# TYPE miden_monitor_webhook_queue_length gauge
miden_monitor_webhook_queue_length 0
# HELP miden_monitor_store_ok 0 where history cannot be stored.
# TYPE miden_monitor_store_ok gauge
miden_monitor_store_ok 1
# HELP miden_monitor_store_write_failures_total Attempts to store history that failed.
# TYPE miden_monitor_store_write_failures_total counter
miden_monitor_store_write_failures_total 0
# HELP miden_monitor_store_size_bytes Size of the history.
# TYPE miden_monitor_store_size_bytes gauge
miden_monitor_store_size_bytes 0
# HELP miden_monitor_event_streams Pages that are fed now.
# TYPE miden_monitor_event_streams gauge
miden_monitor_event_streams 3
# HELP miden_monitor_clock_jumps_total Leaps of the clock of the monitor's machine.
# TYPE miden_monitor_clock_jumps_total counter
miden_monitor_clock_jumps_total 0
# HELP miden_monitor_picture_timestamp_seconds When these values were put together.
# TYPE miden_monitor_picture_timestamp_seconds gauge
miden_monitor_picture_timestamp_seconds 1767264127.5
)";
  EXPECT_EQ(metrics_text(picture_of(CheckKind::kNode, "node-1"), 3), expected);
}

TEST(Metrics, NumbersAreWholeHoweverLarge) {
  Picture picture = picture_of(CheckKind::kValidator, "validator");
  picture.health.store_size_bytes = ~uint64_t{0};
  picture.checks[0].last->figures = {{"validated_transactions", 123'456'789'012.0},
                                     {"signed_blocks", std::nan("")}};
  const std::string text = metrics_text(picture, 0);
  EXPECT_THAT(text, HasSubstr("store_size_bytes 18446744073709551615\n"));
  EXPECT_THAT(text, HasSubstr("validator_transactions_total{check=\"validator\"} 123456789012\n"));
  EXPECT_EQ(text.find("validator_signed_blocks_total{"), std::string::npos);
}

TEST(Metrics, ChecksWithTwoWorkersOfOneNameAreStillRead) {
  Picture picture = picture_of(CheckKind::kProver, "prover-1");
  picture.checks[0].last->details["RemoteProverStatus"]["status"]["workers"] = {
      {{"name", "a"}, {"status", "Healthy"}},
      {{"name", "a"}, {"status", "Unknown"}},
      {{"name", 3}}};
  lint(metrics_text(picture, 0));
}

}  // namespace
}  // namespace miden
