// simulated_upstream: serves a random chain of ours, which full nodes of either kind can follow. It
// is richer than what a client makes in minutes: hundreds of notes with and without attachments,
// erased notes, accounts that change in most blocks, maps and vaults that lose entries.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>

#include "base/version.hpp"
#include "chain/test_support/simulated_chain.hpp"
#include "net/convert_note.hpp"
#include "net/signals.hpp"
#include "rpc.pb.h"
#include "rpc/rpc_server.hpp"

namespace miden {
namespace {

struct Options {
  std::string listen;
  std::filesystem::path data;
  std::filesystem::path genesis;
  uint32_t blocks = 120;
  uint32_t unproven = 5;
  uint64_t seed = 20251125;
};

template <class T>
T expect(Result<T>&& result, std::string_view doing) {
  if (!result) throw std::runtime_error(fmt::format("{}: {}", doing, result.error().message));
  return take_value(std::move(result));
}

class NoProducer final : public ProducerReporter {
 public:
  ProducerReport producer_report() const override { return {"1.2.3", "simulated", {7}, 4, 5, 6}; }
};

// What full nodes hand on has to arrive as it was said here.
class RefuseAll final : public TransactionSubmitter {
 public:
  Answer<BlockNum> submit(CheckedTransaction, const CallerHeaders&) override { return refused(); }
  Answer<BlockNum> submit_batch(CheckedBatch, const CallerHeaders&) override { return refused(); }

 private:
  static std::unexpected<Status> refused() {
    return refuse(StatusCode::kInvalidArgument, "a simulated chain admits nothing\ncaused by: 100%",
                  "\x02");
  }
};

class NoteStatuses final : public NetworkNoteSource {
 public:
  Answer<::rpc::GetNetworkNoteStatusResponse> network_note_status(
      const ::note::NoteId& request, const CallerHeaders& caller) override {
    ::rpc::GetNetworkNoteStatusResponse response;
    const uint64_t kind = request.id().d0();
    if (kind == 0) return refuse(StatusCode::kNotFound, "no such note");
    if (kind == 1) return refuse(StatusCode::kInternal, "a \"quoted\" text,\nin two lines", "\x07");
    response.set_status(static_cast<::rpc::NetworkNoteStatus>(kind % 5));
    response.set_last_error(caller.accept.value_or("no accept header"));
    response.set_attempt_count(static_cast<uint32_t>(kind));
    return response;
  }
};

void run(const Options& options, const StopOnSignal& signals) {
  SimulatedChain model(options.seed, {.new_private = 20, .new_public = 20}, false,
                       make_reference_engine(0)->info().kernel_commitment);
  expect(ChainState::bootstrap(options.data, model.blocks.front()), "bootstrapping");
  std::ofstream genesis(options.genesis, std::ios::binary);
  genesis << as_string_view(to_bytes(model.blocks.front()));
  if (!genesis.flush()) throw std::runtime_error("cannot write " + options.genesis.string());

  ChainOptions chain_options;
  chain_options.store.durability = StoreOptions::Durability::kRelaxed;
  const auto chain = expect(ChainState::open(options.data, chain_options), "opening");
  for (uint32_t number = 1; number < options.blocks; ++number) {
    // Now and then nothing happens, or much.
    BlockShape shape;
    if (number % 11 == 0) shape = {0, 0, 0, 0, 0, 0, 0, 0, 0};
    if (number % 17 == 0) shape.notes_per_batch = 40;
    expect(chain->apply_block(model.next(shape)), "applying a block");
    if (number + options.unproven < options.blocks) {
      expect(chain->apply_proof({number}, {}), "applying a proof");
    }
  }

  TransactionVerifier verifier{std::shared_ptr<const Engine>(make_reference_engine(0))};
  RefuseAll submitter;
  NoProducer producer;
  NoteStatuses notes;
  RpcOptions rpc;
  rpc.listen = expect(SocketAddress::parse(options.listen), "reading --listen");
  rpc.version = std::string(kReleaseVersion);
  rpc.rate_limit = {.burst = 1'000'000, .period = std::chrono::nanoseconds(1000)};
  const auto server = expect(
      RpcServer::start(rpc, {chain.get(), &verifier, &submitter, &producer, &notes}), "serving");
  signals.wait();
  server->shutdown(std::chrono::seconds(1));
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  miden::StopOnSignal signals;
  miden::Options options;
  CLI::App app("Serves a random chain", "simulated_upstream");
  app.add_option("--listen", options.listen, "Address to serve on")->required();
  app.add_option("--data", options.data, "New data directory")->required();
  app.add_option("--genesis", options.genesis, "Receives the genesis block")->required();
  app.add_option("--blocks", options.blocks, "Length of the chain")->capture_default_str();
  app.add_option("--unproven", options.unproven, "Blocks at the end without a proof")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the chain")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    miden::run(options, signals);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "Error: " << error.what() << '\n';
    return 1;
  }
}
