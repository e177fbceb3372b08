#include "node/sequencer_api.hpp"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>

#include <random>

#include "grpc/health/v1/health.grpc.pb.h"
#include "internal/sequencer.grpc.pb.h"
#include "net/convert_account.hpp"
#include "net/convert_primitives.hpp"
#include "net/grpc_status.hpp"
#include "node/submit_authenticated.hpp"
#include "node/test_support/validating_service.hpp"
#include "producer/test_support/producer_world.hpp"
#include "producer/test_support/served.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Transaction = std::shared_ptr<const ProvenTransaction>;

class SequencerApiTest : public ::testing::Test {
 protected:
  explicit SequencerApiTest(BlockProducerOptions options = quick_options()) : world(options) {}
  void SetUp() override {
    world.make_producer();
    serve();
  }
  void serve() {
    SequencerApiOptions options;
    options.listen = *SocketAddress::parse("127.0.0.1:0");
    server = *SequencerApi::start(options, *world.producer);
    channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(server->port()),
                                  grpc::InsecureChannelCredentials());
    api = ::sequencer::Api::NewStub(channel);
  }

  // "CODE [details]: message", or "OK" and the tip.
  template <class Request>
  std::string call(grpc::Status (::sequencer::Api::Stub::*method)(grpc::ClientContext*,
                                                                  const Request&,
                                                                  ::blockchain::BlockNumber*),
                   const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    ::blockchain::BlockNumber response;
    const Status status = from_grpc((api.get()->*method)(&context, request, &response));
    if (status.is_ok()) return "OK " + std::to_string(response.block_num());
    std::string text(to_string(status.code));
    for (const char byte : status.details) text += " [" + std::to_string(byte) + "]";
    return text + ": " + status.message;
  }
  std::string submit(const ::sequencer::AuthenticatedTransaction& request) {
    return call(&::sequencer::Api::Stub::SubmitAuthenticatedTx, request);
  }
  std::string submit(const ::sequencer::AuthenticatedTransactionBatch& request) {
    return call(&::sequencer::Api::Stub::SubmitAuthenticatedTxBatch, request);
  }

  static std::string text_of(const auto& value) {
    return std::string(as_string_view(to_bytes(value)));
  }
  // As a full node at the chain's tip would send it.
  ::sequencer::AuthenticatedTransaction message_of(const ProvenTransaction& transaction) const {
    ::sequencer::AuthenticatedTransaction message;
    message.set_transaction(text_of(transaction));
    if (const Word& initial = transaction.account_update.initial_commitment; !initial.is_zero()) {
      *message.mutable_store_account_state() = to_message(initial);
    }
    message.set_authentication_height(world.chain->tip().value);
    return message;
  }
  ::sequencer::AuthenticatedTransactionBatch message_of(
      const std::vector<Transaction>& transactions) const {
    std::set<BlockNum> blocks;
    for (const auto& transaction : transactions) blocks.insert(transaction->ref_block_num);
    BatchInputs inputs = world.chain->view()->batch_inputs(blocks, {}).value();
    const ProposedBatch batch =
        ProposedBatch::make(transactions, inputs.reference_block, std::move(inputs.blockchain), {})
            .value();
    ::sequencer::AuthenticatedTransactionBatch message;
    message.set_proposed_batch(text_of(batch));
    for (const auto& transaction : transactions) {
      ::sequencer::AuthInputs& answers = *message.add_auth_inputs();
      *answers.mutable_account_id() = to_message(transaction->account_id());
      for (const InputNoteCommitment& note : transaction->input_notes.notes) {
        *answers.add_nullifiers()->mutable_nullifier() = to_digest(note.nullifier);
      }
      answers.set_current_block_height(world.chain->tip().value);
    }
    return message;
  }
  size_t accepted() const { return world.producer->status().mempool.uncommitted_transactions; }

  ProducerWorld world;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<::sequencer::Api::Stub> api;
  std::unique_ptr<SequencerApi> server;
};

TEST_F(SequencerApiTest, PutsATransactionIntoTheMempool) {
  const Transaction transaction = world.creating(1, {.inputs = {authenticated(1)}});
  EXPECT_EQ(submit(message_of(*transaction)), "OK 0");
  EXPECT_EQ(accepted(), 1u);
  EXPECT_EQ(world.chain->journal_entries().size(), 1u);
  EXPECT_EQ(submit(message_of(*transaction)),
            "INVALID_ARGUMENT [2]: transaction conflicts with current mempool state\ncaused by: "
            "nullifiers already exist: " +
                nullifier(1).to_hex());
  world.producer->start();
  ASSERT_TRUE(world.await_commit(transaction));
}

TEST_F(SequencerApiTest, BelievesWhatTheStoreSaid) {
  const Transaction on_an_account = world.made({.account = private_account(1), .initial = 5});
  auto request = message_of(*on_an_account);
  *request.mutable_store_account_state() = to_message(word(6));
  EXPECT_THAT(submit(request), HasSubstr("[2]: transaction conflicts with current mempool state\n"
                                         "caused by: initial account commitment " +
                                         word(5).to_hex()));
  *request.mutable_store_account_state() = to_message(word(5));
  EXPECT_EQ(submit(request), "OK 0");

  const Transaction with_note = world.creating(2, {.inputs = {unauthenticated(7)}});
  request = message_of(*with_note);
  EXPECT_THAT(submit(request), HasSubstr("unauthenticated input notes are unknown: " +
                                         private_note(7).id().to_hex()));
  *request.add_notes_authenticated_by_store() = to_digest(private_note(7).id());
  EXPECT_EQ(submit(request), "OK 0");
}

