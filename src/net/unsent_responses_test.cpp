#include "net/unsent_responses.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace miden {
namespace {

using namespace std::chrono_literals;
using Waiting = UnsentResponses::Waiting;

class UnsentResponsesTest : public ::testing::Test {
 protected:
  Waiting add(int name, size_t bytes, UnsentResponses::Clock::duration when) {
    return responses.add(bytes, start + when, [this, name] { cut.push_back(name); });
  }
  const UnsentResponses::Clock::time_point start = UnsentResponses::Clock::now();
  UnsentResponses responses{{.max_bytes = 100, .patience = 2s, .max_wait = 60s}};
  std::vector<int> cut;
};

TEST_F(UnsentResponsesTest, CutsTheOldestWhenThereAreTooManyBytes) {
  const Waiting a = add(1, 40, 0s);
  const Waiting b = add(2, 40, 1s);
  const Waiting c = add(3, 20, 9s);
  EXPECT_TRUE(cut.empty());  // exactly as much as there may be
  const Waiting d = add(4, 50, 9s);
  EXPECT_EQ(cut, (std::vector{1, 2}));  // 150, 110, 70
  EXPECT_EQ(responses.bytes(), 70u);
}

TEST_F(UnsentResponsesTest, GivesEveryoneALittleTime) {
  const Waiting a = add(1, 90, 0s);
  const Waiting b = add(2, 90, 1s);
  EXPECT_TRUE(cut.empty());
  const Waiting c = add(3, 1, 2s);
  EXPECT_EQ(cut, std::vector{1});
}

TEST_F(UnsentResponsesTest, LetsNobodyWaitForEver) {
  const Waiting a = add(1, 1, 0s);
  const Waiting b = add(2, 1, 59s);
  EXPECT_TRUE(cut.empty());
  const Waiting c = add(3, 1, 60s);
  EXPECT_EQ(cut, std::vector{1});
}

TEST_F(UnsentResponsesTest, ForgetsWhatWasTaken) {
  std::optional<Waiting> a = add(1, 60, 0s);
  Waiting b = add(2, 40, 0s);
  a.reset();
  EXPECT_EQ(responses.bytes(), 40u);
  Waiting c = std::move(b);
  EXPECT_EQ(responses.bytes(), 40u);
  c = add(3, 70, 9s);  // c's old response goes when the new one is there
  EXPECT_EQ(cut, std::vector{2});
  EXPECT_EQ(responses.bytes(), 70u);
  c = {};
  EXPECT_EQ(responses.bytes(), 0u);
}

}  // namespace
}  // namespace miden
