#include "chain/page_by_blocks.hpp"

#include <gmock/gmock.h>

#include <random>

namespace miden {
namespace {

std::vector<std::pair<uint32_t, int>> rows_of(const PageByBlocks<int>& page) {
  std::vector<std::pair<uint32_t, int>> rows;
  for (const auto& [block, found] : page.blocks()) {
    for (const int row : found.rows) rows.emplace_back(block.value, row);
  }
  return rows;
}

TEST(PageByBlocks, ReachesTheEndOfTheRangeWhenEverythingFits) {
  PageByBlocks<int> page({{1}, {9}}, 100);
  page.add({2}, 20, 50);
  page.add({7}, 70, 50);
  EXPECT_EQ(page.last_block(), BlockNum{9});
  EXPECT_THAT(rows_of(page), ::testing::ElementsAre(std::pair(2, 20), std::pair(7, 70)));
}

TEST(PageByBlocks, EndsBeforeTheFirstBlockThatDoesNotFit) {
  PageByBlocks<int> page({{1}, {9}}, 100);
  page.add({2}, 20, 50);
  page.add({7}, 70, 30);
  page.add({7}, 71, 30);
  EXPECT_EQ(page.last_block(), BlockNum{6});
  EXPECT_THAT(rows_of(page), ::testing::ElementsAre(std::pair(2, 20)));
}

TEST(PageByBlocks, TakesTheFirstBlockHoweverLarge) {
  PageByBlocks<int> page({{1}, {9}}, 100);
  page.add({5}, 50, 500);
  page.add({5}, 51, 500);
  page.add({6}, 60, 1);
  EXPECT_EQ(page.last_block(), BlockNum{5});
  EXPECT_THAT(rows_of(page), ::testing::ElementsAre(std::pair(5, 50), std::pair(5, 51)));
}

TEST(PageByBlocks, CountsWhatABlockItselfCosts) {
  PageByBlocks<int> page({{0}, {9}}, 100);
  page.add({1}, 10, 10, 45);
  page.add({1}, 11, 10, 45);
  page.add({2}, 20, 10, 45);
  EXPECT_EQ(page.last_block(), BlockNum{1});
}

// Key by key in any order, the page must be the longest run of whole blocks that fits.
TEST(PageByBlocks, IsTheSameInWhateverOrderTheKeysAreRead) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::pair<uint32_t, size_t>> all;  // block, size
    PageByBlocks<int> page({{0}, {30}}, 100);
    for (int key = 0; key < 5; ++key) {
      for (uint32_t block = 0; block <= 30; ++block) {
        if (random() % 4 != 0) continue;
        const size_t size = 1 + random() % 30;
        all.emplace_back(block, size);
        if (block <= page.last_block().value) page.add({block}, key, size);
      }
    }
    std::map<uint32_t, size_t> sizes;
    for (const auto& [block, size] : all) sizes[block] += size;
    uint32_t expected = 30;
    size_t sum = 0;
    for (const auto& [block, size] : sizes) {
      sum += size;
      if (sum > 100 && block != sizes.begin()->first) {
        expected = block - 1;
        break;
      }
    }
    EXPECT_EQ(page.last_block().value, expected) << "round " << round;
    size_t expected_rows = 0;
    for (const auto& [block, size] : all) expected_rows += block <= expected ? 1 : 0;
    EXPECT_EQ(rows_of(page).size(), expected_rows) << "round " << round;
  }
}

}  // namespace
}  // namespace miden
