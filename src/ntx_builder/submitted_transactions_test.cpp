#include "ntx_builder/submitted_transactions.hpp"

#include <gtest/gtest.h>

#include "protocol/test_support/values.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using Time = SubmittedTransactions::Clock::time_point;

const Time kStart = Time{} + std::chrono::hours(1000);

SubmittedTransaction transaction(uint64_t account, size_t bytes = 10, size_t attempts = 1) {
  return {.record = {.id = TransactionId(Word::of(account, 0, 0, 0)),
                     .account = public_account(account),
                     .initial_commitment = {},
                     .reference_block = {5},
                     .expiration_block = {35},
                     .notes = {}},
          .proven = Bytes(bytes),
          .inputs = {},
          .attempts = attempts};
}

TEST(SubmittedTransactions, OffersTheUnansweredAgainAfterGrowingWaits) {
  SubmittedTransactions kept({.first_wait = 1s, .longest_wait = 5s});
  for (const auto& [attempts, wait] :
       {std::pair<size_t, std::chrono::seconds>{1, 1s}, {2, 2s}, {3, 4s}, {4, 5s}, {9, 5s}}) {
    ASSERT_TRUE(kept.keep_unanswered(transaction(1, 10, attempts), kStart));
    EXPECT_EQ(kept.next_due(), kStart + wait);
    EXPECT_FALSE(kept.take_due({100}, kStart + wait - 1ms));
    const auto taken = kept.take_due({0}, kStart + wait);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->attempts, attempts);
    EXPECT_FALSE(kept.take_due({0}, kStart + 1h)) << "it is handed out once";
  }
}

TEST(SubmittedTransactions, OffersTheAcceptedAgainAfterSomeBlocks) {
  SubmittedTransactions kept({.patience_blocks = 6});
  ASSERT_TRUE(kept.keep_accepted(transaction(1), {10}));
  EXPECT_FALSE(kept.next_due());
  EXPECT_FALSE(kept.take_due({15}, kStart + 1h));
  EXPECT_TRUE(kept.take_due({16}, kStart));
}

TEST(SubmittedTransactions, KeepsOneOfAnAccountAndNoMoreBytesThanAllowed) {
  SubmittedTransactions kept({.first_wait = 1s, .max_bytes = 100});
  EXPECT_TRUE(kept.keep_unanswered(transaction(1, 90), kStart));
  EXPECT_TRUE(kept.keep_unanswered(transaction(1, 60), kStart)) << "instead of the one before";
  EXPECT_FALSE(kept.keep_unanswered(transaction(2, 60), kStart));
  EXPECT_TRUE(kept.keep_unanswered(transaction(3, 40), kStart));
  EXPECT_TRUE(kept.take_due({0}, kStart + 1s));
  EXPECT_TRUE(kept.take_due({0}, kStart + 1s));
  EXPECT_FALSE(kept.take_due({0}, kStart + 1s));
  EXPECT_TRUE(kept.keep_unanswered(transaction(2, 100), kStart));
}

}  // namespace
}  // namespace miden
