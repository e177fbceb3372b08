#include "monitor/watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "monitor/test_support/http_stand_in.hpp"
#include "monitor/test_support/manual_clock.hpp"

namespace miden {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr int64_t kStart = 1'767'268'800'000;  // 2026-01-01T12:00:00Z

// A thing to look at that does what it is told.
struct Target {
  std::atomic<Outcome> outcome = Outcome::kOk;
  std::atomic<Reason> reason = Reason::kRefused;
  std::atomic<bool> hangs = false;
  std::atomic<bool> throws = false;
  std::atomic<int> looks = 0;  // begun

  CheckResult look(const std::stop_token& stop) {
    ++looks;
    while (hangs && !stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
    if (throws) throw std::runtime_error("a bug");
    CheckResult result;
    result.outcome = outcome;
    result.duration_us = 42'000;
    if (outcome != Outcome::kOk) {
      result.reason = reason;
      result.error = "broken";
    }
    result.figures = {{"committed_s", 5.0}};
    result.facts = {{"Version", "1", false}};
    return result;
  }
};

class WatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "watch_test_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
  }
  void TearDown() override {
    watch_.reset();
    std::filesystem::remove_all(root_);
  }

  Target& add(const std::string& id, milliseconds interval = seconds(3)) {
    Check check;
    check.description.id = id;
    check.description.name = "The " + id;
    check.description.interval = interval;
    check.description.timeout = seconds(10);
    auto target = std::make_shared<Target>();
    check.look = [target](const std::stop_token& stop) { return target->look(stop); };
    checks_.push_back(check);
    return *(targets_[id] = target);
  }
  void start(WatchOptions options = {}) {
    options.clock = clock_;
    options.version = "1.2.3";
    watch_ = Watch::start(checks_, std::move(options));
  }
  WatchOptions with_history() {
    WatchOptions options;
    options.history_directory = root_ / "history";
    return options;
  }

  std::shared_ptr<const Picture> picture() { return watch_->picture(); }
  const CheckPicture& of(const Picture& picture, const std::string& id) {
    for (const CheckPicture& check : picture.checks)
      if (check.description->id == id) return check;
    throw std::out_of_range(id);
  }
  CheckState state(const std::string& id) { return of(*picture(), id).state; }

