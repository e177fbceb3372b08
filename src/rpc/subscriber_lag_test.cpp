#include "rpc/subscriber_lag.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace miden {
namespace {

// How many of the gaps are let pass.
size_t passed(const std::vector<uint32_t>& gaps) {
  SubscriberLag lag;
  size_t count = 0;
  while (count < gaps.size() && lag.keeps_up(gaps[count])) ++count;
  return count;
}

TEST(SubscriberLag, MayStartAnyDistanceBehind) {
  EXPECT_EQ(passed({1'000'000, 999'999, 1'000'099}), 3u);
  EXPECT_EQ(passed({4'294'967'295}), 1u);
}

TEST(SubscriberLag, MayFallAHundredBlocksBehind) {
  EXPECT_EQ(passed({0, 100}), 2u);
  EXPECT_EQ(passed({0, 101}), 1u);
  EXPECT_EQ(passed({0, 25, 50, 75, 100, 125}), 5u);
}

TEST(SubscriberLag, IsForgivenWhatItCatchesUp) {
  EXPECT_EQ(passed({99, 1, 99}), 3u);
  EXPECT_EQ(passed({500, 0, 100, 0, 100, 0, 101}), 6u);
}

TEST(SubscriberLag, IsNotForgivenForStepsOfOneBlock) {
  std::vector<uint32_t> gaps;
  for (uint32_t i = 0; i < 110; ++i) {
    gaps.push_back(50 + i);
    gaps.push_back(49 + i);
  }
  // 50, then 1 more every two steps.
  EXPECT_EQ(passed(gaps), 200u);
}

}  // namespace
}  // namespace miden
