#include "engine/transaction_verifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <latch>
#include <random>
#include <thread>

#include "base/serialize.hpp"
#include "engine/prove_batch.hpp"
#include "engine/test_support/fake_engine.hpp"

namespace miden {
namespace {

using ::testing::HasSubstr;

Bytes fixture(const std::string& name) {
  std::ifstream file(std::string(MIDEN_ENGINE_FIXTURES) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file) << "no fixture " << name;
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

const std::shared_ptr<const Engine>& real_engine() {
  static const std::shared_ptr<const Engine> engine = make_reference_engine(0);
  return engine;
}

// Bytes that start with 0 are valid. Counts, and can be made to wait.
class CountingEngine final : public FakeEngine {
 public:
  Result<void> verify_transaction(ByteView bytes) const override {
    ++verifications;
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !is_held_; });
    --waiting_;
    if (throws) throw std::bad_alloc();
    if (bytes[0] == 0) return {};
    return fail("TransactionVerificationFailed", "failed to verify transaction");
  }
  void hold() {
    const std::scoped_lock lock(mutex_);
    is_held_ = true;
  }
  void release() {
    const std::scoped_lock lock(mutex_);
    is_held_ = false;
    changed_.notify_all();
  }
  void await_waiting(int count) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ == count; });
  }

  mutable std::atomic<int> verifications = 0;
  std::atomic<bool> throws = false;

 private:
  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable changed_;
  mutable int waiting_ = 0;
  bool is_held_ = false;
};

Bytes bytes_of(uint8_t first, uint32_t n) {
  return {first, static_cast<uint8_t>(n), static_cast<uint8_t>(n >> 8)};
}

class VerifyOnce : public ::testing::Test {
 protected:
  std::shared_ptr<CountingEngine> engine = std::make_shared<CountingEngine>();
};

TEST_F(VerifyOnce, RemembersSuccessOnly) {
  TransactionVerifier verifier(engine);
  EXPECT_TRUE(verifier.verify(bytes_of(0, 1)));
  EXPECT_TRUE(verifier.verify(bytes_of(0, 1)));
  EXPECT_EQ(engine->verifications, 1);
  EXPECT_TRUE(verifier.verify(bytes_of(0, 2)));
  EXPECT_EQ(engine->verifications, 2);

  for (int i = 0; i < 2; ++i) {
    const Result<void> verdict = verifier.verify(bytes_of(1, 1));
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().code, "TransactionVerificationFailed");
  }
  EXPECT_EQ(engine->verifications, 4);
}

TEST_F(VerifyOnce, ForgetsTheOldest) {
  TransactionVerifier verifier(engine, 10);
  for (uint32_t n = 0; n < 11; ++n) EXPECT_TRUE(verifier.verify(bytes_of(0, n)));
  for (uint32_t n = 1; n < 11; ++n) EXPECT_TRUE(verifier.verify(bytes_of(0, n)));
  EXPECT_EQ(engine->verifications, 11);
  EXPECT_TRUE(verifier.verify(bytes_of(0, 0)));
  EXPECT_EQ(engine->verifications, 12);
}

TEST_F(VerifyOnce, SharesAVerificationThatIsRunning) {
  for (const uint8_t first : {uint8_t{0}, uint8_t{1}}) {
    TransactionVerifier verifier(engine);
    engine->hold();
    engine->verifications = 0;
    std::atomic<int> valid = 0;
    std::atomic<int> invalid = 0;
    std::latch asked(8);
    std::vector<std::jthread> askers;
    for (int i = 0; i < 8; ++i) {
      askers.emplace_back([&] {
        asked.count_down();
        ++(verifier.verify(bytes_of(first, 1)) ? valid : invalid);
      });
    }
    // Other bytes do not wait for these.
    askers.emplace_back([&] { (void)verifier.verify(bytes_of(0, 2)); });
    asked.wait();
    engine->await_waiting(2);
    engine->release();
    askers.clear();
    EXPECT_EQ(valid, first == 0 ? 8 : 0);
    EXPECT_EQ(invalid, first == 0 ? 0 : 8);
    // Whoever came after the end of an invalid one has asked again.
    if (first == 0) {
      EXPECT_EQ(engine->verifications, 2);
    } else {
      EXPECT_GE(engine->verifications, 2);
    }
  }
}

TEST_F(VerifyOnce, OutlivesAnEngineThatThrows) {
  TransactionVerifier verifier(engine);
  engine->throws = true;
  EXPECT_THROW((void)verifier.verify(bytes_of(0, 1)), std::bad_alloc);
  engine->throws = false;
  EXPECT_TRUE(verifier.verify(bytes_of(0, 1)));
}

