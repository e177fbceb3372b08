#include "monitor/checks/awaited_notes.hpp"

#include <gtest/gtest.h>

namespace miden {
namespace {

using namespace std::chrono_literals;

SentIncrement sent(uint64_t number, std::chrono::milliseconds at) {
  SentIncrement increment;
  increment.id = TransactionId(Word::of(number, 0, 0, 0));
  increment.submitted = SentIncrement::Time(at);
  return increment;
}

class AwaitedNotesTest : public testing::Test {
 protected:
  // Gives the count at which its note is consumed.
  uint64_t add(uint64_t number, std::chrono::milliseconds at) {
    SentIncrement increment = sent(number, at);
    notes_.add(increment);
    return increment.counter_target;
  }
  // "1 2 | 3": consumed and overdue.
  std::string settle(uint64_t count, std::chrono::milliseconds at) {
    const auto settled = notes_.settle(count, SentIncrement::Time(at));
    std::string text;
    for (const auto& one : settled.consumed) text += std::to_string(one.id.word[0].value()) + " ";
    text += "|";
    for (const auto& one : settled.overdue) text += " " + std::to_string(one.id.word[0].value());
    return text;
  }

  AwaitedNotes notes_{60s};
};

TEST_F(AwaitedNotesTest, AreConsumedInTheirOrder) {
  EXPECT_EQ(settle(7, 0s), "|");  // consumed before
  EXPECT_EQ(add(1, 1s), 8u);
  EXPECT_EQ(add(2, 2s), 9u);
  EXPECT_EQ(settle(7, 3s), "|");
  EXPECT_EQ(settle(8, 4s), "1 |");
  EXPECT_EQ(add(3, 5s), 10u);
  EXPECT_EQ(settle(10, 6s), "2 3 |");
  EXPECT_EQ(settle(10, 200s), "|");
}

TEST_F(AwaitedNotesTest, AreGivenUpAfterTheirTimeAndNotCounted) {
  add(1, 0s);
  add(2, 30s);
  EXPECT_EQ(settle(0, 60s), "|");
  EXPECT_EQ(settle(0, 61s), "| 1");
  EXPECT_EQ(settle(1, 62s), "2 |");
  EXPECT_EQ(add(3, 70s), 2u);
  EXPECT_EQ(add(4, 71s), 3u);
  notes_.drop(TransactionId(Word::of(3, 0, 0, 0)));
  notes_.drop(TransactionId(Word::of(99, 0, 0, 0)));
  EXPECT_EQ(settle(2, 72s), "4 |");
}

TEST_F(AwaitedNotesTest, AreNeverMoreThanABound) {
  for (uint64_t i = 1; i <= 1000; ++i) EXPECT_LE(add(i, 0s), 256u);
  const auto settled = notes_.settle(0, SentIncrement::Time(100s));
  EXPECT_EQ(settled.overdue.size(), 256u);
  EXPECT_EQ(settled.overdue.front().id.word[0].value(), 745u);
}

TEST_F(AwaitedNotesTest, RememberWhenTheirTransactionWasCommitted) {
  add(1, 0s);
  notes_.set_committed(TransactionId(Word::of(1, 0, 0, 0)), SentIncrement::Time(3s));
  const auto settled = notes_.settle(1, SentIncrement::Time(5s));
  ASSERT_EQ(settled.consumed.size(), 1u);
  EXPECT_EQ(settled.consumed[0].committed, SentIncrement::Time(3s));
  add(2, 6s);
  notes_.clear();
  EXPECT_EQ(settle(5, 7s), "|");
}

}  // namespace
}  // namespace miden
