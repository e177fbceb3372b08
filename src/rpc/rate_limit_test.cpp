#include "rpc/rate_limit.hpp"

#include <gtest/gtest.h>

namespace miden {
namespace {

using namespace std::chrono_literals;
using Verdict = RateLimiter::Verdict;

const RateLimiter::Clock::time_point kStart = RateLimiter::Clock::time_point(1h);

TEST(RateLimiter, AdmitsABurstThenOnePerPeriod) {
  RateLimiter limiter({.burst = 3, .period = 100ms});
  EXPECT_EQ(limiter.admit("a", kStart), (Verdict{true, 2, 0s}));
  EXPECT_EQ(limiter.admit("a", kStart), (Verdict{true, 1, 0s}));
  EXPECT_EQ(limiter.admit("a", kStart), (Verdict{true, 0, 0s}));
  EXPECT_EQ(limiter.admit("a", kStart), (Verdict{false, 0, 0s}));
  EXPECT_EQ(limiter.admit("a", kStart + 99ms), (Verdict{false, 0, 0s}));
  EXPECT_EQ(limiter.admit("a", kStart + 100ms), (Verdict{true, 0, 0s}));
  EXPECT_EQ(limiter.admit("a", kStart + 150ms), (Verdict{false, 0, 0s}));
  EXPECT_EQ(limiter.admit("a", kStart + 10s), (Verdict{true, 2, 0s}));
}

TEST(RateLimiter, KeepsKeysApart) {
  RateLimiter limiter({.burst = 1, .period = 10s});
  EXPECT_TRUE(limiter.admit("a", kStart).is_admitted);
  EXPECT_FALSE(limiter.admit("a", kStart).is_admitted);
  EXPECT_TRUE(limiter.admit("b", kStart).is_admitted);
}

TEST(RateLimiter, TellsWholeSecondsRoundedDown) {
  RateLimiter limiter({.burst = 1, .period = 2500ms});
  EXPECT_TRUE(limiter.admit("a", kStart).is_admitted);
  EXPECT_EQ(limiter.admit("a", kStart), (Verdict{false, 0, 2s}));
  EXPECT_EQ(limiter.admit("a", kStart + 1600ms), (Verdict{false, 0, 0s}));
}

TEST(RateLimiter, ForgetsIdleKeys) {
  RateLimiter limiter({.burst = 2, .period = 1s});
  for (int i = 0; i < 100; ++i) limiter.admit(std::to_string(i), kStart);
  EXPECT_EQ(limiter.tracked_keys(), 100u);
  limiter.admit("late", kStart + 61s);
  EXPECT_EQ(limiter.tracked_keys(), 1u);
}

}  // namespace
}  // namespace miden
