// The validator's client against a service that speaks the wire's language.
#include <gtest/gtest.h>

#include <thread>

#include "internal/validator.grpc.pb.h"
#include "net/convert_block.hpp"
#include "net/convert_primitives.hpp"
#include "net/grpc_status.hpp"
#include "producer/test_support/producer_world.hpp"
#include "producer/test_support/served.hpp"
#include "producer/validator_client.hpp"

namespace miden {
namespace {

using std::chrono::milliseconds;

class ValidatorService final : public ::validator::Api::Service {
 public:
  explicit ValidatorService(FakeValidator& validator) : validator_(validator) {}

  grpc::Status Status(grpc::ServerContext*, const ::google::protobuf::Empty*,
                      ::validator::ValidatorStatus* response) override {
    response->set_chain_tip(validator_.signed_tip({})->value);
    return grpc::Status::OK;
  }
  grpc::Status SubmitProvenTransaction(grpc::ServerContext* context,
                                       const ::transaction::ProvenTransaction* request,
                                       ::google::protobuf::Empty*) override {
    const auto accept = context->client_metadata().find("accept");
    EXPECT_NE(accept, context->client_metadata().end());
    submitted.emplace_back(request->transaction(), request->has_transaction_inputs()
                                                       ? request->transaction_inputs()
                                                       : "none");
    if (request->transaction() == "bad") {
      return {grpc::StatusCode::INVALID_ARGUMENT, "Invalid transaction", "raw"};
    }
    return grpc::Status::OK;
  }
  grpc::Status SignBlock(grpc::ServerContext* context, const ::blockchain::ProposedBlock* request,
                         ::blockchain::SignBlockResponse* response) override {
    if (hangs) {
      while (!context->IsCancelled()) std::this_thread::sleep_for(milliseconds(5));
      return grpc::Status::CANCELLED;
    }
    const auto signature = validator_.sign(as_bytes(request->proposed_block()), {});
    if (!signature) return to_grpc(signature.error());
    *response->mutable_signature() = to_message(signature->signature);
    if (!is_incomplete) {
      *response->mutable_block_commitment() = to_message(signature->block_commitment);
    }
    return grpc::Status::OK;
  }
  // Goes on waiting for blocks that are not signed yet, as ours does.
  grpc::Status BlockSubscription(
      grpc::ServerContext* context, const ::validator::BlockSubscriptionRequest* request,
      grpc::ServerWriter<::validator::BlockSubscriptionResponse>* writer) override {
    const BlockNum tip = *validator_.signed_tip({});
    for (const auto& [block_num, block] : validator_.blocks()) {
      if (block_num.value < request->block_from()) continue;
      ::validator::BlockSubscriptionResponse response;
      const Bytes bytes = to_bytes(block);
      response.set_block(bytes.data(), bytes.size());
      response.set_committed_chain_tip(tip.value);
      writer->Write(response);
    }
    while (!context->IsCancelled()) std::this_thread::sleep_for(milliseconds(5));
    return grpc::Status::CANCELLED;
  }

  std::vector<std::pair<std::string, std::string>> submitted;
  std::atomic<bool> hangs = false;
  std::atomic<bool> is_incomplete = false;

 private:
  FakeValidator& validator_;
};

TEST(ValidatorClient, ProducesAChainAndAdoptsBlocksOverTheWire) {
  ProducerWorld world;
  ValidatorService service(*world.validator);
  const Served served(service);
  const auto signer = std::make_shared<ValidatorClient>(
      ValidatorClientOptions{.url = served.url(), .timeout = std::chrono::seconds(5)});
  BlockProducerOptions options = quick_options();

  world.validator->set_mood({.after_signing = Status(StatusCode::kCancelled, "Timeout expired")});
  {
    BlockProducer producer(*world.chain, signer, world.batch_prover, world.block_prover, options);
    producer.start();
    ASSERT_TRUE(world.await([&] { return world.validator->sign_calls() > 2; }));
  }
  EXPECT_EQ(world.chain->tip(), kGenesis);
  world.validator->set_mood({});
  BlockProducer producer(*world.chain, signer, world.batch_prover, world.block_prover, options);
  producer.start();
  const auto transaction = world.creating(1);
  ASSERT_TRUE(producer.submit(transaction));
  ASSERT_TRUE(world.await_commit(transaction));
  world.expect_the_validators_chain();
}

TEST(ValidatorClient, SubmitsWithAndWithoutInputsAndKeepsTheStatus) {
  ProducerWorld world;
  ValidatorService service(*world.validator);
  const Served served(service);
  ValidatorClient client({.url = served.url()});
  EXPECT_TRUE(client.submit(as_bytes("good"), as_bytes("inputs")));
  EXPECT_TRUE(client.submit(as_bytes("good"), std::nullopt));
  const Answer<> refused = client.submit(as_bytes("bad"), as_bytes(""));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), Status(StatusCode::kInvalidArgument, "Invalid transaction", "raw"));
  EXPECT_EQ(service.submitted, (std::vector<std::pair<std::string, std::string>>{
                                   {"good", "inputs"}, {"good", "none"}, {"bad", ""}}));
}

TEST(ValidatorClient, GivesUpAfterItsTimeoutOrWhenStopped) {
  ProducerWorld world;
  ValidatorService service(*world.validator);
  service.hangs = true;
  const Served served(service);
  ValidatorClient impatient({.url = served.url(), .timeout = milliseconds(100)});
  const auto late = impatient.sign({}, {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), Status(StatusCode::kCancelled, "Timeout expired"));

  ValidatorClient patient({.url = served.url(), .timeout = std::chrono::minutes(5)});
  std::stop_source source;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(100));
    source.request_stop();
  });
  EXPECT_FALSE(patient.sign({}, source.get_token()));
}

TEST(ValidatorClient, TakesNeitherSilenceNorHalfAnAnswer) {
  ValidatorClient alone({.url = *ServiceUrl::parse("http://127.0.0.1:1")});
  EXPECT_EQ(alone.signed_tip({}).error().code, StatusCode::kUnavailable);

  ProducerWorld world;
  ValidatorService service(*world.validator);
  service.is_incomplete = true;
  const Served served(service);
  const auto signer =
      std::make_shared<ValidatorClient>(ValidatorClientOptions{.url = served.url()});
  BlockProducer producer(*world.chain, signer, world.batch_prover, world.block_prover,
                         quick_options());
  producer.start();
  ASSERT_TRUE(world.await([&] { return world.validator->sign_calls() > 3; }));
  EXPECT_EQ(world.chain->tip(), kGenesis);
  service.is_incomplete = false;
  ASSERT_TRUE(world.await_blocks(2));
}

}  // namespace
}  // namespace miden
