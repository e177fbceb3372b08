#include "ntx_builder/note_schedule.hpp"

#include <gtest/gtest.h>

#include <random>

namespace miden {
namespace {

uint64_t hint(uint8_t tag, uint32_t payload) { return uint64_t{payload} << 8 | tag; }
uint64_t slots(uint8_t round_len, uint8_t slot_len, uint8_t offset) {
  return hint(3, uint32_t{round_len} << 16 | uint32_t{slot_len} << 8 | offset);
}

// spec §22.1
TEST(Backoff, FollowsTheTable) {
  struct Case {
    uint32_t last, tip, attempts;
    bool over;
  };
  for (const Case& c :
       {Case{0, 2, 1, true}, Case{0, 1, 1, false}, Case{0, 3, 3, true}, Case{0, 2, 3, false},
        Case{0, 13, 10, true}, Case{0, 12, 10, false}, Case{0, 149, 20, true},
        Case{0, 148, 20, false}, Case{5, 5, 0, true}, Case{9, 5, 1, false}}) {
    EXPECT_EQ(backoff_is_over(c.attempts, BlockNum{c.last}, {c.tip}), c.over)
        << c.last << " " << c.tip << " " << c.attempts;
  }
  EXPECT_FALSE(backoff_is_over(1, std::nullopt, {100}));
  const uint32_t thresholds[] = {1,   2,   2,   3,   3,   4,   6,   7,    9,   12,
                                 16,  20,  26,  33,  43,  55,  70,  90,   116, 148,
                                 191, 245, 314, 403, 518, 665, 854, 1097, 1408};
  for (uint32_t attempts = 1; attempts < 30; ++attempts) {
    EXPECT_EQ(backoff_blocks(attempts), thresholds[attempts - 1]) << attempts;
  }
}

// spec §22.2
TEST(Hint, FollowsTheReferencesExamples) {
  const uint64_t slot = slots(10, 7, 1);
  for (const uint32_t block : {128u, 255u, 1152u, 1279u, 2176u}) {
    EXPECT_TRUE(hint_allows(slot, {block})) << block;
  }
  for (const uint32_t block : {127u, 256u, 1151u, 1280u, 2175u}) {
    EXPECT_FALSE(hint_allows(slot, {block})) << block;
  }
  EXPECT_TRUE(hint_allows(hint(0, 0), {0}));
  EXPECT_TRUE(hint_allows(hint(1, 0), {0}));
  EXPECT_FALSE(hint_allows(hint(2, 15), {14}));
  EXPECT_TRUE(hint_allows(hint(2, 15), {15}));
  EXPECT_TRUE(hint_allows(hint(2, 0xffffffff), {0xffffffff}));
}

// Lengths of 32 and more are taken modulo 32, as the reference's release build does.
TEST(Hint, TakesHostileLengths) {
  EXPECT_EQ(hint_allows(slots(33, 0, 1), {1}), hint_allows(slots(1, 0, 1), {1}));
  for (uint32_t block = 0; block < 70; ++block) {
    EXPECT_EQ(hint_allows(slots(36, 34, 2), {block}), hint_allows(slots(4, 2, 2), {block}));
  }
  EXPECT_EQ(next_allowed(slots(255, 255, 255), {7}), std::nullopt);
}

TEST(Hint, NextAllowedIsTheFirstBlockThatIsAllowed) {
  constexpr uint64_t kSeed = 20251125;
  std::mt19937_64 random(kSeed);
  constexpr uint64_t kEnd = uint64_t{1} << 32;
  for (int round = 0; round < 3000; ++round) {
    // Short rounds, so that looking a few thousand blocks ahead sees all there is to see; also at
    // the end of all numbers, where sums wrap.
    const uint64_t slot = slots(static_cast<uint8_t>(random() % 10 + 32 * (random() % 8)),
                                static_cast<uint8_t>(random() % 2 == 0 ? random() : random() % 9),
                                static_cast<uint8_t>(random() % 2 == 0 ? random() : random() % 5));
    const uint64_t from =
        random() % 2 == 0 ? random() % 5000 : kEnd - 1 - static_cast<uint64_t>(random() % 3000);
    std::optional<BlockNum> expected;
    for (uint64_t block = from; block < std::min(kEnd, from + 4000); ++block) {
      if (!hint_allows(slot, {static_cast<uint32_t>(block)})) continue;
      expected = BlockNum{static_cast<uint32_t>(block)};
      break;
    }
    ASSERT_EQ(next_allowed(slot, {static_cast<uint32_t>(from)}), expected)
        << "seed " << kSeed << " hint " << slot << " from " << from;
  }
  // Long rounds, at their borders.
  for (uint8_t length = 10; length < 32; ++length) {
    const uint64_t slot = slots(length, static_cast<uint8_t>(length - 2), 3);
    const uint32_t start = (uint32_t{1} << (length - 2)) * 3;
    EXPECT_EQ(next_allowed(slot, {0}), BlockNum{start});
    EXPECT_TRUE(hint_allows(slot, {start}));
    EXPECT_FALSE(hint_allows(slot, {start - 1}));
  }
}

TEST(NextTry, WaitsForBackoffAndHint) {
  EXPECT_EQ(next_try(hint(1, 0), 0, std::nullopt, {9}), BlockNum{9});
  EXPECT_EQ(next_try(hint(2, 20), 0, std::nullopt, {9}), BlockNum{20});
  EXPECT_EQ(next_try(hint(1, 0), 1, BlockNum{9}, {9}), BlockNum{11});
  EXPECT_EQ(next_try(slots(4, 2, 1), 1, BlockNum{9}, {9}), BlockNum{20});
  EXPECT_EQ(next_try(hint(1, 0), 29, BlockNum{0xffffff00}, {0xffffff00}), std::nullopt);
  for (uint32_t attempts = 0; attempts < 30; ++attempts) {
    const std::optional<BlockNum> block = next_try(hint(1, 0), attempts, BlockNum{100}, {100});
    ASSERT_TRUE(block);
    EXPECT_TRUE(backoff_is_over(attempts, BlockNum{100}, *block)) << attempts;
    if (attempts > 0) {
      EXPECT_FALSE(backoff_is_over(attempts, BlockNum{100}, {block->value - 1})) << attempts;
    }
  }
}

}  // namespace
}  // namespace miden
