#include "node/sequencer.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <fstream>
#include <thread>

#include "base/version.hpp"
#include "internal/validator.grpc.pb.h"
#include "net/grpc_status.hpp"
#include "node/admit_transaction.hpp"
#include "producer/test_support/producer_world.hpp"
#include "rpc.grpc.pb.h"

namespace miden {
namespace {

using namespace std::chrono_literals;

template <class T>
std::string message_of(const Result<T>& result) {
  return result ? "ok" : result.error().message;
}

class Served {
 public:
  explicit Served(grpc::Service* service) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    if (service != nullptr) builder.RegisterService(service);
    server_ = builder.BuildAndStart();
  }
  ~Served() { server_->Shutdown(std::chrono::system_clock::now()); }
  uint16_t port() const { return static_cast<uint16_t>(port_); }
  ServiceUrl url() const { return *ServiceUrl::parse("http://127.0.0.1:" + std::to_string(port_)); }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// Nothing listens there any more.
uint16_t free_port() {
  ::validator::Api::Service none;
  return Served(&none).port();
}

SignedBlock genesis_with_kernel(const Word& kernel) {
  SignedBlock genesis = empty_genesis();
  genesis.header.tx_kernel_commitment = kernel;
  genesis.signature = validator_secret().sign(genesis.header.commitment());
  return genesis;
}

class BootstrapNode : public testing::Test {
 protected:
  std::string refusal(const Bytes& file) const {
    std::ofstream(folder_.root() / "genesis.dat", std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()),
               static_cast<std::streamsize>(file.size()));
    const auto done = bootstrap_node(folder_.data(), folder_.root() / "genesis.dat");
    EXPECT_EQ(std::filesystem::exists(folder_.data()), done.has_value());
    return message_of(done);
  }
  ChainDirectory folder_;
};

TEST_F(BootstrapNode, MakesAChainOfOneBlock) {
  const SignedBlock genesis = empty_genesis();
  EXPECT_EQ(refusal(to_bytes(genesis)), "ok");
  const auto chain = folder_.open();
  EXPECT_EQ(chain->tip(), kGenesis);
  EXPECT_EQ(chain->genesis_commitment(), genesis.header.commitment());
  EXPECT_EQ(message_of(bootstrap_node(folder_.data(), folder_.root() / "genesis.dat")),
            folder_.data().string() + " exists but is not empty");
}

TEST_F(BootstrapNode, TakesNothingButASignedFirstBlock) {
  const Bytes whole = to_bytes(empty_genesis());
  const std::string file = (folder_.root() / "genesis.dat").string();
  for (size_t size = 0; size < whole.size(); size += 37) {
    const std::string message =
        refusal(Bytes(whole.begin(), whole.begin() + static_cast<long>(size)));
    EXPECT_TRUE(message.starts_with(file + " is not a signed block: ")) << message;
  }
  SignedBlock unsigned_block = empty_genesis();
  unsigned_block.header.timestamp += 1;
  EXPECT_EQ(refusal(to_bytes(unsigned_block)),
            "the genesis block's signature does not fit its validator key");
  SignedBlock later = empty_genesis();
  later.header.block_num = {1};
  later.signature = validator_secret().sign(later.header.commitment());
  EXPECT_EQ(refusal(to_bytes(later)), "the genesis block has number 1 instead of 0");
  EXPECT_EQ(message_of(bootstrap_node(folder_.data(), folder_.root())),
            "failed to read genesis block file " + folder_.root().string() + ": Is a directory");
}

class Sequencer : public testing::Test {
 protected:
  SequencerOptions options() const {
    SequencerOptions options;
    options.data_directory = folder_.data();
    options.rpc.version = kReleaseVersion;
    options.rpc.listen = {.ip = "127.0.0.1", .port = free_port()};
    options.validator_url = {.host = "127.0.0.1", .port = free_port()};
    options.producer = quick_options();
    return options;
  }
  ChainDirectory folder_;
};

TEST_F(Sequencer, ServesWithoutItsValidatorUntilItIsStopped) {
  folder_.bootstrap(genesis_with_kernel(make_reference_engine(0)->info().kernel_commitment));
  const SequencerOptions chosen = options();
  Result<void> ended;
  std::jthread thread([&](const std::stop_token& stop) { ended = run_sequencer(chosen, stop); });
  const auto channel =
      grpc::CreateChannel(chosen.rpc.listen.to_string(), grpc::InsecureChannelCredentials());
  ASSERT_TRUE(channel->WaitForConnected(std::chrono::system_clock::now() + kPatience));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  ::rpc::RpcStatus status;
  const grpc::Status answer = ::rpc::Api::NewStub(channel)->Status(&context, {}, &status);
  EXPECT_TRUE(answer.ok()) << answer.error_message();
  EXPECT_EQ(status.chain_tip(), 0u);

  const auto stopping = std::chrono::steady_clock::now();
  thread.request_stop();
  thread.join();
  EXPECT_LT(std::chrono::steady_clock::now() - stopping, 10s);
  EXPECT_EQ(message_of(ended), "ok");
  EXPECT_EQ(folder_.open()->tip(), kGenesis);
}

TEST_F(Sequencer, RefusesAChainOfAnotherKernelAndServesNothing) {
  folder_.bootstrap(genesis_with_kernel(word(17)));
  const auto ended = run_sequencer(options(), {});
  EXPECT_EQ(code_of(ended), "KernelMismatch");
  EXPECT_NE(message_of(ended).find(word(17).to_hex()), std::string::npos) << message_of(ended);
}

TEST_F(Sequencer, RefusesWithoutAChainOrAPort) {
  EXPECT_EQ(message_of(run_sequencer(options(), {})),
            folder_.data().string() + " is not a directory");
  folder_.bootstrap(genesis_with_kernel(make_reference_engine(0)->info().kernel_commitment));
  ::validator::Api::Service someone;
  const Served taken(&someone);
  SequencerOptions chosen = options();
  chosen.rpc.listen.port = taken.port();
  EXPECT_EQ(code_of(run_sequencer(chosen, {})), "BindFailed");
  {
    const auto open = folder_.open();
    EXPECT_EQ(code_of(run_sequencer(options(), {})), "StoreLocked");
  }
}

// Accepts or refuses submissions, and keeps what it was sent.
class SubmissionService final : public ::validator::Api::Service {
 public:
  grpc::Status SubmitProvenTransaction(grpc::ServerContext*,
                                       const ::transaction::ProvenTransaction* request,
                                       ::google::protobuf::Empty*) override {
    submitted.push_back(*request);
    return verdict;
  }
  grpc::Status verdict = grpc::Status::OK;
  std::vector<::transaction::ProvenTransaction> submitted;
};

struct AdmissionWorld {
  AdmissionWorld() { world.make_producer(); }
  Answer<BlockNum> submit(const std::shared_ptr<const ProvenTransaction>& transaction,
                          std::optional<std::string> inputs) {
    const Bytes bytes = to_bytes(*transaction);
    return AdmitTransaction(client, *world.producer)
        .submit({.transaction = transaction,
                 .bytes = std::string(bytes.begin(), bytes.end()),
                 .inputs = std::move(inputs)},
                {});
  }
  size_t accepted() const { return world.producer->status().mempool.uncommitted_transactions; }

