#include "storage/thread_pool_executor.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace miden {
namespace {

TEST(ThreadPoolExecutor, CoversTheRangeExactlyOnce) {
  ThreadPoolExecutor executor(4);
  for (size_t count : {0, 1, 7, 64, 1000}) {
    std::vector<std::atomic<int>> visits(count);
    executor.parallel_for(count, 3, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) ++visits[i];
    });
    for (size_t i = 0; i < count; ++i) EXPECT_EQ(visits[i], 1) << "item " << i << " of " << count;
  }
}

TEST(ThreadPoolExecutor, PiecesAreAtLeastAsLongAsTheGrainButTheLast) {
  ThreadPoolExecutor executor(4);
  std::mutex mutex;
  std::vector<std::pair<size_t, size_t>> pieces;
  executor.parallel_for(103, 25, [&](size_t begin, size_t end) {
    const std::lock_guard lock(mutex);
    pieces.emplace_back(begin, end);
  });
  for (const auto& [begin, end] : pieces) {
    EXPECT_TRUE(end - begin >= 25 || end == 103) << begin << " to " << end;
  }
}

TEST(ThreadPoolExecutor, CallsMayBeNested) {
  ThreadPoolExecutor executor(3);
  std::atomic<size_t> sum{0};
  executor.parallel_for(50, 1, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      executor.parallel_for(20, 1, [&](size_t b, size_t e) { sum += e - b; });
    }
  });
  EXPECT_EQ(sum, 1000U);
}

TEST(ThreadPoolExecutor, ManyThreadsMayCallAtOnce) {
  ThreadPoolExecutor executor(3);
  std::atomic<size_t> sum{0};
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 6; ++i) {
      callers.emplace_back([&] {
        for (int round = 0; round < 200; ++round) {
          executor.parallel_for(64, 1, [&](size_t begin, size_t end) { sum += end - begin; });
        }
      });
    }
  }
  EXPECT_EQ(sum, 6U * 200U * 64U);
}

}  // namespace
}  // namespace miden