TEST_F(SequencerApiTest, RefusesHeightsItHasNotHeardOf) {
  auto request = message_of(*world.creating(1));
  request.set_authentication_height(7);
  EXPECT_EQ(submit(request),
            "INTERNAL [0]: inputs were authenticated at block 7, above the chain's tip 0");
  request.set_authentication_height(0);
  EXPECT_EQ(submit(request), "OK 0");

  world.producer->start();
  ASSERT_TRUE(world.await_blocks(10));
  auto stale = message_of(*world.creating(2));
  stale.set_authentication_height(1);
  EXPECT_THAT(submit(stale),
              StartsWith("INTERNAL [0]: inputs were authenticated at block 1, before block "));
}

TEST_F(SequencerApiTest, NumbersItsRefusals) {
  EXPECT_EQ(
      submit(message_of(*world.creating(1, {.expiration = 2}))),
      "INVALID_ARGUMENT [1]: transaction expired at block height 2 but the block height limit "
      "was 2");
}

class SmallMempool : public SequencerApiTest {
 protected:
  static BlockProducerOptions small() {
    BlockProducerOptions options = quick_options();
    options.mempool.transaction_capacity = 3;
    options.mempool.max_transactions_per_batch = 2;
    return options;
  }
  SmallMempool() : SequencerApiTest(small()) {}
};

TEST_F(SmallMempool, SaysThatItIsFull) {
  EXPECT_EQ(submit(message_of({world.creating(1), world.creating(2), world.creating(3)})),
            "INVALID_ARGUMENT [3]: the mempool is at capacity\ncaused by: the batch is larger than "
            "batches may be");
  for (uint64_t n = 1; n <= 2; ++n) EXPECT_EQ(submit(message_of(*world.creating(n))), "OK 0");
  EXPECT_EQ(submit(message_of({world.creating(3), world.creating(4)})),
            "INVALID_ARGUMENT [3]: the mempool is at capacity\ncaused by: it has no room for the "
            "whole batch");
  EXPECT_EQ(submit(message_of(*world.creating(3))), "OK 0");
  EXPECT_EQ(submit(message_of(*world.creating(4))),
            "INVALID_ARGUMENT [3]: the mempool is at capacity");
}

TEST_F(SequencerApiTest, SaysWhatIsWrongWithATransaction) {
  const Transaction transaction = world.creating(1);
  ::sequencer::AuthenticatedTransaction request;
  EXPECT_THAT(submit(request),
              StartsWith("INVALID_ARGUMENT: invalid authenticated transaction: \ncaused by: failed "
                         "to deserialize ProvenTransaction: "));
  request = message_of(*transaction);
  request.mutable_store_account_state()->set_d2(UINT64_MAX);
  EXPECT_EQ(
      submit(request),
      "INVALID_ARGUMENT: invalid authenticated transaction: \ncaused by: store_account_state: "
      "value is not in the range 0..MODULUS");
  request = message_of(*transaction);
  request.add_notes_authenticated_by_store()->set_d0(UINT64_MAX);
  EXPECT_EQ(submit(request),
            "INVALID_ARGUMENT: invalid authenticated transaction: \ncaused by: "
            "notes_authenticated_by_store: value is not in the range 0..MODULUS");
  // spec/block-production.md §20 D17
  ProvenTransaction loop = *transaction;
  loop.input_notes.notes.push_back(unauthenticated(5));
  loop.output_notes.notes.push_back(private_note(5));
  EXPECT_THAT(submit(message_of(loop)),
              StartsWith("INVALID_ARGUMENT: invalid authenticated transaction: \ncaused by: "));
  EXPECT_EQ(accepted(), 0u);
}

TEST_F(SequencerApiTest, PutsABatchIntoTheMempool) {
  const Transaction first = world.creating(1, {.outputs = {private_note(1)}});
  const Transaction second = world.creating(2, {.inputs = {unauthenticated(1)}});
  EXPECT_EQ(submit(message_of({first, second})), "OK 0");
  EXPECT_EQ(accepted(), 2u);
  EXPECT_EQ(world.chain->journal_entries().size(), 1u);
  world.producer->start();
  ASSERT_TRUE(world.await_commit(first));
  ASSERT_TRUE(world.await_commit(second));
}

TEST_F(SequencerApiTest, TakesABatchWholeOrNotAtAll) {
  ASSERT_EQ(submit(message_of(*world.creating(2))), "OK 0");
  EXPECT_THAT(submit(message_of({world.creating(1), world.creating(2)})),
              StartsWith("INVALID_ARGUMENT [2]: "));
  EXPECT_EQ(accepted(), 1u);
  EXPECT_EQ(submit(message_of(*world.creating(1))), "OK 0");
}

