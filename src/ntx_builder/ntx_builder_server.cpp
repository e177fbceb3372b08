#include "ntx_builder/ntx_builder_server.hpp"

#include <fmt/format.h>

#include "internal/ntx_builder.grpc.pb.h"
#include "net/health.hpp"
#include "net/reflection.hpp"
#include "net/serve_unary.hpp"
#include "ntx_builder/note_status.hpp"

namespace miden {
namespace {

constexpr const char* kService = "ntx_builder.Api";
constexpr std::chrono::seconds kCallGrace(3);

class NoteStatusApi final : public ::ntx_builder::Api::CallbackService {
 public:
  explicit NoteStatusApi(const BuilderState& state) : state_(state) {}

  grpc::ServerUnaryReactor* GetNetworkNoteStatus(
      grpc::CallbackServerContext* context, const ::note::NoteId* request,
      ::rpc::GetNetworkNoteStatusResponse* response) override {
    return serve_unary("GetNetworkNoteStatus", context, request, response,
                       [&] { return network_note_status(state_, *request); });
  }

 private:
  const BuilderState& state_;
};

}  // namespace

Result<AssembledScript> make_expiration_script(const Engine& engine, uint16_t delta) {
  return engine.assemble_transaction_script(
      fmt::format("begin\n"
                  "    push.{} exec.::miden::protocol::tx::update_expiration_block_delta\n"
                  "end",
                  delta),
      {});
}

// In the order of their need.
struct NtxBuilder::Parts {
  Parts(std::unique_ptr<BuilderState> opened, std::shared_ptr<const Engine> given_engine,
        const NtxBuilderOptions& options, std::function<void(std::string)> on_fatal)
      : state(std::move(opened)),
        engine(std::move(given_engine)),
        node(options.node),
        prover(make_network_transaction_prover(options.proving, engine)),
        runner({.state = *state,
                .node = node,
                .engine = *engine,
                .prover = *prover,
                .is_in_sync = [this] { return is_in_sync(); },
                .on_fatal = on_fatal},
               options.accounts),
        follower(*state, node.source(), options.follower,
                 {.on_change = [this] { runner.wake(); }, .on_fatal = on_fatal}),
        api(*state) {
    health.set_serving(kService, true);
  }
  bool is_in_sync() const { return follower.is_in_sync(); }

  std::unique_ptr<BuilderState> state;
  std::shared_ptr<const Engine> engine;
  NodeClient node;
  std::unique_ptr<NetworkTransactionProver> prover;
  AccountRunner runner;
  ChainFollower follower;
  OpenGate gate;
  NoteStatusApi api;
  HealthService health{gate};
  ReflectionService reflection{{kService, "grpc.health.v1.Health"}, gate};
  std::unique_ptr<GrpcServer> server;
};

NtxBuilder::NtxBuilder(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

NtxBuilder::~NtxBuilder() { stop(); }

Result<std::unique_ptr<NtxBuilder>> NtxBuilder::start(std::unique_ptr<BuilderState> state,
                                                      std::shared_ptr<const Engine> engine,
                                                      NtxBuilderOptions options,
                                                      std::function<void(std::string)> on_fatal) {
  options.node.genesis_commitment = state->genesis_commitment();
  options.accounts.execution.expiration_script =
      TRY(make_expiration_script(*engine, options.accounts.expiration_delta));
  auto parts =
      std::make_unique<Parts>(std::move(state), std::move(engine), options, std::move(on_fatal));
  ServerOptions server_options;
  server_options.listen = options.listen;
  parts->server = TRY(GrpcServer::start(
      server_options, {&parts->api, parts->health.service(), parts->reflection.service(),
                       parts->reflection.v1alpha_service()}));
  parts->runner.start();
  parts->follower.start();
  return std::unique_ptr<NtxBuilder>(new NtxBuilder(std::move(parts)));
}

std::string NtxBuilder::address() const { return parts_->server->address(); }
uint16_t NtxBuilder::port() const { return parts_->server->port(); }
BuilderState& NtxBuilder::state() { return *parts_->state; }
bool NtxBuilder::is_in_sync() const { return parts_->is_in_sync(); }

void NtxBuilder::stop() {
  parts_->health.set_serving(kService, false);
  parts_->health.close();
  parts_->follower.stop();
  parts_->runner.stop();
  parts_->server->shutdown(kCallGrace);
}

}  // namespace miden
