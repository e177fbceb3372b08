// Full nodes over sockets: behind a stand-in, behind our own server, behind one another.
#include "node/full_node.hpp"

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include "base/version.hpp"
#include "grpc/health/v1/health.grpc.pb.h"
#include "node/forward_upstream.hpp"
#include "sync/test_support/follower_world.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using ::grpc::health::v1::HealthCheckResponse;

uint16_t free_port() {
  ::rpc::Api::Service none;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&none);
  builder.BuildAndStart()->Shutdown();
  return static_cast<uint16_t>(port);
}

template <class Condition>
testing::AssertionResult await(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return testing::AssertionFailure() << "not within patience";
    }
    std::this_thread::sleep_for(5ms);
  }
  return testing::AssertionSuccess();
}

// A full node on a thread, and a client of it.
class RunningNode {
 public:
  explicit RunningNode(const std::vector<ServiceUrl>& sources, const SimulatedChain& model) {
    directory_.bootstrap(model.blocks.front());
    options.data_directory = directory_.data();
    options.store.durability = StoreOptions::Durability::kRelaxed;
    options.rpc.version = kReleaseVersion;
    options.rpc.listen = {.ip = "127.0.0.1", .port = free_port()};
    options.rpc.rate_limit.burst = 1'000'000;
    options.sync = quick_follower(sources);
    start();
  }
  ~RunningNode() { stop(); }

  void start() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      const auto ended = run_full_node(options, stop);
      EXPECT_TRUE(ended) << ended.error().message;
    });
    channel_ =
        grpc::CreateChannel(options.rpc.listen.to_string(), grpc::InsecureChannelCredentials());
    EXPECT_TRUE(channel_->WaitForConnected(std::chrono::system_clock::now() + kPatience));
  }
  void stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
  }
  ServiceUrl url() const { return {.host = "127.0.0.1", .port = options.rpc.listen.port}; }

  ::rpc::RpcStatus status() const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    ::rpc::RpcStatus status;
    EXPECT_TRUE(::rpc::Api::NewStub(channel_)->Status(&context, {}, &status).ok());
    return status;
  }
  uint32_t tip() const { return status().chain_tip(); }
  HealthCheckResponse::ServingStatus health(const std::string& service) const {
    grpc::ClientContext context;
    ::grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    EXPECT_TRUE(
        ::grpc::health::v1::Health::NewStub(channel_)->Check(&context, request, &response).ok());
    return response.status();
  }
  bool is_ready() const { return health("rpc.Api") == HealthCheckResponse::SERVING; }
  std::string block(uint32_t n) const {
    grpc::ClientContext context;
    ::blockchain::BlockRequest request;
    request.set_block_num(n);
    ::blockchain::MaybeBlock response;
    EXPECT_TRUE(::rpc::Api::NewStub(channel_)->GetBlockByNumber(&context, request, &response).ok());
    return response.block();
  }

  FullNodeOptions options;

 private:
  ChainDirectory directory_;
  std::shared_ptr<grpc::Channel> channel_;
  std::jthread thread_;
};

std::string bytes_of(const SignedBlock& block) {
  const Bytes bytes = to_bytes(block);
  return {bytes.begin(), bytes.end()};
}

TEST(FullNode, IsReadyNearTheTipAndNotBeforeOrWhenItsSourceIsSilent) {
  CapturedLog log;
  StandInSource source(long_chain(), 100);
  source.set_mood({.silent_after = 50});
  RunningNode node({source.url()}, long_chain());
  node.stop();
  node.options.sync.blocks.stall_timeout = 1h;
  node.options.sync.polling.silence = 1s;
  node.start();
  ASSERT_TRUE(await([&] { return node.tip() == 50; }));
  EXPECT_EQ(node.health(""), HealthCheckResponse::SERVING);
  EXPECT_FALSE(node.is_ready());
  EXPECT_EQ(node.status().block_producer().status(), "connected");

  // Ten blocks behind is near enough, eleven is not.
  source.set_mood({.silent_after = 89});
  ASSERT_TRUE(await([&] { return node.tip() == 89; }));
  std::this_thread::sleep_for(700ms);
  EXPECT_FALSE(node.is_ready());
  source.set_mood({.silent_after = 90});
  ASSERT_TRUE(await([&] { return node.is_ready(); }));

  // No new block is needed to learn that the source is far ahead, or away.
  source.set_tip(150);
  ASSERT_TRUE(await([&] { return !node.is_ready(); }));
  source.set_mood({});
  ASSERT_TRUE(await([&] { return node.is_ready(); }));
  EXPECT_EQ(node.tip(), 150u);
  source.stop();
  ASSERT_TRUE(await([&] { return !node.is_ready(); }));
  EXPECT_EQ(node.status().block_producer().status(), "unreachable");
  EXPECT_EQ(node.block(150), bytes_of(long_chain().blocks[150]));
  // At the tip already, and no block comes.
  source.start();
  ASSERT_TRUE(await([&] { return node.is_ready(); }));
  EXPECT_EQ(log.count(" ready "), 3u) << log.text();
}

