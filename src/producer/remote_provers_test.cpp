// Batches and blocks proven by services that work, are busy, late, wrong or gone.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "engine/test_support/fake_engine.hpp"
#include "net/grpc_status.hpp"
#include "producer/judge_status.hpp"
#include "producer/test_support/producer_world.hpp"
#include "producer/test_support/served.hpp"
#include "remote_prover.grpc.pb.h"

namespace miden {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

// As the reference's provers, but that transactions' proofs are not looked at.
class ProverService final : public ::remote_prover::Api::Service {
 public:
  grpc::Status Prove(grpc::ServerContext* context, const ::remote_prover::ProofRequest* request,
                     ::remote_prover::Proof* proof) override {
    ++calls;
    if (hangs) {
      while (!context->IsCancelled()) std::this_thread::sleep_for(milliseconds(5));
      return grpc::Status::CANCELLED;
    }
    if (const auto refusal = says()) return to_grpc(*refusal);
    if (request->proof_type() == ::remote_prover::BLOCK) {
      const auto decoded = from_bytes<BlockProofRequest>(as_bytes(request->payload()));
      if (!decoded) return {grpc::StatusCode::INVALID_ARGUMENT, decoded.error().message};
      if (lies) proof->set_payload("what is no part of a block's proof");
      return grpc::Status::OK;
    }
    const auto batch = from_bytes<ProposedBatch>(as_bytes(request->payload()));
    if (!batch) return {grpc::StatusCode::INVALID_ARGUMENT, batch.error().message};
    ProvenBatch proven = ProvenBatch::of(*batch);
    if (lies) proven.expiration_block_num = proven.expiration_block_num.next();
    const Bytes bytes = to_bytes(proven);
    proof->set_payload(bytes.data(), bytes.size());
    return grpc::Status::OK;
  }
  void say(std::optional<Status> status) {
    const std::scoped_lock lock(mutex_);
    says_ = std::move(status);
  }
  std::optional<Status> says() const {
    const std::scoped_lock lock(mutex_);
    return says_;
  }
  std::atomic<bool> lies = false;
  std::atomic<bool> hangs = false;
  std::atomic<int> calls = 0;

 private:
  mutable std::mutex mutex_;  // guards says_
  std::optional<Status> says_;
};

const Status kBusy(StatusCode::kResourceExhausted, "proof queue is full");

// Its verdict on every transaction's proof.
class JudgingEngine final : public FakeEngine {
 public:
  Result<void> verify_transaction(ByteView) const override {
    if (finds_invalid) return fail("TransactionVerificationFailed", "failed to verify transaction");
    return {};
  }
  Result<Bytes> prove_block(ByteView) const override { return Bytes(); }
  std::atomic<bool> finds_invalid = false;
};

class RemoteProversTest : public testing::Test {
 protected:
  RemoteProverOptions both(milliseconds timeout = 5s) const {
    return {.urls = {first_served_.url(), second_served_.url()}, .timeout = timeout};
  }
  std::unique_ptr<BatchProver> batch_prover(const RemoteProverOptions& options) const {
    return make_remote_batch_prover(options, verifier_);
  }
  // One transaction, on a chain of its own.
  static ProposedBatch batch() {
    const TestChain chain(2);
    TransactionSpec spec;
    spec.ref_block_num = chain.tip().block_num;
    spec.ref_block_commitment = chain.tip().commitment();
    return ProposedBatch::make({std::make_shared<const ProvenTransaction>(transaction(spec))},
                               chain.tip(), chain.before_tip(), {})
        .value();
  }
  static Bytes block_request() {
    const TestChain chain(2);
    return to_bytes(
        BlockProofRequest{{}, chain.tip(), {chain.tip(), chain.before_tip(), {}, {}, {}}});
  }
  static std::string accusation(const ProposedBatch& batch) {
    return "failed to prove batch: \ncaused by: failed to verify transaction " +
           batch.transactions()[0]->id.to_hex() + " in transaction batch\ncaused by: no";
  }

