#include "node/admit_transaction.hpp"

#include <gtest/gtest.h>

#include "node/test_support/validating_service.hpp"
#include "producer/test_support/producer_world.hpp"
#include "producer/test_support/served.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;

std::string text_of(const ProvenTransaction& transaction) {
  return std::string(as_string_view(to_bytes(transaction)));
}

struct AdmissionWorld {
  AdmissionWorld() { world.make_producer(); }
  static CheckedTransaction checked(const std::shared_ptr<const ProvenTransaction>& transaction,
                                    std::optional<std::string> inputs = "private") {
    return {
        .transaction = transaction, .bytes = text_of(*transaction), .inputs = std::move(inputs)};
  }
  static CheckedBatch checked(
      const std::vector<std::shared_ptr<const ProvenTransaction>>& transactions) {
    CheckedBatch batch;
    for (const auto& transaction : transactions) batch.transactions.push_back(checked(transaction));
    return batch;
  }
  Answer<BlockNum> submit(const std::shared_ptr<const ProvenTransaction>& transaction,
                          std::optional<std::string> inputs = "private") {
    return admit().submit(checked(transaction, std::move(inputs)), {});
  }
  Answer<BlockNum> submit_batch(
      const std::vector<std::shared_ptr<const ProvenTransaction>>& transactions) {
    return admit().submit_batch(checked(transactions), {});
  }
  AdmitTransaction admit() { return {client, *world.producer}; }
  size_t accepted() const { return world.producer->status().mempool.uncommitted_transactions; }
  size_t validated() const { return service.submitted().size(); }

  ValidatingService service;
  Served served{service};
  ValidatorClient client{{.url = served.url(), .timeout = 5s}};
  ProducerWorld world;
};

// "CODE [details]: message", or "OK".
std::string outcome(const Answer<BlockNum>& answer) {
  if (answer) return "OK";
  std::string text(to_string(answer.error().code));
  for (const char byte : answer.error().details) text += " [" + std::to_string(byte) + "]";
  return text + ": " + answer.error().message;
}

TEST(AdmitTransaction, AsksTheValidatorFirst) {
  AdmissionWorld node;
  const auto transaction = node.world.creating(1);
  const Answer<BlockNum> answer = node.submit(transaction);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*answer, node.world.chain->tip());
  ASSERT_EQ(node.validated(), 1u);
  EXPECT_EQ(node.service.submitted()[0].transaction(), text_of(*transaction));
  EXPECT_EQ(node.service.submitted()[0].transaction_inputs(), "private");
  EXPECT_EQ(node.accepted(), 1u);

  ASSERT_TRUE(node.submit(node.world.creating(2), std::nullopt));
  EXPECT_FALSE(node.service.submitted()[1].has_transaction_inputs());
}

TEST(AdmitTransaction, PassesTheValidatorsRefusalOnAndAcceptsNothing) {
  AdmissionWorld node;
  node.service.refuse_after(0, {grpc::StatusCode::INVALID_ARGUMENT, "Invalid transaction: why"});
  EXPECT_EQ(outcome(node.submit(node.world.creating(1))),
            "INVALID_ARGUMENT: Invalid transaction: why");
  EXPECT_EQ(node.accepted(), 0u);
}

TEST(AdmitTransaction, AcceptsNothingWithoutAValidator) {
  AdmissionWorld node;
  node.served.stop();
  const Answer<BlockNum> answer = node.submit(node.world.creating(1));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, StatusCode::kUnavailable);
  EXPECT_EQ(node.accepted(), 0u);
}

TEST(AdmitTransaction, GivesUpOnTheValidatorWithTheCall) {
  AdmissionWorld node;
  std::stop_source left;
  left.request_stop();
  CallerHeaders caller;
  caller.left = left.get_token();
  const Answer<BlockNum> answer =
      node.admit().submit(AdmissionWorld::checked(node.world.creating(1)), caller);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, StatusCode::kCancelled);
  EXPECT_EQ(node.accepted(), 0u);
}

// The mempool's refusal comes after the validator has seen the transaction, which harms nobody.
TEST(AdmitTransaction, PassesTheMempoolsRefusalOn) {
  AdmissionWorld node;
  const auto transaction = node.world.made({.account = private_account(4), .initial = 5});
  EXPECT_EQ(outcome(node.submit(transaction)),
            "INVALID_ARGUMENT [2]: transaction conflicts with current mempool state\ncaused by: "
            "initial account commitment " +
                word(5).to_hex() + " does not match the current commitment " + Word().to_hex() +
                " for account " + private_account(4).to_hex());
  EXPECT_EQ(node.validated(), 1u);
  EXPECT_EQ(node.accepted(), 0u);
}

