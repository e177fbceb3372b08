// The validator's API as a sequencer meets it: over a socket.
#include "validator/service.hpp"

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "internal/validator.grpc.pb.h"
#include "net/convert_block.hpp"
#include "net/convert_primitives.hpp"
#include "protocol/transaction_inputs.hpp"
#include "validator/test_support/signing_world.hpp"

namespace miden {
namespace {

uint16_t free_port() {
  const int file = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(file, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(file, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(file);
  return ntohs(address.sin_port);
}

using Stub = ::validator::Api::Stub;

class ServedValidator {
 public:
  explicit ServedValidator(Validator& validator)
      : address_{.ip = "127.0.0.1", .port = free_port()} {
    thread_ = std::jthread([this, &validator](const std::stop_token& stop) {
      const auto served =
          serve_validator(validator, {.listen = address_, .worker_threads = 2}, stop);
      EXPECT_TRUE(served) << served.error().message;
    });
    const auto channel =
        grpc::CreateChannel(address_.to_string(), grpc::InsecureChannelCredentials());
    EXPECT_TRUE(
        channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20)));
    stub_ = ::validator::Api::NewStub(channel);
  }
  Stub& stub() { return *stub_; }
  const SocketAddress& address() const { return address_; }

 private:
  SocketAddress address_;
  std::jthread thread_;
  std::unique_ptr<Stub> stub_;
};

// A call that ends.
struct Context : grpc::ClientContext {
  Context() { set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20)); }
};

::validator::ValidatorStatus status_of(Stub& stub) {
  Context context;
  ::validator::ValidatorStatus status;
  const grpc::Status answer = stub.Status(&context, {}, &status);
  EXPECT_TRUE(answer.ok()) << answer.error_message();
  return status;
}

std::pair<grpc::Status, ::blockchain::SignBlockResponse> sign(Stub& stub, const Bytes& proposal) {
  Context context;
  ::blockchain::ProposedBlock request;
  request.set_proposed_block(proposal.data(), proposal.size());
  ::blockchain::SignBlockResponse response;
  const grpc::Status status = stub.SignBlock(&context, request, &response);
  return {status, response};
}

grpc::Status submit(Stub& stub, const Bytes& proven, const std::optional<Bytes>& inputs) {
  Context context;
  ::transaction::ProvenTransaction request;
  request.set_transaction(proven.data(), proven.size());
  if (inputs) request.set_transaction_inputs(inputs->data(), inputs->size());
  google::protobuf::Empty response;
  return stub.SubmitProvenTransaction(&context, request, &response);
}

// The blocks and how the stream ended.
std::pair<std::vector<Bytes>, grpc::Status> blocks_from(Stub& stub, uint32_t from,
                                                        uint32_t expected_tip) {
  Context context;
  ::validator::BlockSubscriptionRequest request;
  request.set_block_from(from);
  const auto reader = stub.BlockSubscription(&context, request);
  std::vector<Bytes> blocks;
  ::validator::BlockSubscriptionResponse response;
  while (reader->Read(&response)) {
    blocks.emplace_back(response.block().begin(), response.block().end());
    EXPECT_EQ(response.committed_chain_tip(), expected_tip);
  }
  return {std::move(blocks), reader->Finish()};
}

TEST(ValidatorApi, SignsAndCounts) {
  SigningWorld world;
  ServedValidator served(*world.validator);
  for (uint32_t block_num = 1; block_num <= 3; ++block_num) {
    const ProposedBlock proposal = world.chain.propose();
    const auto [status, response] = sign(served.stub(), to_bytes(proposal));
    ASSERT_TRUE(status.ok()) << status.error_message();
    const BlockHeader header = ProposingChain::header_of(proposal);
    EXPECT_EQ(from_message(response.block_commitment()).value(), header.commitment());
    EXPECT_EQ(from_message(response.signature()).value(),
              validator_secret().sign(header.commitment()));
    world.chain.append(header);

    const ::validator::ValidatorStatus standing = status_of(served.stub());
    EXPECT_EQ(standing.version(), "0.15.2");
    EXPECT_EQ(standing.status(), "OK");
    EXPECT_EQ(standing.chain_tip(), block_num);
    EXPECT_EQ(standing.signed_blocks_count(), block_num + 1);
    EXPECT_EQ(standing.validated_transactions_count(), 0u);
  }
}

