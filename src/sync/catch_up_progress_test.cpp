#include "sync/catch_up_progress.hpp"

#include <gtest/gtest.h>

namespace miden {
namespace {

using namespace std::chrono_literals;
using Kind = CatchUpProgress::Report::Kind;

const CatchUpProgress::Time kStart{};

TEST(CatchUpProgress, SaysNothingAtTheTip) {
  CatchUpProgress progress;
  EXPECT_FALSE(progress.applied(kStart, {1}, {1}, 1, 0));
  EXPECT_FALSE(progress.applied(kStart + 1h, {2}, {12}, 1, 0));
  EXPECT_FALSE(progress.is_catching_up());
}

TEST(CatchUpProgress, ReportsRateAndTimeLeftOnceAPeriodAndTheEnd) {
  CatchUpProgress progress(5s, 10);
  EXPECT_FALSE(progress.applied(kStart, {100}, {10'100}, 100, 0));
  EXPECT_TRUE(progress.is_catching_up());
  EXPECT_FALSE(progress.applied(kStart + 2s, {1'100}, {10'100}, 1'000, 10));
  const auto report = progress.applied(kStart + 5s, {2'100}, {10'100}, 1'000, 30);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->kind, Kind::kUnderWay);
  EXPECT_EQ(report->blocks_left, 8'000u);
  EXPECT_DOUBLE_EQ(report->blocks_per_second, 400);
  EXPECT_DOUBLE_EQ(report->transactions_per_second, 8);
  EXPECT_EQ(report->seconds_left, 20u);
  // Of the last period only.
  const auto slower = progress.applied(kStart + 15s, {3'100}, {10'100}, 1'000, 0);
  ASSERT_TRUE(slower);
  EXPECT_DOUBLE_EQ(slower->blocks_per_second, 100);
  EXPECT_EQ(slower->seconds_left, 70u);

  const auto done = progress.applied(kStart + 25s, {10'095}, {10'100}, 6'995, 0);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->kind, Kind::kDone);
  EXPECT_EQ(done->blocks, 9'995u);
  EXPECT_DOUBLE_EQ(done->seconds, 25);
  EXPECT_FALSE(progress.is_catching_up());
  EXPECT_FALSE(progress.applied(kStart + 26s, {10'096}, {10'100}, 1, 0));
}

TEST(CatchUpProgress, DoesNotDivideByNothing) {
  CatchUpProgress progress(0s, 0);
  progress.applied(kStart, {1}, {UINT32_MAX}, 1, 0);
  const auto report = progress.applied(kStart, {1}, {UINT32_MAX}, 0, 0);
  ASSERT_TRUE(report);
  EXPECT_GT(report->seconds_left, 0u);
}

}  // namespace
}  // namespace miden
