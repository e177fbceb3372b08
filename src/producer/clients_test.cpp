// The clients of validator and provers against services that speak the wire's language.
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <thread>

#include "internal/validator.grpc.pb.h"
#include "net/convert_block.hpp"
#include "net/convert_primitives.hpp"
#include "net/grpc_status.hpp"
#include "producer/test_support/producer_world.hpp"
#include "producer/validator_client.hpp"
#include "remote_prover.grpc.pb.h"

namespace miden {
namespace {

using std::chrono::milliseconds;

// A server of one service on a free port.
class Served {
 public:
  explicit Served(grpc::Service& service) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
  }
  ~Served() { server_->Shutdown(std::chrono::system_clock::now()); }
  ServiceUrl url() const { return *ServiceUrl::parse("http://127.0.0.1:" + std::to_string(port_)); }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

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

class ProverService final : public ::remote_prover::Api::Service {
 public:
  grpc::Status Prove(grpc::ServerContext*, const ::remote_prover::ProofRequest* request,
                     ::remote_prover::Proof* proof) override {
    if (is_busy) return {grpc::StatusCode::RESOURCE_EXHAUSTED, "proof queue is full"};
    if (request->proof_type() == ::remote_prover::BLOCK) {
      const auto decoded = from_bytes<BlockProofRequest>(as_bytes(request->payload()));
      if (!decoded) return {grpc::StatusCode::INVALID_ARGUMENT, decoded.error().message};
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
  std::atomic<bool> is_busy = false;
  std::atomic<bool> lies = false;
};

TEST(RemoteProvers, ProveBatchesAndBlocksUnlessTheyLieOrAreBusy) {
  ProducerWorld world;
  ProverService service;
  const Served served(service);
  const std::shared_ptr<BatchProver> batches = make_remote_batch_prover({.url = served.url()});
  const std::shared_ptr<BlockProver> blocks = make_remote_block_prover({.url = served.url()});
  BlockProducer producer(*world.chain, world.validator, batches, blocks, quick_options());
  producer.start();

  const auto first = world.creating(1);
  ASSERT_TRUE(producer.submit(first));
  ASSERT_TRUE(world.await_commit(first));
  const BlockNum tip = world.chain->tip();
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() >= tip; }));

  for (std::atomic<bool>* trouble : {&service.lies, &service.is_busy}) {
    *trouble = true;
    const auto waiting = world.creating(trouble == &service.lies ? 2 : 3);
    ASSERT_TRUE(producer.submit(waiting));
    std::this_thread::sleep_for(milliseconds(300));
    EXPECT_FALSE(world.is_committed(waiting));
    *trouble = false;
    ASSERT_TRUE(world.await_commit(waiting));
  }
}

}  // namespace
}  // namespace miden
