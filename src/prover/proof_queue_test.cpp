#include "prover/proof_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <random>

#include "prover/test_support/gated_engine.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;

const Status kFull(StatusCode::kResourceExhausted, "proof queue is full");
const Status kClosed(StatusCode::kUnavailable, "the prover is shutting down");

// Requests that are proven when the test says so.
class ProofQueueTest : public testing::Test {
 protected:
  void SetUp() override { engine_ = std::make_unique<GatedEngine>(); }
  void TearDown() override {
    engine_->open();
    queue_.reset();
  }
  void open(ProofQueue::Options options) { queue_ = std::make_unique<ProofQueue>(options); }

  Status enter(char mark, std::stop_token over = {}) {
    const auto entered =
        queue_->enter({.id = std::string(1, mark),
                       .over = std::move(over),
                       .prove =
                           [this, mark] {
                             (void)engine_->prove_transaction(as_bytes({&mark, 1}));
                           },
                       .refuse = [this, mark] { refused_ += mark; }});
    return entered ? Status() : entered.error();
  }

  std::unique_ptr<GatedEngine> engine_;
  std::string refused_;
  std::unique_ptr<ProofQueue> queue_;
};

TEST_F(ProofQueueTest, ProvesInTheOrderOfArrival) {
  open({.capacity = 5, .workers = 1});
  for (const char mark : {'a', 'b', 'c', 'd', 'e'}) EXPECT_EQ(enter(mark), Status());
  for (size_t begun = 1; begun <= 5; ++begun) {
    ASSERT_TRUE(engine_->wait_until_begun(std::string("abcde").substr(0, begun)));
    engine_->let_one_through();
  }
  EXPECT_TRUE(queue_->wait_until_idle(std::chrono::steady_clock::now() + kPatience));
  EXPECT_EQ(engine_->most_at_once(), 1);
}

TEST_F(ProofQueueTest, CountsWhatIsProvenAndWhatWaitsAgainstItsCapacity) {
  open({.capacity = 2, .workers = 1});
  EXPECT_EQ(enter('a'), Status());
  ASSERT_TRUE(engine_->wait_until_begun("a"));
  EXPECT_TRUE(queue_->has_room());
  EXPECT_EQ(enter('b'), Status());
  EXPECT_EQ(enter('c'), kFull);
  EXPECT_EQ(queue_->has_room().error(), kFull);
  const ProofQueueStanding standing = queue_->standing();
  EXPECT_EQ(standing.capacity, 2u);
  EXPECT_EQ(standing.proving, 1u);
  EXPECT_EQ(standing.waiting, 1u);

  engine_->let_one_through();
  ASSERT_TRUE(engine_->wait_until_begun("ab"));
  EXPECT_EQ(enter('d'), Status());
}

TEST_F(ProofQueueTest, ProvesAsManyAtOnceAsItHasWorkers) {
  open({.capacity = 6, .workers = 3});
  for (const char mark : {'a', 'b', 'c', 'd', 'e', 'f'}) EXPECT_EQ(enter(mark), Status());
  ASSERT_TRUE(wait_for([&] { return engine_->begun().size() == 3; }));
  EXPECT_EQ(queue_->standing().proving, 3u);
  EXPECT_EQ(queue_->standing().waiting, 3u);
  engine_->open();
  ASSERT_TRUE(wait_for([&] { return engine_->begun().size() == 6; }));
  EXPECT_EQ(engine_->most_at_once(), 3);
}

TEST_F(ProofQueueTest, NeverProvesWhatIsOverAndGivesItsPlaceAway) {
  open({.capacity = 3, .workers = 1});
  std::stop_source gone;
  std::stop_source gone_too_late;
  EXPECT_EQ(enter('a', gone_too_late.get_token()), Status());
  ASSERT_TRUE(engine_->wait_until_begun("a"));
  EXPECT_EQ(enter('b', gone.get_token()), Status());
  EXPECT_EQ(enter('c'), Status());
  EXPECT_EQ(enter('d'), kFull);

  gone_too_late.request_stop();
  EXPECT_EQ(enter('d'), kFull) << "the proof that is being made still takes its place";
  gone.request_stop();
  EXPECT_EQ(queue_->standing().waiting, 1u);
  EXPECT_EQ(enter('d'), Status());
  engine_->open();
  ASSERT_TRUE(engine_->wait_until_begun("acd"));
  EXPECT_EQ(queue_->standing().dropped, 1u);
}