// As the reference answers, whose validator is asked again and knows the transaction.
TEST(AdmitTransaction, AnswersForAnAcceptedTransactionWithoutTheValidator) {
  AdmissionWorld node;
  const auto transaction = node.world.creating(1, {.inputs = {authenticated(3)}});
  const std::string conflict =
      "INVALID_ARGUMENT [2]: transaction conflicts with current mempool state\ncaused by: "
      "nullifiers already exist: " +
      nullifier(3).to_hex();
  EXPECT_EQ(outcome(node.submit(transaction)), "OK");
  EXPECT_EQ(outcome(node.submit(transaction)), conflict);
  EXPECT_EQ(outcome(node.submit_batch({transaction})), conflict);
  EXPECT_EQ(node.validated(), 1u);

  // Also after a restart.
  node.world.stop();
  node.world.make_producer();
  EXPECT_EQ(outcome(node.submit(transaction)), conflict);
  EXPECT_EQ(node.validated(), 1u);
  EXPECT_EQ(node.accepted(), 1u);
}

TEST(AdmitTransaction, ShowsTheValidatorNothingThatTheChainRulesOut) {
  AdmissionWorld node;
  node.world.producer->start();
  const auto spender = node.world.creating(1, {.inputs = {authenticated(3)}});
  ASSERT_TRUE(node.submit(spender));
  ASSERT_TRUE(node.world.await_commit(spender));
  ASSERT_EQ(node.validated(), 1u);

  for (const auto& late : {spender, node.world.creating(2, {.inputs = {authenticated(3)}})}) {
    EXPECT_EQ(outcome(node.submit(late)),
              "INTERNAL [0]: transaction conflicts with the chain\ncaused by: nullifiers already "
              "exist: " +
                  nullifier(3).to_hex());
    EXPECT_EQ(outcome(node.submit_batch({node.world.creating(5), late})),
              "INVALID_ARGUMENT [2]: transaction conflicts with current mempool state\ncaused by: "
              "nullifiers already exist: " +
                  nullifier(3).to_hex());
  }
  const auto beside = node.world.made({.account = private_account_beside(1), .initial = 0});
  EXPECT_EQ(outcome(node.submit(beside)), "INTERNAL [0]: another account has the id prefix of " +
                                              private_account_beside(1).to_hex());
  EXPECT_EQ(node.validated(), 1u);
}

TEST(AdmitBatch, ValidatesInOrderUntilTheFirstRefusal) {
  AdmissionWorld node;
  std::vector<std::shared_ptr<const ProvenTransaction>> batch;
  for (uint64_t n = 1; n <= 4; ++n) batch.push_back(node.world.creating(n));
  node.service.refuse_after(2, {grpc::StatusCode::RESOURCE_EXHAUSTED, "validator is busy"});
  EXPECT_EQ(outcome(node.submit_batch(batch)), "RESOURCE_EXHAUSTED: validator is busy");
  EXPECT_EQ(node.accepted(), 0u);
  ASSERT_EQ(node.validated(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(node.service.submitted()[i].transaction(), text_of(*batch[i]));
  }
  node.service.refuse_after(SIZE_MAX, {});
  EXPECT_EQ(outcome(node.submit_batch(batch)), "OK");
  EXPECT_EQ(node.validated(), 7u);
  EXPECT_EQ(node.accepted(), 4u);
}

TEST(AdmitBatch, IsAcceptedWholeOrNotAtAll) {
  AdmissionWorld node;
  const auto known = node.world.creating(2);
  ASSERT_TRUE(node.submit(known));
  const auto first = node.world.creating(1);
  const Answer<BlockNum> answer = node.submit_batch({first, known, node.world.creating(3)});
  EXPECT_EQ(outcome(answer).substr(0, 20), "INVALID_ARGUMENT [2]");
  EXPECT_EQ(node.validated(), 3u) << "not again the known one";
  EXPECT_EQ(node.accepted(), 1u);
  EXPECT_TRUE(node.submit(first)) << "nothing of the batch is left";
}

}  // namespace
}  // namespace miden