  ProverService first_;
  ProverService second_;
  Served first_served_{first_};
  Served second_served_{second_};
  std::shared_ptr<JudgingEngine> engine_ = std::make_shared<JudgingEngine>();
  std::shared_ptr<TransactionVerifier> verifier_ = std::make_shared<TransactionVerifier>(engine_);
};

TEST_F(RemoteProversTest, ServeAProducerUnlessTheyLieOrAreBusy) {
  ProducerWorld world;
  const RemoteProverOptions options{.urls = {first_served_.url()}};
  const std::shared_ptr<BatchProver> batches = batch_prover(options);
  const std::shared_ptr<BlockProver> blocks = make_remote_block_prover(options);
  BlockProducer producer(*world.chain, world.validator, batches, blocks, quick_options());
  producer.start();

  const auto proven = world.creating(1);
  ASSERT_TRUE(producer.submit(proven));
  ASSERT_TRUE(world.await_commit(proven));
  const BlockNum tip = world.chain->tip();
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() >= tip; }));

  // The last but one is a prover of another kind, the last one of another release.
  const std::vector<std::function<void(bool)>> troubles = {
      [&](bool on) { first_.lies = on; },
      [&](bool on) { first_.say(on ? std::optional(kBusy) : std::nullopt); },
      [&](bool on) {
        first_.say(
            on ? std::optional(Status(StatusCode::kInvalidArgument, "unsupported proof type"))
               : std::nullopt);
      },
      [&](bool on) {
        first_.say(
            on ? std::optional(Status(StatusCode::kInvalidArgument,
                                      "failed to decode request: \ncaused by: unexpected EOF"))
               : std::nullopt);
      }};
  for (size_t i = 0; i < troubles.size(); ++i) {
    troubles[i](true);
    const auto waiting = world.creating(2 + i);
    ASSERT_TRUE(producer.submit(waiting));
    std::this_thread::sleep_for(200ms);
    EXPECT_FALSE(world.is_committed(waiting)) << i;
    troubles[i](false);
    ASSERT_TRUE(world.await_commit(waiting)) << i;
  }
}

TEST_F(RemoteProversTest, TakeTurns) {
  const auto prover = batch_prover(both());
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(prover->prove(batch(), {}));
  EXPECT_EQ(first_.calls, 2);
  EXPECT_EQ(second_.calls, 2);
}

TEST_F(RemoteProversTest, StandInForOneAnother) {
  const ProposedBatch proposed = batch();
  const auto prover = batch_prover(both(300ms));
  const auto expect_proven = [&](const char* trouble) {
    for (int i = 0; i < 2; ++i) {
      const Answer<ProvenBatch> proven = prover->prove(proposed, {});
      ASSERT_TRUE(proven) << trouble << ": " << proven.error().message;
      EXPECT_EQ(*proven, ProvenBatch::of(proposed));
    }
  };
  first_.say(kBusy);
  expect_proven("busy");
  first_.say(std::nullopt);
  first_.lies = true;
  expect_proven("lies");
  first_.lies = false;
  second_.hangs = true;
  expect_proven("hangs");
  second_.hangs = false;
  second_served_.stop();
  expect_proven("gone");
}

TEST_F(RemoteProversTest, SayWhatEachOfThemSaid) {
  first_.say(kBusy);
  second_served_.stop();
  const Answer<ProvenBatch> proven = batch_prover(both())->prove(batch(), {});
  ASSERT_FALSE(proven);
  EXPECT_EQ(proven.error().code, StatusCode::kUnavailable);
  EXPECT_THAT(proven.error().message,
              AllOf(HasSubstr(first_served_.url().to_string() +
                              ": RESOURCE_EXHAUSTED: proof queue is full"),
                    HasSubstr(second_served_.url().to_string() + ": UNAVAILABLE: ")));
  EXPECT_EQ(judge_status(proven.error()).cause, Failure::Cause::kInfrastructure);
}