  // Real time for threads to get their turn; the watch's own clock stands meanwhile.
  template <class Condition>
  bool comes_true(const Condition& condition) {
    for (int i = 0; i < 5000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return false;
  }
  uint64_t results(const std::string& id) {
    uint64_t sum = 0;
    const auto shown = picture();
    for (const uint64_t count : of(*shown, id).totals.results) sum += count;
    return sum;
  }
  // Lets the clock go on until each of these has had `more` further results.
  void results_of(const std::string& id, uint64_t more, milliseconds step = seconds(3)) {
    const uint64_t wanted = results(id) + more;
    while (results(id) < wanted) {
      const uint64_t before = results(id);
      clock_->advance(step);
      ASSERT_TRUE(comes_true([&] { return results(id) > before; })) << id;
    }
  }
  void first_results() {
    for (const auto& [id, target] : targets_)
      ASSERT_TRUE(comes_true([&, name = id] { return results(name) > 0; })) << id;
  }

  std::filesystem::path root_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>(kStart);
  std::vector<Check> checks_;
  std::map<std::string, std::shared_ptr<Target>> targets_;
  std::unique_ptr<Watch> watch_;
};

TEST_F(WatchTest, LooksAtEverythingAtOnceAndShowsIt) {
  add("node-1");
  Target& second = add("node-2");
  second.outcome = Outcome::kDegraded;
  WatchOptions options;
  options.network_name = "devnet";
  start(options);
  first_results();
  const auto shown = picture();
  EXPECT_EQ(shown->network_name, "devnet");
  EXPECT_EQ(shown->version, "1.2.3");
  EXPECT_EQ(shown->started_ms, kStart);
  EXPECT_THAT(shown->boot, SizeIs(16));
  ASSERT_THAT(shown->checks, SizeIs(2));
  EXPECT_EQ(shown->checks[0].description->id, "node-1");
  const CheckPicture& node = shown->checks[0];
  EXPECT_EQ(node.state, CheckState::kOk);
  EXPECT_EQ(node.since_ms, kStart);
  ASSERT_TRUE(node.last);
  EXPECT_THAT(node.last->facts, SizeIs(1));
  EXPECT_THAT(node.recent, SizeIs(1));
  EXPECT_THAT(node.recent[0].facts, SizeIs(0));
  EXPECT_EQ(node.successes, 1U);
  EXPECT_THAT(node.median_ms, Optional(42.0));
  EXPECT_THAT(node.day, SizeIs(48));
  EXPECT_THAT(node.month, SizeIs(30));
  EXPECT_THAT(node.spark, SizeIs(96));
  EXPECT_THAT(shown->inclusion, SizeIs(288));
  EXPECT_TRUE(of(*shown, "node-2").failed_once);
  EXPECT_FALSE(shown->health.has_history);
  EXPECT_TRUE(shown->health.stores_history);
}

TEST_F(WatchTest, ShowsAFailureWithinTwoIntervalsAndItsEnd) {
  Target& node = add("node-1");
  start();
  first_results();
  node.outcome = Outcome::kFailed;
  results_of("node-1", 1);
  EXPECT_EQ(state("node-1"), CheckState::kOk);
  EXPECT_TRUE(of(*picture(), "node-1").failed_once);
  results_of("node-1", 1);
  const auto down = picture();
  EXPECT_EQ(of(*down, "node-1").state, CheckState::kDown);
  EXPECT_EQ(of(*down, "node-1").since_ms, kStart + 3000);
  EXPECT_EQ(of(*down, "node-1").cause, "broken");
  EXPECT_EQ(of(*down, "node-1").reason, Reason::kRefused);
  ASSERT_THAT(down->incidents, SizeIs(1));
  EXPECT_EQ(down->incidents[0].opened_ms, kStart + 3000);
  node.outcome = Outcome::kOk;
  results_of("node-1", 2);
  const auto up = picture();
  EXPECT_EQ(of(*up, "node-1").state, CheckState::kOk);
  ASSERT_THAT(up->incidents, SizeIs(1));
  EXPECT_THAT(up->incidents[0].closed_ms, Optional(kStart + 9000));
  // Six seconds of downtime, of twelve that are known.
  const Availability& availability = of(*up, "node-1").day_availability;
  EXPECT_EQ(availability.down_ms, 6000);
  EXPECT_EQ(availability.known_ms, 12'000);
  EXPECT_EQ(availability.outages, 1U);
  EXPECT_EQ(of(*up, "node-1").totals.changes_to[2], 1U);
}

TEST_F(WatchTest, ACheckThatHangsDelaysNoOtherAndIsDownThenOverdue) {
  Target& hanging = add("node-1");
  add("node-2");
  start();
  first_results();
  hanging.hangs = true;
  clock_->advance(seconds(3));
  ASSERT_TRUE(comes_true([&] { return hanging.looks == 2 && results("node-2") == 2; }));
  results_of("node-2", 1);
  EXPECT_TRUE(comes_true([&] { return of(*picture(), "node-1").failed_once; }));
  EXPECT_EQ(state("node-1"), CheckState::kOk);
  results_of("node-2", 1);
  EXPECT_TRUE(comes_true([&] { return state("node-1") == CheckState::kDown; }));
  EXPECT_EQ(of(*picture(), "node-1").reason, Reason::kTimeout);
  EXPECT_EQ(of(*picture(), "node-1").since_ms, kStart + 3000);
  results_of("node-2", 3);
  EXPECT_TRUE(comes_true([&] { return state("node-1") == CheckState::kOverdue; }));
  EXPECT_EQ(state("node-2"), CheckState::kOk);
  EXPECT_EQ(hanging.looks, 2);
  hanging.hangs = false;
  EXPECT_TRUE(comes_true([&] { return results("node-1") == 2; }));
  results_of("node-1", 1);
  EXPECT_TRUE(comes_true([&] { return state("node-1") == CheckState::kOk; }));
}

TEST_F(WatchTest, TicksThatWereMissedAreSkipped) {
  Target& node = add("node-1");
  start();
  first_results();
  node.hangs = true;
  clock_->advance(seconds(3));
  ASSERT_TRUE(comes_true([&] { return node.looks == 2; }));
  clock_->advance(milliseconds(31'500));
  node.hangs = false;
  ASSERT_TRUE(comes_true([&] { return results("node-1") == 2; }));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(node.looks, 2);  // the next is due at 36 s
  clock_->advance(milliseconds(1400));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(node.looks, 2);
  clock_->advance(milliseconds(100));
  EXPECT_TRUE(comes_true([&] { return node.looks == 3; }));
}

TEST_F(WatchTest, LooksAgainSoonAfterAFirstFailure) {
  Target& prover = add("prover-1", seconds(120));
  start();
  first_results();
  prover.outcome = Outcome::kFailed;
  results_of("prover-1", 1, seconds(120));
  clock_->advance(milliseconds(14'900));
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(prover.looks, 2);
  clock_->advance(milliseconds(100));
  EXPECT_TRUE(comes_true([&] { return state("prover-1") == CheckState::kDown; }));
  EXPECT_EQ(prover.looks, 3);
}

TEST_F(WatchTest, AFaultInACheckIsItsOwn) {
  Target& broken = add("node-1");
  add("node-2");
  broken.throws = true;
  start();
  first_results();
  results_of("node-1", 2);
  results_of("node-2", 1);
  EXPECT_EQ(state("node-1"), CheckState::kUnknown);
  EXPECT_EQ(of(*picture(), "node-1").cause, "could not check: a bug");
  EXPECT_EQ(state("node-2"), CheckState::kOk);
}

TEST_F(WatchTest, APausedCheckIsNotLookedAt) {
  Target& node = add("node-1");
  add("node-2");
  WatchOptions options;
  options.paused = {"node-1"};
  start(options);
  ASSERT_TRUE(comes_true([&] { return results("node-2") > 0; }));
  results_of("node-2", 3);
  EXPECT_EQ(state("node-1"), CheckState::kPaused);
  EXPECT_EQ(node.looks, 0);
}

TEST_F(WatchTest, SaysThatTheClockMovedAndDeletesNothing) {
  add("node-1");
  start();
  first_results();
  results_of("node-1", 2);
  clock_->set_wall(clock_->wall_ms() + 365 * 86'400'000LL);
  clock_->advance(milliseconds(250));  // when the watch looks at the clock
  ASSERT_TRUE(comes_true([&] { return picture()->health.clock_jumps == 1; }));
  EXPECT_THAT(picture()->health.clock_moved_ms, Optional(365 * 86'400'000LL));
  EXPECT_EQ(state("node-1"), CheckState::kOk);
  results_of("node-1", 1);
  EXPECT_EQ(state("node-1"), CheckState::kOk);
  // Ten minutes later, which is when old bins would go, all is told as before.
  for (int i = 0; i < 11; ++i) results_of("node-1", 1, seconds(60));
  EXPECT_TRUE(comes_true([&] { return !picture()->health.clock_moved_ms; }));
  clock_->set_wall(clock_->wall_ms() - 365 * 86'400'000LL);
  clock_->advance(milliseconds(250));
  ASSERT_TRUE(comes_true([&] { return picture()->health.clock_jumps == 2; }));
  const Availability& availability = of(*picture(), "node-1").day_availability;
  EXPECT_GE(availability.known_ms, 6000);
  EXPECT_THAT(availability.ratio, Optional(1.0));
}

TEST_F(WatchTest, WhereNoNameResolvesItIsTheMonitorsNetwork) {
  Target& first = add("node-1");
  Target& second = add("node-2");
  start();
  first_results();
  for (Target* target : {&first, &second}) {
    target->reason = Reason::kDns;
    target->outcome = Outcome::kFailed;
  }
  for (int i = 0; i < 5; ++i) {
    clock_->advance(seconds(3));
    const auto wanted = static_cast<uint64_t>(i + 2);
    ASSERT_TRUE(
        comes_true([&] { return results("node-1") == wanted && results("node-2") == wanted; }));
  }
  EXPECT_EQ(state("node-1"), CheckState::kUnknown);
  EXPECT_EQ(state("node-2"), CheckState::kUnknown);
  ASSERT_TRUE(comes_true([&] { return !picture()->incidents.empty(); }));
  const auto shown = picture();
  ASSERT_THAT(shown->incidents, SizeIs(1));
  EXPECT_EQ(shown->incidents[0].check_id, "monitor");
  EXPECT_EQ(of(*shown, "node-1").day_availability.down_ms, 0);
}

TEST_F(WatchTest, RemembersWhatAnEarlierRunSaw) {
  Target& node = add("node-1");
  add("node-2");
  start(with_history());
  first_results();
  results_of("node-1", 3);
  node.outcome = Outcome::kFailed;
  results_of("node-1", 2);
  ASSERT_EQ(state("node-1"), CheckState::kDown);
  EXPECT_TRUE(picture()->health.has_history);
  const auto before = picture();
  const uint64_t incident = before->incidents.at(0).id;
  watch_.reset();

  clock_->advance(std::chrono::minutes(10));
  targets_["node-1"]->hangs = true;  // only what is remembered is to be seen
  targets_["node-2"]->hangs = true;
  start(with_history());
  const auto after = picture();
  EXPECT_NE(after->boot, before->boot);
  const CheckPicture& check = of(*after, "node-1");
  EXPECT_EQ(check.state, CheckState::kUnknown);
  EXPECT_EQ(check.last, std::nullopt);
  EXPECT_THAT(check.recent, SizeIs(6));
  EXPECT_EQ(check.recent[0].error, "broken");
  // 12 s up, 3 s down and nothing of the ten minutes.
  EXPECT_EQ(check.day_availability.known_ms, 15'000);
  EXPECT_EQ(check.day_availability.down_ms, 3000);
  EXPECT_EQ(check.month_availability.known_ms, 15'000);
  EXPECT_LT(after->health.known_ratio, 0.05);
  ASSERT_THAT(after->incidents, SizeIs(1));
  EXPECT_EQ(after->incidents[0].id, incident);
  EXPECT_EQ(after->incidents[0].closed_ms, std::nullopt);
  // It takes two good looks to end it, as if nothing had been between.
  targets_["node-1"]->outcome = Outcome::kOk;
  targets_["node-1"]->hangs = false;
  targets_["node-2"]->hangs = false;
  first_results();
  EXPECT_EQ(state("node-1"), CheckState::kUnknown);
  EXPECT_EQ(state("node-2"), CheckState::kOk);
  results_of("node-1", 1);
  EXPECT_EQ(state("node-1"), CheckState::kOk);
  EXPECT_TRUE(picture()->incidents.at(0).closed_ms.has_value());
}

TEST_F(WatchTest, TellsTheWebhookAndTakesItBackAfterARestart) {
  std::mutex mutex;
  std::vector<nlohmann::json> told;
  HttpStandIn server([&](const HttpStandIn::Request& request, const HttpStandIn::Send& send) {
    const std::lock_guard lock(mutex);
    told.push_back(nlohmann::json::parse(request.body));
    send(HttpStandIn::answer(200, ""));
  });
  const auto told_of = [&] {
    const std::lock_guard lock(mutex);
    return told.size();
  };
  WatchOptions options = with_history();
  options.webhook = WebhookOptions{.url = server.url() + "/", .secret = "", .after = seconds(30)};
  Target& node = add("node-1");
  start(options);
  first_results();
  node.outcome = Outcome::kFailed;
  results_of("node-1", 2);
  const uint64_t incident = picture()->incidents.at(0).id;
  results_of("node-1", 9);
  EXPECT_EQ(told_of(), 0U);
  results_of("node-1", 1);
  // Taken and known to be: what ends between the two would be told again.
  ASSERT_TRUE(comes_true([&] {
    clock_->advance(milliseconds(250));
    return picture()->health.webhook_delivered == 1;
  }));
  ASSERT_EQ(told_of(), 1U);
  watch_.reset();

  node.outcome = Outcome::kOk;
  start(options);
  first_results();
  results_of("node-1", 1);
  ASSERT_EQ(state("node-1"), CheckState::kOk);
  results_of("node-1", 10);
  ASSERT_TRUE(comes_true([&] { return told_of() == 2; }));
  EXPECT_EQ(told[0]["to"], "down");
  EXPECT_EQ(told[1]["to"], "ok");
  EXPECT_EQ(told[0]["incident"]["id"], std::to_string(incident));
  EXPECT_EQ(told[1]["incident"]["id"], std::to_string(incident));
  EXPECT_NE(told[1]["incident"]["closed_at"], nullptr);
}

TEST_F(WatchTest, WithoutADiskItGoesOnAndSaysSo) {
  std::ofstream(root_ / "history") << "a file, not a directory";
  add("node-1");
  start(with_history());
  first_results();
  results_of("node-1", 2);
  const auto shown = picture();
  EXPECT_EQ(state("node-1"), CheckState::kOk);
  EXPECT_TRUE(shown->health.has_history);
  EXPECT_FALSE(shown->health.stores_history);
  EXPECT_NE(shown->health.store_error, "");
  EXPECT_GE(shown->health.store_write_failures, 1U);
  // Room again: what was seen meanwhile is kept.
  std::filesystem::remove(root_ / "history");
  results_of("node-1", 1, seconds(10));
  ASSERT_TRUE(comes_true([&] {
    clock_->advance(milliseconds(100));
    return picture()->health.stores_history;
  }));
  const uint64_t seen = results("node-1");
  watch_.reset();
  start(with_history());
  EXPECT_GE(of(*picture(), "node-1").recent.size(), seen);
}

TEST_F(WatchTest, WaitsForChangesAsLongAsIsAskedFor) {
  Target& node = add("node-1");
  start();
  first_results();
  uint64_t sequence = picture()->sequence;
  // Nothing happens while the clock stands.
  ASSERT_TRUE(comes_true([&] {
    const uint64_t before = std::exchange(sequence, picture()->sequence);
    return watch_->wait_for_change(sequence, milliseconds(20))->sequence == before;
  }));
  std::jthread later([&] {
    node.outcome = Outcome::kDegraded;
    clock_->advance(seconds(3));
  });
  EXPECT_GT(watch_->wait_for_change(sequence, seconds(5))->sequence, sequence);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_NE(watch_->wait_for_change(~uint64_t{0}, seconds(60), stop.get_token()), nullptr);
}

TEST_F(WatchTest, APictureWithoutNewsIsTakenEveryFiveSeconds) {
  add("node-1", std::chrono::hours(1));
  start();
  first_results();
  clock_->advance(seconds(5));
  EXPECT_TRUE(comes_true([&] { return picture()->taken_ms == kStart + 5000; }));
}

TEST_F(WatchTest, EndsThoughALookHangs) {
  Target& node = add("node-1");
  node.hangs = true;
  start();
  ASSERT_TRUE(comes_true([&] { return node.looks == 1; }));
  watch_.reset();
  EXPECT_EQ(node.looks, 1);
}

}  // namespace
}  // namespace miden