// Of our own kind: a server over a chain, followed by a node, which is followed by another.
TEST(FullNode, FollowsOurServerAndFeedsFurtherNodes) {
  const SimulatedChain& model = long_chain();
  const ChainDirectory directory;
  directory.bootstrap(model.blocks.front());
  const auto chain = directory.open();
  for (uint32_t n = 1; n <= 80; ++n) apply(*chain, model.blocks[n]);

  // Nothing is submitted here.
  BlockSources nobody({ServiceUrl{.host = "127.0.0.1", .port = free_port()}},
                      chain->genesis_commitment(), {});
  ForwardUpstream nowhere(nobody, 1s);
  const UpstreamReport report(nobody);
  const std::shared_ptr<const Engine> engine = make_reference_engine(0);
  TransactionVerifier verifier(engine);
  RpcOptions options;
  options.version = kReleaseVersion;
  options.listen = {.ip = "127.0.0.1", .port = free_port()};
  options.rate_limit.burst = 1'000'000;
  const auto server =
      RpcServer::start(
          options,
          {.chain = chain.get(), .verifier = &verifier, .submitter = &nowhere, .producer = &report})
          .value();

  RunningNode first({{.host = "127.0.0.1", .port = server->port()}}, model);
  RunningNode second({first.url()}, model);
  ASSERT_TRUE(await([&] { return second.tip() == 80; }));
  for (uint32_t n = 81; n <= 400; ++n) {
    apply(*chain, model.blocks[n]);
    if (n == 150) {
      first.stop();
      first.start();
    }
    if (n % 2 == 0) {
      ASSERT_TRUE(chain->apply_proof(chain->proven_tip().next(), {}));
    }
  }
  ASSERT_TRUE(await([&] { return second.tip() == 400 && first.is_ready() && second.is_ready(); }));
  for (const uint32_t n : {0u, 1u, 60u, 149u, 150u, 151u, 400u}) {
    EXPECT_EQ(first.block(n), bytes_of(model.blocks[n])) << n;
    EXPECT_EQ(second.block(n), bytes_of(model.blocks[n])) << n;
  }
  const auto proven_tip = [](RunningNode& node) {
    node.stop();
    return ChainState::open(node.options.data_directory).value()->proven_tip();
  };
  std::this_thread::sleep_for(500ms);
  EXPECT_EQ(proven_tip(second), chain->proven_tip());
  EXPECT_EQ(proven_tip(first), chain->proven_tip());
}

TEST(FullNode, EndsWithinSecondsAlthoughASubscriberIsConnected) {
  StandInSource source(long_chain(), 20);
  RunningNode first({source.url()}, long_chain());
  RunningNode second({first.url()}, long_chain());
  ASSERT_TRUE(await([&] { return second.tip() == 20; }));
  const auto stopping = std::chrono::steady_clock::now();
  first.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - stopping, 5s);
}

TEST(FullNode, RefusesWithoutAChainOrAPort) {
  const ChainDirectory directory;
  FullNodeOptions options;
  options.data_directory = directory.data();
  options.rpc.version = kReleaseVersion;
  options.rpc.listen = {.ip = "127.0.0.1", .port = free_port()};
  options.sync = quick_follower({{.host = "127.0.0.1", .port = free_port()}});
  EXPECT_EQ(code_of(run_full_node(options, {})), "DataDirectoryMissing");
  directory.bootstrap(long_chain().blocks.front());
  StandInSource someone(long_chain(), 0);
  options.rpc.listen.port = someone.url().port;
  EXPECT_EQ(code_of(run_full_node(options, {})), "BindFailed");
  const auto open = directory.open();
  options.rpc.listen.port = free_port();
  EXPECT_EQ(code_of(run_full_node(options, {})), "StoreLocked");
}

}  // namespace
}  // namespace miden
