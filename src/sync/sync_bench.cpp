// Catching up over a socket, from a source that sends as fast as it can; everything is synced to
// disk.
#include <benchmark/benchmark.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "chain/test_support/simulated_chain.hpp"
#include "net/convert_primitives.hpp"
#include "rpc.grpc.pb.h"
#include "sync/chain_follower.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

constexpr BlockShape kEmpty{0, 0, 0, 0, 0, 0, 0, 0, 0};

class FastSource final : public ::rpc::Api::Service {
 public:
  explicit FastSource(const SimulatedChain& model) : genesis(model.blocks.front()) {
    for (const SignedBlock& block : model.blocks) {
      const Bytes bytes = to_bytes(block);
      blocks_.emplace_back(bytes.begin(), bytes.end());
    }
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.SetMaxSendMessageSize(-1);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    url = *ServiceUrl::parse("http://127.0.0.1:" + std::to_string(port));
  }
  ~FastSource() override { server_->Shutdown(std::chrono::system_clock::now()); }

  uint32_t tip() const { return static_cast<uint32_t>(blocks_.size() - 1); }

  grpc::Status Status(grpc::ServerContext*, const google::protobuf::Empty*,
                      ::rpc::RpcStatus* response) override {
    *response->mutable_genesis_commitment() = to_message(genesis.header.commitment());
    response->set_chain_tip(tip());
    return grpc::Status::OK;
  }
  grpc::Status BlockSubscription(
      grpc::ServerContext* context, const ::rpc::BlockSubscriptionRequest* request,
      grpc::ServerWriter<::rpc::BlockSubscriptionResponse>* writer) override {
    ::rpc::BlockSubscriptionResponse response;
    response.set_committed_chain_tip(tip());
    for (uint32_t n = request->block_from(); n <= tip(); ++n) {
      response.set_block(blocks_[n]);
      if (!writer->Write(response)) break;
    }
    while (!context->IsCancelled()) usleep(1000);
    return grpc::Status::OK;
  }

  const SignedBlock genesis;
  ServiceUrl url;

 private:
  std::vector<std::string> blocks_;
  std::unique_ptr<grpc::Server> server_;
};

// Seconds from the first poll to the last commit.
double seconds_to_catch_up(const FastSource& source) {
  std::string path = std::filesystem::temp_directory_path() / "sync_bench_XXXXXX";
  if (mkdtemp(path.data()) == nullptr) std::abort();
  const std::filesystem::path root = path;
  ChainState::bootstrap(root / "data", source.genesis).value();
  double seconds = 0;
  {
    const auto chain = ChainState::open(root / "data").value();
    ChainFollower::Options options;
    options.sources = {source.url};
    ChainFollower follower(*chain, options);
    const auto start = std::chrono::steady_clock::now();
    follower.start();
    if (!chain->wait_for_tip({source.tip()}, start + std::chrono::minutes(5))) std::abort();
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::filesystem::remove_all(root);
  return seconds;
}

void catch_up(benchmark::State& state, const SimulatedChain& model) {
  configure_log({.level = LogLevel::kError});
  const FastSource source(model);
  double seconds = 0;
  for (auto _ : state) {
    const double once = seconds_to_catch_up(source);
    state.SetIterationTime(once);
    seconds += once;
  }
  const double runs = static_cast<double>(state.iterations());
  state.counters["blocks_per_s"] = runs * source.tip() / seconds;
  state.counters["transactions_per_s"] =
      runs * static_cast<double>(model.transactions.size()) / seconds;
}

void empty_blocks(benchmark::State& state) {
  SimulatedChain model(1, {.new_private = 100, .new_public = 10}, false);
  for (int i = 0; i < 10'000; ++i) model.append({});
  catch_up(state, model);
}
BENCHMARK(empty_blocks)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);

// 256 account updates, notes and nullifiers in each.
void full_blocks(benchmark::State& state) {
  SimulatedChain model(2, {.new_private = 5'000, .new_public = 500}, false);
  for (int i = 0; i < 60; ++i) model.next(kFullBlock);
  catch_up(state, model);
}
BENCHMARK(full_blocks)->UseManualTime()->Iterations(2)->Unit(benchmark::kMillisecond);

// One transaction in each, as on a quiet network.
void small_blocks(benchmark::State& state) {
  SimulatedChain model(3, {.new_private = 100, .new_public = 100}, false);
  BlockShape one = kEmpty;
  one.public_updates = 1;
  one.batches = 1;
  one.notes_per_batch = 1;
  one.map_entries = 2;
  for (int i = 0; i < 2'000; ++i) model.next(one);
  catch_up(state, model);
}
BENCHMARK(small_blocks)->UseManualTime()->Iterations(2)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace miden
