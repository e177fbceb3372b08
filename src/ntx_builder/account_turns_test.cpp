#include "ntx_builder/account_turns.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "protocol/test_support/values.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using End = AccountTurns::End;
using Time = AccountTurns::Clock::time_point;

const Time kStart = Time{} + std::chrono::hours(1000);

std::vector<AccountId> accounts(size_t count) {
  std::vector<AccountId> ids;
  for (size_t i = 0; i < count; ++i) ids.push_back(public_account(i + 1));
  return ids;
}

TEST(AccountTurns, OneBusyAccountDoesNotStarveTheRest) {
  AccountTurns turns({});
  const std::vector<AccountId> all = accounts(21);
  // The first always has more to do; the others once.
  std::set<AccountId> waiting(all.begin(), all.end());
  std::vector<AccountId> served;
  Time now = kStart;
  while (waiting.size() > 1) {
    std::vector<AccountId> due{all.front()};
    for (const AccountId& account : waiting) {
      if (account != all.front()) due.push_back(account);
    }
    const auto next = turns.begin(due, now += 1s);
    ASSERT_TRUE(next);
    turns.end(*next, End::kDone, now);
    served.push_back(*next);
    if (*next != all.front()) waiting.erase(*next);
    ASSERT_LE(served.size(), 60u);
  }
  // The busy one had its turn first, and again only when all others had had theirs.
  EXPECT_EQ(served.size(), 21u);
  EXPECT_EQ(std::count(served.begin(), served.end(), all.front()), 1);
}

TEST(AccountTurns, BusyAccountsShareEvenly) {
  AccountTurns turns({});
  const std::vector<AccountId> all = accounts(7);
  std::map<AccountId, int> count;
  for (int i = 0; i < 700; ++i) {
    const auto next = turns.begin(all, kStart);
    ASSERT_TRUE(next);
    ++count[*next];
    turns.end(*next, End::kDone, kStart);
  }
  for (const AccountId& account : all) EXPECT_EQ(count[account], 100);
}

TEST(AccountTurns, AnAccountIsWorkedOnOnceAtATime) {
  AccountTurns turns({});
  const std::vector<AccountId> all = accounts(2);
  const auto first = turns.begin(all, kStart);
  const auto second = turns.begin(all, kStart);
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  EXPECT_FALSE(turns.begin(all, kStart));
  turns.end(*first, End::kDone, kStart);
  EXPECT_EQ(turns.begin(all, kStart), first);
}

TEST(AccountTurns, WhoIsHinderedRestsLongerEachTimeAndIsNotForgotten) {
  AccountTurns turns({.first_rest = 1s, .longest_rest = 10s});
  const std::vector<AccountId> one = accounts(1);
  Time now = kStart;
  for (const auto rest : {1s, 2s, 4s, 8s, 10s, 10s}) {
    ASSERT_TRUE(turns.begin(one, now));
    turns.end(one.front(), End::kHindered, now);
    EXPECT_FALSE(turns.begin(one, now + rest - 1ms));
    EXPECT_EQ(turns.next_rest_end(now), now + rest);
    now += rest;
  }
  ASSERT_TRUE(turns.begin(one, now));
  turns.end(one.front(), End::kDone, now);
  ASSERT_TRUE(turns.begin(one, now));
  turns.end(one.front(), End::kHindered, now);
  EXPECT_TRUE(turns.begin(one, now + 1s)) << "a success makes the next rest short again";
}

TEST(AccountTurns, WhoCrashesTooOftenIsLeftAlone) {
  for (const auto& [limit, turns_until] : {std::pair<size_t, int>{3, 3}, {1, 1}, {0, 1}}) {
    AccountTurns turns({.max_crashes = limit});
    const std::vector<AccountId> one = accounts(1);
    Time now = kStart;
    for (int i = 0; i < turns_until; ++i) {
      ASSERT_TRUE(turns.begin(one, now)) << limit;
      EXPECT_FALSE(turns.is_deactivated(one.front()));
      turns.end(one.front(), End::kCrashed, now);
      now += 1h;
    }
    EXPECT_FALSE(turns.begin(one, now)) << limit;
    EXPECT_TRUE(turns.is_deactivated(one.front()));
    EXPECT_FALSE(turns.next_rest_end(kStart));
  }
}

TEST(AccountTurns, TakesFewerNotesAfterARefusalAndMoreAgainAfterwards) {
  AccountTurns turns({.max_notes = 20});
  const AccountId account = accounts(1).front();
  EXPECT_EQ(turns.notes_at_once(account), 20u);
  std::vector<size_t> sizes;
  for (int i = 0; i < 6; ++i) {
    turns.take_fewer(account, turns.notes_at_once(account));
    sizes.push_back(turns.notes_at_once(account));
  }
  EXPECT_EQ(sizes, (std::vector<size_t>{10, 5, 2, 1, 1, 1}));
  for (int i = 0; i < 6; ++i) turns.take_more(account);
  EXPECT_EQ(turns.notes_at_once(account), 20u);
}

TEST(AccountTurns, ForgetsFailuresOfIdleAccountsButNotCrashes) {
  AccountTurns turns({.max_crashes = 1, .idle_timeout = 10s});
  const std::vector<AccountId> all = accounts(2);
  ASSERT_TRUE(turns.begin(all, kStart));
  ASSERT_TRUE(turns.begin(all, kStart));
  turns.end(all[0], End::kCrashed, kStart);
  turns.end(all[1], End::kDone, kStart);
  turns.take_fewer(all[1], 20);
  const Time later = kStart + 1min;
  EXPECT_EQ(turns.begin(all, later), all[1]);
  EXPECT_EQ(turns.notes_at_once(all[1]), 20u);
  EXPECT_TRUE(turns.is_deactivated(all[0]));
}

}  // namespace
}  // namespace miden