TEST_F(VerifyOnce, CountsRightUnderLoad) {
  constexpr uint32_t kTransactions = 50;
  TransactionVerifier verifier(engine);
  std::vector<std::jthread> askers;
  for (uint32_t seed = 0; seed < 4; ++seed) {
    askers.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 5'000; ++i) {
        EXPECT_TRUE(verifier.verify(bytes_of(0, static_cast<uint32_t>(random()) % kTransactions)));
      }
    });
  }
  askers.clear();
  EXPECT_EQ(engine->verifications, static_cast<int>(kTransactions));
}

TEST(TransactionVerifierOnRealProofs, TakesNoOtherBytesForThoseItKnows) {
  TransactionVerifier verifier(real_engine());
  const Bytes proven = fixture("ecdsa.proven");
  ASSERT_TRUE(verifier.verify(proven));
  ASSERT_TRUE(verifier.verify(proven));
  for (const size_t from_end : {60'000u, 30'000u, 2'000u}) {
    Bytes tampered = proven;
    tampered[tampered.size() - from_end] ^= 4;
    EXPECT_FALSE(verifier.verify(tampered)) << from_end;
  }
}

// What the native batch prover gives must be what the reference's gives.
TEST(ProveBatch, GivesTheReferencesProvenBatch) {
  TransactionVerifier verifier(real_engine());
  const auto proposed = from_bytes<ProposedBatch>(fixture("batch.proposed"));
  ASSERT_TRUE(proposed) << proposed.error().message;
  const auto proven = prove_batch(*proposed, verifier);
  ASSERT_TRUE(proven) << proven.error().message;
  EXPECT_EQ(to_bytes(*proven), fixture("batch.proven"));
  const auto by_the_engine = real_engine()->prove_batch(fixture("batch.proposed"));
  ASSERT_TRUE(by_the_engine);
  EXPECT_EQ(to_bytes(*proven), *by_the_engine);
}

TEST(ProveBatch, NamesTheTransactionWhoseProofIsWrongAsTheReferenceDoes) {
  Bytes tampered = fixture("batch.proposed");
  // The transactions come first; this is well inside the first one's proof.
  tampered[30'000] ^= 4;
  TransactionVerifier verifier(real_engine());
  const auto proposed = from_bytes<ProposedBatch>(tampered);
  ASSERT_TRUE(proposed) << proposed.error().message;
  const auto proven = prove_batch(*proposed, verifier);
  ASSERT_FALSE(proven);
  EXPECT_EQ(proven.error().code, "TransactionVerificationFailed");
  EXPECT_THAT(proven.error().message, HasSubstr(proposed->transactions()[0]->id.to_hex()));
  const auto by_the_engine = real_engine()->prove_batch(tampered);
  ASSERT_FALSE(by_the_engine);
  EXPECT_EQ(proven.error().message, by_the_engine.error().message);
}

TEST(ProveBatch, AsksNothingAboutTransactionsThatAreKnown) {
  const auto proposed = from_bytes<ProposedBatch>(fixture("batch.proposed"));
  ASSERT_TRUE(proposed);
  class Once final : public FakeEngine {
   public:
    Result<void> verify_transaction(ByteView bytes) const override {
      ++verifications;
      return real_engine()->verify_transaction(bytes);
    }
    mutable std::atomic<int> verifications = 0;
  };
  const auto engine = std::make_shared<Once>();
  TransactionVerifier verifier(engine);
  ASSERT_TRUE(verifier.verify(fixture("falcon.proven")));
  ASSERT_TRUE(verifier.verify(fixture("ecdsa.proven")));
  EXPECT_EQ(engine->verifications, 2);
  ASSERT_TRUE(prove_batch(*proposed, verifier));
  EXPECT_EQ(engine->verifications, 2);
}

TEST(ProveBatch, EndsWhenItIsNoLongerNeeded) {
  const auto proposed = from_bytes<ProposedBatch>(fixture("batch.proposed"));
  ASSERT_TRUE(proposed);
  TransactionVerifier verifier(std::make_shared<FakeEngine>());  // aborts when asked
  std::stop_source stop;
  stop.request_stop();
  const auto proven = prove_batch(*proposed, verifier, stop.get_token());
  ASSERT_FALSE(proven);
  EXPECT_EQ(proven.error().code, "Stopped");
}

}  // namespace
}  // namespace miden
