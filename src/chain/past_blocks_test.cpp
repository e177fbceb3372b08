#include "chain/past_blocks.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>

namespace miden {
namespace {

TEST(ValuesByNumber, GivesWhatWasRememberedOrNothing) {
  constexpr size_t kMax = 64;
  ValuesByNumber<uint64_t> values(kMax);
  EXPECT_EQ(values.find(7), std::nullopt);
  for (uint64_t number = 0; number < 10 * kMax; ++number) {
    values.remember(number, number * number);
    EXPECT_EQ(values.find(number), number * number);
  }
  size_t known = 0;
  for (uint64_t number = 0; number < 10 * kMax; ++number) {
    const auto value = values.find(number);
    if (!value) continue;
    ++known;
    EXPECT_EQ(*value, number * number);
  }
  EXPECT_GT(known, 0u);
  EXPECT_LE(known, kMax);
}

TEST(ValuesByNumber, IsSafeFromManyThreads) {
  ValuesByNumber<std::shared_ptr<const uint64_t>> values(64);
  std::vector<std::jthread> threads;
  for (uint32_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&values, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 20'000; ++i) {
        const uint64_t number = random() % 500;
        if (const auto value = values.find(number)) {
          EXPECT_EQ(**value, number);
        } else {
          values.remember(number, std::make_shared<const uint64_t>(number));
        }
      }
    });
  }
}

}  // namespace
}  // namespace miden
