#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>

#include "monitor/history_writer.hpp"
#include "monitor/test_support/manual_clock.hpp"

namespace miden {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kNow = 1'767'268'800'000;

CheckResult failed_result(int64_t started_ms, const std::string& error) {
  CheckResult result;
  result.started_ms = started_ms;
  result.duration_us = 1'234'567;
  result.outcome = Outcome::kFailed;
  result.reason = Reason::kGrpc;
  result.code = 14;
  result.error = error;
  result.headline = "42 ms";
  result.figures = {{"tip", 48213}, {"lag_blocks", 0.5}};
  return result;
}

Incident incident_of(uint64_t id, int64_t opened_ms, std::optional<int64_t> closed_ms) {
  Incident incident;
  incident.id = id;
  incident.check_id = "node-1";
  incident.check_name = "Node 1";
  incident.opened_ms = opened_ms;
  incident.closed_ms = closed_ms;
  incident.is_flapping = true;
  incident.reason = Reason::kLag;
  incident.cause = "behind";
  incident.affected = {"Explorer", "Faucet"};
  incident.parent = 7;
  return incident;
}

HistoryBatch::ResultRow row_of(const std::string& id, int64_t at_ms, uint32_t sequence) {
  return {id, at_ms, sequence, failed_result(at_ms, "error " + std::to_string(sequence))};
}

class HistoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "history_test_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
    directory_ = root_ / "data" / "history";
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<HistoryStore> open(HistoryLimits limits = {}) {
    auto store = HistoryStore::open(directory_, limits);
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  History load(const std::vector<std::string>& ids, int64_t now_ms = kNow) {
    return open()->load(ids, now_ms);
  }
  HistoryWriter::Options writer_options(const std::shared_ptr<Clock>& clock) {
    HistoryWriter::Options options;
    options.directory = directory_;
    options.clock = clock;
    options.check_ids = {"node-1"};
    return options;
  }

  std::filesystem::path root_, directory_;
};

// Real time: the writer's thread must only get its turn.
template <class Condition>
bool comes_true(const Condition& condition) {
  for (int i = 0; i < 5000; ++i) {
    if (condition()) return true;
    usleep(1000);
  }
  return false;
}

TEST_F(HistoryTest, KeepsWhatWasWritten) {
  HistoryBatch batch;
  for (uint32_t i = 0; i < 60; ++i)
    batch.results.push_back(row_of("node-1", kNow - 60'000 + i * 1000, i));
  batch.results.push_back(row_of("node-10", kNow, 99));
  const CheckStanding standing{{CheckState::kDown, Reason::kTimeout, "no answer"}, kNow - 500};
  batch.standings["node-1"] = standing;
  RollUp bin;
  bin.add_time(CheckState::kDown, 1234, kFiveMinutesMs);
  bin.latency.add(5000);
  batch.five_minutes[{"node-1", kNow - kFiveMinutesMs}] = bin;
  batch.five_minutes[{"node-1", kNow - 2 * kDayMs}] = bin;  // more than a picture shows
  batch.hours[{"node-1", kNow - kHourMs}] = bin;
  batch.incidents[3] = incident_of(3, kNow - 5000, kNow - 4000);
  batch.incidents[4] = incident_of(4, kNow - 3000, std::nullopt);
  batch.incidents[1] = incident_of(1, 5, 6);  // long ago
  batch.webhook = R"({"queue":[]})";
  open()->write(batch);

  const std::vector<std::string> ids{"node-1", "never-seen"};
  const History history = load(ids);
  ASSERT_THAT(history.checks, SizeIs(1));
  const History::OfCheck& check = history.checks.at("node-1");
  EXPECT_EQ(check.standing, standing);
  ASSERT_THAT(check.recent, SizeIs(50));
  const CheckResult& newest = check.recent.front();
  EXPECT_EQ(newest.started_ms, kNow - 1000);
  EXPECT_EQ(newest.duration_us, 1'234'567);
  EXPECT_EQ(newest.outcome, Outcome::kFailed);
  EXPECT_EQ(newest.reason, Reason::kGrpc);
  EXPECT_EQ(newest.code, 14);
  EXPECT_EQ(newest.error, "error 59");
  EXPECT_EQ(newest.headline, "42 ms");
  ASSERT_THAT(newest.figures, SizeIs(2));
  EXPECT_EQ(newest.figures[1].name, "lag_blocks");
  EXPECT_EQ(newest.figures[1].value, 0.5);
  EXPECT_EQ(check.recent.back().error, "error 10");
  EXPECT_THAT(check.five_minutes, ElementsAre(std::pair(kNow - kFiveMinutesMs, bin)));
  EXPECT_THAT(check.hours, ElementsAre(std::pair(kNow - kHourMs, bin)));
  ASSERT_THAT(history.incidents, SizeIs(2));
  EXPECT_EQ(encode_incident(history.incidents[0]), encode_incident(batch.incidents[3]));
  EXPECT_EQ(history.incidents[0].affected, batch.incidents[3].affected);
  EXPECT_EQ(history.incidents[0].parent, 7U);
  EXPECT_EQ(history.incidents[1].closed_ms, std::nullopt);
  EXPECT_EQ(history.webhook, batch.webhook);
}

TEST_F(HistoryTest, RowsThatCannotBeReadAreLeftOut) {
  for (const Bytes& whole :
       {encode_result(failed_result(kNow, "x")), encode_incident(incident_of(1, 2, 3)),
        encode_standing({{CheckState::kOk, Reason::kNone, "a"}, 5})}) {
    std::mt19937 random(5);
    for (size_t size = 0; size < whole.size(); ++size) {
      const ByteView cut(whole.data(), size);
      EXPECT_FALSE(decode_result(cut) && decode_incident(cut) && decode_standing(cut));
    }
    // Garbage of any kind ends in a value or an error.
    for (int i = 0; i < 20'000; ++i) {
      Bytes garbled = whole;
      for (int changes = 0; changes < 3; ++changes)
        garbled[random() % garbled.size()] = static_cast<uint8_t>(random());
      (void)decode_result(garbled);
      (void)decode_incident(garbled);
      (void)decode_standing(garbled);
      ByteReader reader(garbled);
      (void)RollUp::decode(reader);
    }
  }
}

TEST_F(HistoryTest, DeletesWhatIsOlderThanItsLimit) {
  HistoryLimits limits;
  limits.results = std::chrono::hours(24);
  limits.roll_ups = std::chrono::hours(48);
  limits.hours = std::chrono::hours(72);
  const auto store = open(limits);
  HistoryBatch batch;
  for (const std::string id : {"node-1", "gone"}) {
    batch.standings[id] = {{}, kNow};
    for (int64_t hours = 0; hours < 100; ++hours) {
      const int64_t at_ms = kNow - hours * kHourMs;
      batch.results.push_back(row_of(id, at_ms, 0));
      batch.five_minutes[{id, at_ms}] = {};
      batch.hours[{id, at_ms}] = {};
    }
  }
  batch.incidents[1] = incident_of(1, kNow - 90 * kHourMs, kNow - 80 * kHourMs);
  batch.incidents[2] = incident_of(2, kNow - 90 * kHourMs, kNow - 70 * kHourMs);
  batch.incidents[3] = incident_of(3, kNow - 90 * kHourMs, std::nullopt);
  store->write(batch);

  // Kept: 0 to 24 h, 0 to 48 h, 0 to 72 h; of both checks.
  EXPECT_EQ(store->prune(kNow), 2U * (100 - 25 + 100 - 49 + 100 - 73) + 1);
  EXPECT_EQ(store->prune(kNow), 0U);
  const std::vector<std::string> ids{"node-1"};
  const History history = store->load(ids, kNow);
  EXPECT_THAT(history.checks.at("node-1").recent, SizeIs(25));
  EXPECT_THAT(history.checks.at("node-1").hours, SizeIs(73));
  EXPECT_THAT(history.incidents, SizeIs(2));
}

TEST_F(HistoryTest, DeletesTheOldestResultsWhereAllWouldTakeTooMuchRoom) {
  HistoryLimits limits;
  limits.max_bytes = 10 * 10 * kBytesOfResult;
  const auto store = open(limits);
  HistoryBatch batch;
  batch.standings["node-1"] = {{}, kNow};
  for (int64_t hours = 0; hours < 24; ++hours) {
    const int64_t hour_ms = kNow - hours * kHourMs;
    RollUp bin;
    bin.results[0] = 10;
    batch.hours[{"node-1", hour_ms}] = bin;
    for (uint32_t i = 0; i < 10; ++i) batch.results.push_back(row_of("node-1", hour_ms + i, i));
  }
  store->write(batch);
  EXPECT_EQ(store->prune(kNow), 140U);
  const std::vector<std::string> ids{"node-1"};
  const auto history = store->load(ids, kNow);
  EXPECT_THAT(history.checks.at("node-1").hours, SizeIs(24));
  EXPECT_EQ(history.checks.at("node-1").recent.front().started_ms, kNow + 9);
}

TEST_F(HistoryTest, TheWriterWritesEverySecondAndAtItsEnd) {
  const auto clock = std::make_shared<ManualClock>(kNow);
  {
    HistoryWriter writer(writer_options(clock));
    ASSERT_TRUE(writer.take_history());
    HistoryBatch batch;
    batch.standings["node-1"] = {{}, kNow};
    batch.results.push_back(row_of("node-1", kNow, 1));
    writer.add(batch);
    clock->advance(milliseconds(1000));
    batch.results = {row_of("node-1", kNow + 1, 2)};
    writer.add(batch);
    EXPECT_TRUE(writer.status().is_writing);
  }
  EXPECT_THAT(load({"node-1"}).checks.at("node-1").recent, SizeIs(2));
}

// The disk takes nothing more: files may not grow. In a process of its own, which has that limit to
// itself; the exit code names the step that went wrong.
TEST_F(HistoryTest, WithAFullDiskTheNewestResultsWaitInMemory) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto fill_the_disk = [this] {
    signal(SIGXFSZ, SIG_IGN);
    const auto step = [this](int code, bool is_as_wanted) {
      if (is_as_wanted) return;
      std::filesystem::remove_all(root_);
      _exit(code);
    };
    const auto clock = std::make_shared<ManualClock>(kNow);
    {
      HistoryWriter writer(writer_options(clock));
      rlimit limit{};
      getrlimit(RLIMIT_FSIZE, &limit);
      const rlim_t whole = limit.rlim_cur;
      limit.rlim_cur = 4096;
      setrlimit(RLIMIT_FSIZE, &limit);
      uint32_t sequence = 0;
      const auto add = [&](size_t results) {
        HistoryBatch batch;
        batch.standings["node-1"] = {{}, kNow + sequence};
        for (size_t i = 0; i < results; ++i, ++sequence)
          batch.results.push_back(row_of("node-1", kNow + sequence, sequence));
        writer.add(std::move(batch));
      };
      add(200);
      clock->advance(milliseconds(1000));
      step(10, comes_true([&] { return !writer.status().is_writing; }));
      step(11, !writer.status().error.empty());
      const uint64_t failures = writer.status().failures;
      add(kMaxResultsInMemory);  // the first 200 have to go
      const auto goes_on_until = [&](const auto& condition) {
        return comes_true([&] {
          clock->advance(milliseconds(100));
          return condition();
        });
      };
      step(12, goes_on_until([&] { return writer.status().failures > failures; }));
      step(13, comes_true([&] { return writer.status().dropped_results == 200; }));
      limit.rlim_cur = whole;
      setrlimit(RLIMIT_FSIZE, &limit);
      step(14, goes_on_until([&] { return writer.status().is_writing; }));
      add(1);
    }
    const History history = load({"node-1"}, kNow + 20'000);
    step(15, history.checks.at("node-1").recent.front().error ==
                 "error " + std::to_string(200 + kMaxResultsInMemory));
    const auto store = open({.results = std::chrono::hours(0)});
    step(16, store->prune(kNow + 3'600'000) == kMaxResultsInMemory + 1);
    step(0, false);
  };
  EXPECT_EXIT(fill_the_disk(), ::testing::ExitedWithCode(0), "");
}

TEST_F(HistoryTest, AStoreThatOpensLateIsReadThen) {
  {
    HistoryBatch batch;
    batch.standings["node-1"] = {{CheckState::kOk, Reason::kNone, ""}, kNow - 1000};
    open()->write(batch);
  }
  const auto clock = std::make_shared<ManualClock>(kNow);
  HistoryWriter::Options options = writer_options(clock);
  std::atomic<int64_t> heard_ms = 0;
  options.found_late = [&](const History& history) {
    heard_ms = history.checks.at("node-1").standing.heard_ms;
  };
  auto holder = open();  // another process has it
  HistoryWriter writer(options);
  EXPECT_FALSE(writer.take_history());
  EXPECT_FALSE(writer.status().is_writing);
  EXPECT_NE(writer.status().error, "");
  holder.reset();
  clock->advance(milliseconds(10'000));
  EXPECT_TRUE(comes_true([&] { return heard_ms == kNow - 1000; }));
  EXPECT_TRUE(comes_true([&] { return writer.status().is_writing; }));
}

TEST_F(HistoryTest, APlaceWhereNothingCanBeMadeIsAnErrorAndNoEnd) {
  std::ofstream(root_ / "data") << "a file, not a directory";
  const auto clock = std::make_shared<ManualClock>(kNow);
  HistoryWriter writer(writer_options(clock));
  EXPECT_FALSE(writer.status().is_writing);
  writer.add({});
  clock->advance(milliseconds(10'000));
  EXPECT_TRUE(comes_true([&] { return writer.status().failures >= 2; }));
}

}  // namespace
}  // namespace miden