TEST_F(SequencerApiTest, SaysWhatIsWrongWithABatch) {
  const std::vector<Transaction> transactions = {world.creating(1, {.inputs = {authenticated(1)}}),
                                                 world.creating(2)};
  const auto whole = message_of(transactions);

  auto request = whole;
  request.set_proposed_batch("garbage");
  EXPECT_THAT(submit(request),
              StartsWith("INVALID_ARGUMENT: invalid proposed_batch: \ncaused by: "));
  request = whole;
  request.mutable_auth_inputs()->RemoveLast();
  EXPECT_EQ(
      submit(request),
      "INVALID_ARGUMENT: Number of inputs 1 does not match number of transactions 2 in batch");
  request = whole;
  request.mutable_auth_inputs(1)->clear_account_id();
  EXPECT_EQ(submit(request),
            "INVALID_ARGUMENT: invalid auth_inputs: \ncaused by: field "
            "`sequencer::AuthInputs::account_id` is missing");
  request = whole;
  request.mutable_auth_inputs()->SwapElements(0, 1);
  EXPECT_THAT(submit(request), StartsWith("INVALID_ARGUMENT: invalid auth_inputs: \ncaused by: "
                                          "account_id: " +
                                          private_account(2).to_hex()));
  request = whole;
  request.mutable_auth_inputs(0)->mutable_nullifiers(0)->clear_nullifier();
  EXPECT_EQ(submit(request),
            "INVALID_ARGUMENT: invalid auth_inputs: \ncaused by: field "
            "`sequencer::NullifierRecord::nullifier` is missing");
  request = whole;
  request.mutable_auth_inputs(0)->mutable_nullifiers(0)->set_block_num(3);
  EXPECT_EQ(submit(request),
            "INVALID_ARGUMENT [2]: transaction conflicts with current mempool state\ncaused by: "
            "nullifiers already exist: " +
                nullifier(1).to_hex());
  EXPECT_EQ(accepted(), 0u);

  // What is said of others' nullifiers is none of this transaction's business.
  request = whole;
  ::sequencer::NullifierRecord& other = *request.mutable_auth_inputs(0)->add_nullifiers();
  *other.mutable_nullifier() = to_digest(nullifier(99));
  other.set_block_num(3);
  EXPECT_EQ(submit(request), "OK 0");
}

TEST_F(SequencerApiTest, SurvivesAnyDamage) {
  const auto single = message_of(*world.creating(1, {.inputs = {authenticated(1)}}));
  const auto batch = message_of({world.creating(2), world.creating(3)});
  constexpr unsigned kSeed = 7;
  std::mt19937 random(kSeed);
  const auto damaged = [&](const google::protobuf::Message& message) {
    std::string bytes = message.SerializeAsString();
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    return bytes;
  };
  for (int round = 0; round < 300; ++round) {
    ::sequencer::AuthenticatedTransaction one;
    if (one.ParseFromString(damaged(single))) (void)submit(one);
    ::sequencer::AuthenticatedTransactionBatch many;
    if (many.ParseFromString(damaged(batch))) (void)submit(many);
  }
  EXPECT_EQ(submit(message_of(*world.creating(1000))), "OK 0") << "seed " << kSeed;
}

TEST_F(SequencerApiTest, ServesNothingElse) {
  grpc::ClientContext context;
  ::grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status =
      ::grpc::health::v1::Health::NewStub(channel)->Check(&context, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

// The other end of the interface: what a full node sends is what the sequencer takes.
TEST_F(SequencerApiTest, TakesWhatAFullNodeHandsOver) {
  ValidatingService validator;
  const Served validating(validator);
  SubmitAuthenticated full_node(
      *world.chain,
      {.validator_url = validating.url(),
       .sequencer_url = *ServiceUrl::parse("http://127.0.0.1:" + std::to_string(server->port()))});
  const auto checked = [](const Transaction& transaction) {
    return CheckedTransaction{
        .transaction = transaction, .bytes = text_of(*transaction), .inputs = "private"};
  };
  const Transaction first = world.creating(1, {.outputs = {private_note(1)}});
  EXPECT_TRUE(full_node.submit(checked(first), {}));
  const Transaction second = world.creating(2, {.inputs = {unauthenticated(1)}});
  const Transaction third = world.creating(3, {.inputs = {authenticated(4)}});
  CheckedBatch batch;
  batch.transactions = {checked(second), checked(third)};
  batch.proposed_batch = message_of({second, third}).proposed_batch();
  const Answer<BlockNum> taken = full_node.submit_batch(batch, {});
  EXPECT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(validator.submitted().size(), 3u);
  EXPECT_EQ(accepted(), 3u);
  const Answer<BlockNum> again = full_node.submit(checked(first), {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().details, "\x02");
  world.producer->start();
  ASSERT_TRUE(world.await_commit(third));
}

TEST_F(SequencerApiTest, IsUnavailableOnceTheSequencerStops) {
  world.producer->stop();
  EXPECT_EQ(submit(message_of(*world.creating(1))), "UNAVAILABLE: the sequencer is shutting down");
}

}  // namespace
}  // namespace miden