TEST_F(ProofQueueTest, LooksAgainWhenARequestsTurnHasCome) {
  open({.capacity = 3, .workers = 1});
  std::stop_source gone;
  EXPECT_EQ(enter('a'), Status());
  EXPECT_EQ(enter('b', gone.get_token()), Status());
  EXPECT_EQ(enter('c'), Status());
  ASSERT_TRUE(engine_->wait_until_begun("a"));
  gone.request_stop();
  engine_->open();
  ASSERT_TRUE(engine_->wait_until_begun("ac"));
}

TEST_F(ProofQueueTest, TellsPositions) {
  open({.capacity = 4, .workers = 1});
  std::stop_source gone;
  EXPECT_EQ(enter('a'), Status());
  ASSERT_TRUE(engine_->wait_until_begun("a"));
  EXPECT_EQ(enter('b', gone.get_token()), Status());
  EXPECT_EQ(enter('c'), Status());
  EXPECT_EQ(queue_->position("a"), 0u);
  EXPECT_EQ(queue_->position("b"), 1u);
  EXPECT_EQ(queue_->position("c"), 2u);
  EXPECT_EQ(queue_->position("d"), std::nullopt);
  gone.request_stop();
  EXPECT_EQ(queue_->position("b"), std::nullopt);
  EXPECT_EQ(queue_->position("c"), 1u);
  engine_->let_one_through();
  ASSERT_TRUE(engine_->wait_until_begun("ac"));
  EXPECT_EQ(queue_->position("a"), std::nullopt);
  EXPECT_EQ(queue_->position("c"), 0u);
}

TEST_F(ProofQueueTest, RefusesWhatWaitsWhenItIsClosedAndFinishesWhatItBegan) {
  open({.capacity = 3, .workers = 1});
  EXPECT_EQ(enter('a'), Status());
  ASSERT_TRUE(engine_->wait_until_begun("a"));
  EXPECT_EQ(enter('b'), Status());
  EXPECT_EQ(enter('c'), Status());
  queue_->close();
  EXPECT_EQ(refused_, "bc");
  EXPECT_EQ(enter('d'), kClosed);
  EXPECT_EQ(queue_->has_room().error(), kClosed);
  EXPECT_FALSE(queue_->wait_until_idle(std::chrono::steady_clock::now() + 50ms));
  engine_->let_one_through();
  EXPECT_TRUE(queue_->wait_until_idle(std::chrono::steady_clock::now() + kPatience));
  EXPECT_EQ(engine_->begun(), "a");
}

// Whatever happens to a request, it is proven, refused or over, and no place is lost.
TEST_F(ProofQueueTest, LosesNothingUnderManyCallers) {
  constexpr unsigned kSeed = 20251125;
  constexpr int kCallers = 4;
  constexpr int kRequests = 500;
  open({.capacity = 8, .workers = 2});
  std::atomic<int> proven = 0;
  std::atomic<int> entered = 0;
  std::atomic<int> over = 0;
  {
    std::vector<std::jthread> callers;
    for (unsigned caller = 0; caller < kCallers; ++caller) {
      callers.emplace_back([&, caller] {
        std::mt19937 random(kSeed + caller);
        for (int i = 0; i < kRequests; ++i) {
          std::stop_source source;
          const auto outcome = queue_->enter({.id = {},
                                              .over = source.get_token(),
                                              .prove = [&proven] { ++proven; },
                                              .refuse = [] { ADD_FAILURE(); }});
          if (!outcome) {
            EXPECT_EQ(outcome.error(), kFull);
            std::this_thread::yield();
            continue;
          }
          ++entered;
          if (random() % 3 == 0) source.request_stop();
        }
      });
    }
  }
  ASSERT_TRUE(wait_for([&] {
    const ProofQueueStanding standing = queue_->standing();
    return standing.proving + standing.waiting == 0;
  }));
  over = static_cast<int>(queue_->standing().dropped);
  EXPECT_EQ(proven + over, entered) << "seed " << kSeed;
  EXPECT_GT(proven, 0);
}

}  // namespace
}  // namespace miden