TEST_F(RemoteProversTest, AreNotBelievedAboutATransactionsProof) {
  const ProposedBatch proposed = batch();
  const auto prover = batch_prover(both());
  first_.say(Status(StatusCode::kInternal, accusation(proposed)));
  second_.say(Status(StatusCode::kInternal, accusation(proposed)));
  engine_->finds_invalid = true;
  const Answer<ProvenBatch> invalid = prover->prove(proposed, {});
  ASSERT_FALSE(invalid);
  EXPECT_EQ(invalid.error().code, StatusCode::kInvalidArgument);
  const Failure failure = judge_status(invalid.error());
  EXPECT_EQ(failure.cause, Failure::Cause::kContent);
  EXPECT_EQ(failure.culprits, std::vector{proposed.transactions()[0]->id});

  engine_->finds_invalid = false;
  const Answer<ProvenBatch> valid = prover->prove(proposed, {});
  ASSERT_FALSE(valid);
  EXPECT_EQ(judge_status(valid.error()).cause, Failure::Cause::kInfrastructure);
}

TEST_F(RemoteProversTest, CallARequestTooLargeOnlyWhenItIsForAll) {
  const Status too_large(StatusCode::kOutOfRange, "message too large");
  const auto prover = batch_prover(both());
  first_.say(too_large);
  second_.say(Status(StatusCode::kResourceExhausted, "Received message larger than max (9 vs. 8)"));
  EXPECT_EQ(prover->prove(batch(), {}).error().code, StatusCode::kOutOfRange);
  second_.say(kBusy);
  const Status mixed = prover->prove(batch(), {}).error();
  EXPECT_EQ(judge_status(mixed).cause, Failure::Cause::kInfrastructure) << mixed.message;
  second_.say(std::nullopt);
  EXPECT_TRUE(prover->prove(batch(), {}));
}

TEST_F(RemoteProversTest, AreGivenUpWhenTheCallerStops) {
  first_.hangs = true;
  second_.hangs = true;
  std::stop_source source;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(100ms);
    source.request_stop();
  });
  const auto started = std::chrono::steady_clock::now();
  EXPECT_FALSE(batch_prover(both(5min))->prove(batch(), source.get_token()));
  EXPECT_FALSE(make_remote_block_prover(both(5min))->prove(block_request(), source.get_token()));
  EXPECT_LT(std::chrono::steady_clock::now() - started, 10s);
}

TEST_F(RemoteProversTest, KeepNothingOfABlocksProofButTheProof) {
  first_.lies = true;
  const auto prover = make_remote_block_prover({.urls = {first_served_.url()}});
  const Answer<Bytes> proof = prover->prove(block_request(), {});
  ASSERT_TRUE(proof) << proof.error().message;
  EXPECT_EQ(*proof, Bytes());
}

TEST_F(RemoteProversTest, MayBeReplacedByThisProcess) {
  const ProvingOptions options{.urls = both().urls, .timeout = 300ms, .falls_back_to_local = true};
  const auto batches = make_batch_prover(options, verifier_);
  const auto blocks = make_block_prover(options, engine_);
  EXPECT_TRUE(batches->prove(batch(), {}));
  EXPECT_TRUE(blocks->prove(block_request(), {}));
  EXPECT_EQ(first_.calls + second_.calls, 2) << "remote as long as that works";

  first_.hangs = true;
  second_served_.stop();
  EXPECT_TRUE(batches->prove(batch(), {}));
  EXPECT_TRUE(blocks->prove(block_request(), {}));
  const auto started = std::chrono::steady_clock::now();
  const int calls = first_.calls;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(batches->prove(batch(), {}));
  EXPECT_LT(std::chrono::steady_clock::now() - started, 250ms) << "what failed is left alone";
  EXPECT_EQ(first_.calls, calls);
  first_.hangs = false;
}

TEST_F(RemoteProversTest, AreNotReplacedUnlessAllowed) {
  const ProvingOptions options{.urls = both().urls, .timeout = 300ms};
  first_.say(kBusy);
  second_.say(kBusy);
  EXPECT_FALSE(make_batch_prover(options, verifier_)->prove(batch(), {}));
  EXPECT_FALSE(make_block_prover(options, engine_)->prove(block_request(), {}));
}

TEST_F(RemoteProversTest, AreNotAskedWhenNoneIsNamed) {
  EXPECT_TRUE(make_batch_prover({}, verifier_)->prove(batch(), {}));
  EXPECT_TRUE(make_block_prover({}, engine_)->prove(block_request(), {}));
  EXPECT_EQ(first_.calls + second_.calls, 0);
}

}  // namespace
}  // namespace miden