TEST(ValidatorApi, RefusesGarbage) {
  SigningWorld world;
  ServedValidator served(*world.validator);
  const auto [garbage, response] = sign(served.stub(), Bytes(1000, 0xff));
  EXPECT_EQ(garbage.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(garbage.error_message().starts_with("Failed to deserialize proposed block"));
  EXPECT_EQ(sign(served.stub(), {}).first.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(submit(served.stub(), {}, Bytes()).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(submit(served.stub(), engine_fixture("ecdsa.proven"), std::nullopt).error_message(),
            "Missing transaction inputs");
  EXPECT_EQ(status_of(served.stub()).chain_tip(), 0u);
}

TEST(ValidatorApi, TakesATransactionAgainAndCountsItOnce) {
  const TestFolder folder;
  ASSERT_TRUE(ValidatorStore::create(folder / "store", genesis_without_accounts()));
  auto store = ValidatorStore::open(folder / "store").value();
  const Bytes proven = engine_fixture("ecdsa.proven");
  const Bytes inputs = engine_fixture("ecdsa.inputs");
  const BlockHeader reference = from_bytes<TransactionInputs>(inputs).value().block_header;
  store->put_block({reference, {}, validator_secret().sign(word(1))});
  store->put_block(stored_block(reference.block_num.value + 1));
  const auto validator =
      Validator::make(std::move(store), validator_secret(), test_engine(), {}).value();
  ServedValidator served(*validator);
  for (int round = 0; round < 3; ++round) {
    const grpc::Status status = submit(served.stub(), proven, inputs);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(status_of(served.stub()).validated_transactions_count(), 1u);
  }
  const grpc::Status mismatch = submit(served.stub(), engine_fixture("falcon.proven"), inputs);
  EXPECT_EQ(mismatch.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(ValidatorApi, StreamsTheSignedBlocksAndEnds) {
  SigningWorld world;
  for (int i = 0; i < 5; ++i) world.sign_next();
  ServedValidator served(*world.validator);
  for (uint32_t from = 0; from <= 5; ++from) {
    const auto [blocks, status] = blocks_from(served.stub(), from, 5);
    EXPECT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(blocks.size(), 6 - from);
    for (uint32_t i = 0; i < blocks.size(); ++i) {
      EXPECT_EQ(blocks[i], world.validator->block({from + i}));
    }
  }
  for (const uint32_t from : {6u, 7u, 0xffffffffu}) {
    const auto [blocks, status] = blocks_from(served.stub(), from, 5);
    EXPECT_TRUE(blocks.empty());
    EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
    EXPECT_EQ(status.error_message(),
              "subscriber's requested starting block should be <= the committed chain tip");
  }
}

TEST(ValidatorApi, SignsWhileASubscriberDoesNotRead) {
  SigningWorld world;
  world.validator.reset();
  {
    // Far more than the transport buffers, so that the stream stands still.
    const auto store = ValidatorStore::open(world.store_directory()).value();
    for (uint32_t block_num = 1; block_num <= 6; ++block_num) {
      store->put_block(stored_block(block_num, 60'000));
    }
  }
  world.restart({});
  ServedValidator served(*world.validator);
  grpc::ClientContext silent;
  ::validator::BlockSubscriptionRequest request;
  const auto reader = served.stub().BlockSubscription(&silent, request);
  ::validator::BlockSubscriptionResponse first;
  ASSERT_TRUE(reader->Read(&first));

  // The stream hangs; others are served, and the refusal shows that signing looks at proposals.
  for (int round = 0; round < 20; ++round) {
    const auto [status, response] = sign(served.stub(), to_bytes(world.chain.propose()));
    EXPECT_EQ(status.error_message(),
              "Failed to validate block: \ncaused by: block number mismatch: expected 7, got 1");
    EXPECT_EQ(status_of(served.stub()).chain_tip(), 6u);
  }
  const auto [blocks, status] = blocks_from(served.stub(), 5, 6);
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(blocks.size(), 2u);
  silent.TryCancel();
  ::validator::BlockSubscriptionResponse rest;
  while (reader->Read(&rest)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST(ValidatorApi, EndsWhileASubscriberDoesNotRead) {
  SigningWorld world;
  world.validator.reset();
  {
    const auto store = ValidatorStore::open(world.store_directory()).value();
    for (uint32_t block_num = 1; block_num <= 6; ++block_num) {
      store->put_block(stored_block(block_num, 60'000));
    }
  }
  world.restart({});
  grpc::ClientContext silent;
  std::unique_ptr<grpc::ClientReader<::validator::BlockSubscriptionResponse>> reader;
  const auto started = std::chrono::steady_clock::now();
  {
    ServedValidator served(*world.validator);
    reader = served.stub().BlockSubscription(&silent, {});
    ::validator::BlockSubscriptionResponse first;
    ASSERT_TRUE(reader->Read(&first));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(15));
  silent.TryCancel();
  ::validator::BlockSubscriptionResponse rest;
  while (reader->Read(&rest)) {
  }
  EXPECT_FALSE(reader->Finish().ok());
}

TEST(ValidatorApi, SaysWhenItsPortIsTaken) {
  SigningWorld world;
  ServedValidator served(*world.validator);
  const auto second = serve_validator(*world.validator, {.listen = served.address()}, {});
  EXPECT_EQ(code_of(second), "BindFailed");
}

}  // namespace
}  // namespace miden
