#include "node/sequencer.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <fstream>
#include <thread>

#include "base/version.hpp"
#include "internal/validator.grpc.pb.h"
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

}  // namespace
}  // namespace miden