  SubmissionService service;
  Served served{&service};
  ValidatorClient client{{.url = served.url(), .timeout = 5s}};
  ProducerWorld world;
};

TEST(AdmitTransaction, AsksTheValidatorFirst) {
  AdmissionWorld node;
  const auto transaction = node.world.creating(1);
  const Bytes bytes = to_bytes(*transaction);
  const Answer<BlockNum> answer = node.submit(transaction, "private");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*answer, node.world.chain->tip());
  ASSERT_EQ(node.service.submitted.size(), 1u);
  EXPECT_EQ(node.service.submitted[0].transaction(), std::string(bytes.begin(), bytes.end()));
  EXPECT_EQ(node.service.submitted[0].transaction_inputs(), "private");
  EXPECT_EQ(node.accepted(), 1u);

  ASSERT_TRUE(node.submit(node.world.creating(2), std::nullopt));
  EXPECT_FALSE(node.service.submitted[1].has_transaction_inputs());
}

TEST(AdmitTransaction, PassesTheValidatorsRefusalOnAndAcceptsNothing) {
  AdmissionWorld node;
  node.service.verdict = {grpc::StatusCode::INVALID_ARGUMENT, "Invalid transaction: why"};
  const Answer<BlockNum> answer = node.submit(node.world.creating(1), "private");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, StatusCode::kInvalidArgument);
  EXPECT_EQ(answer.error().message, "Invalid transaction: why");
  EXPECT_EQ(node.accepted(), 0u);
}

TEST(AdmitTransaction, AcceptsNothingWithoutAValidator) {
  AdmissionWorld node;
  ValidatorClient nobody({.url = {.host = "127.0.0.1", .port = free_port()}, .timeout = 5s});
  const auto transaction = node.world.creating(1);
  const Answer<BlockNum> answer =
      AdmitTransaction(nobody, *node.world.producer)
          .submit({.transaction = transaction, .bytes = "bytes", .inputs = std::nullopt}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, StatusCode::kUnavailable);
  EXPECT_EQ(node.accepted(), 0u);
}

// The mempool's refusal comes after the validator has seen the transaction, which harms nobody.
TEST(AdmitTransaction, PassesTheMempoolsRefusalOn) {
  AdmissionWorld node;
  const auto transaction = node.world.made({.account = private_account(4), .initial = 5});
  const Answer<BlockNum> answer = node.submit(transaction, "private");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, StatusCode::kInvalidArgument);
  EXPECT_EQ(node.service.submitted.size(), 1u);
  EXPECT_EQ(node.accepted(), 0u);
}

}  // namespace
}  // namespace miden
