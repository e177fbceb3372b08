#include "producer/prover_choice.hpp"

#include <gtest/gtest.h>

#include <string>

namespace miden {
namespace {

using namespace std::chrono_literals;
using Outcome = ProverChoice::Outcome;

class ProverChoiceTest : public testing::Test {
 protected:
  // The order in which one request would ask all of them, each failing to be of use, as digits.
  std::string order(ProverChoice& choice, Outcome outcome = Outcome::kAnswered) {
    std::string order;
    std::vector<bool> tried(3);
    while (const auto index = choice.begin(tried, now_)) {
      tried[*index] = true;
      choice.end(*index, outcome, now_);
      order += std::to_string(*index);
    }
    return order;
  }
  size_t begin(ProverChoice& choice) { return choice.begin({false, false, false}, now_).value(); }

  ProverChoice::Clock::time_point now_{};
};

TEST_F(ProverChoiceTest, TakesTurnsAmongEquals) {
  ProverChoice choice(3, {});
  for (const size_t expected : {0u, 1u, 2u, 0u, 1u}) {
    EXPECT_EQ(begin(choice), expected);
    choice.end(expected, Outcome::kAnswered, now_);
  }
}

TEST_F(ProverChoiceTest, PrefersTheLeastBusy) {
  ProverChoice choice(3, {});
  EXPECT_EQ(begin(choice), 0u);
  EXPECT_EQ(begin(choice), 1u);
  EXPECT_EQ(begin(choice), 2u);
  choice.end(1, Outcome::kAnswered, now_);
  EXPECT_EQ(begin(choice), 1u);
  EXPECT_EQ(begin(choice), 2u) << "all have one call: the next in turn";
}

TEST_F(ProverChoiceTest, OffersEachOnceToOneRequest) {
  ProverChoice choice(3, {});
  EXPECT_EQ(order(choice), "012");
  EXPECT_EQ(order(choice), "012");
}

TEST_F(ProverChoiceTest, AsksWhatFailedLatelyLast) {
  ProverChoice choice(3, {.rest = 10s});
  EXPECT_EQ(begin(choice), 0u);
  choice.end(0, Outcome::kFailed, now_);
  now_ += 9999ms;
  EXPECT_EQ(order(choice), "120");
  now_ += 1ms;
  EXPECT_EQ(order(choice).size(), 3u);
  EXPECT_EQ(order(choice, Outcome::kFailed).size(), 3u);
  EXPECT_EQ(order(choice).size(), 3u) << "all rest, all are asked";
}

TEST_F(ProverChoiceTest, LeavesAloneWhatFailedLatelyWhereItMay) {
  ProverChoice choice(3, {.rest = 10s, .asks_resting = false});
  EXPECT_EQ(order(choice, Outcome::kFailed), "012");
  EXPECT_EQ(order(choice), "");
  now_ += 10s;
  EXPECT_EQ(begin(choice), 0u);
  choice.end(0, Outcome::kAnswered, now_);
  EXPECT_EQ(order(choice), "120");
}

}  // namespace
}  // namespace miden
