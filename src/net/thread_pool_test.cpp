#include "net/thread_pool.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <future>

#include "net/retry.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;

TEST(ThreadPool, RefusesWhatItsQueueCannotHold) {
  ThreadPool pool({.threads = 2, .max_queued = 3});
  std::promise<void> open;
  const std::shared_future<void> gate = open.get_future().share();
  std::atomic<int> done = 0;
  const auto work = [&, gate] {
    gate.wait();
    ++done;
  };
  // Two on the threads, three in the queue; how soon the threads take theirs does not matter.
  int taken = 0;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (taken < 5 && std::chrono::steady_clock::now() < deadline)
    taken += pool.try_run(work) ? 1 : 0;
  EXPECT_EQ(taken, 5);
  EXPECT_FALSE(pool.try_run(work));
  open.set_value();
  pool.stop();
  EXPECT_EQ(done, 5);
  EXPECT_FALSE(pool.try_run(work));
}

TEST(ThreadPool, RunsEverythingItTook) {
  std::atomic<int> done = 0;
  int taken = 0;
  {
    ThreadPool pool({.threads = 3, .max_queued = 10'000});
    for (int i = 0; i < 10'000; ++i) taken += pool.try_run([&] { ++done; }) ? 1 : 0;
  }
  EXPECT_EQ(taken, 10'000);
  EXPECT_EQ(done, taken);
}

TEST(ThreadPool, YieldsWithItsOwnThreadsOnly) {
  const int own = getpriority(PRIO_PROCESS, 0);
  std::promise<int> of_thread;
  ThreadPool pool({.niceness = 7});
  ASSERT_TRUE(pool.try_run([&] { of_thread.set_value(getpriority(PRIO_PROCESS, 0)); }));
  EXPECT_EQ(of_thread.get_future().get(), std::max(own, 7));
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), own);
}

TEST(Backoff, DoublesUpToItsLongestWait) {
  Backoff backoff(100ms, 1000ms);
  for (const auto upper : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    const auto wait = backoff.next();
    EXPECT_LE(wait, upper);
    EXPECT_GE(wait, upper / 2);
  }
  backoff.reset();
  EXPECT_LE(backoff.next(), 100ms);
}

TEST(SleepFor, EndsWhenAStopIsRequested) {
  std::stop_source stop;
  EXPECT_TRUE(sleep_for(1ms, stop.get_token()));
  std::jthread stopper([&] {
    std::this_thread::sleep_for(20ms);
    stop.request_stop();
  });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(sleep_for(60s, stop.get_token()));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

}  // namespace
}  // namespace miden
