// miden-ntx-builder: finds notes for network accounts and makes the transactions that consume them.
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <future>

#include "base/version.hpp"
#include "command_line.hpp"
#include "net/signals.hpp"
#include "node/genesis_file.hpp"
#include "ntx_builder/ntx_builder_server.hpp"
#include "telemetry/log.hpp"

namespace {

using namespace miden;

// Of what cannot be interrupted when the program is told to stop; the reference's.
constexpr std::chrono::seconds kGrace(10);
constexpr const char* kOurs = "Not in the reference";
// What the VM allows.
constexpr uint32_t kLeastCycles = 1u << 12;
constexpr uint32_t kMostCycles = 1u << 29;

void add_data_directory(CLI::App& command, std::filesystem::path& directory) {
  command.add_option("--data-directory", directory, "The builder's store")
      ->envname("MIDEN_NODE_DATA_DIRECTORY")
      ->required();
}

struct Bootstrap {
  Result<void> run() const {
    if (!network.empty()) {
      return fail("NotBuilt",
                  "downloading a genesis block is not built; fetch the file and use --file");
    }
    const SignedBlock genesis = TRY(read_genesis_file(file));
    TRY(BuilderState::bootstrap(data_directory, genesis));
    log_info("bootstrapped",
             {{"directory", data_directory.string()}, {"genesis", genesis.header.commitment()}});
    return {};
  }

  std::filesystem::path data_directory;
  std::filesystem::path file;
  std::string network;
};

CLI::App* add_bootstrap(CLI::App& program, Bootstrap& bootstrap) {
  CLI::App* command =
      program.add_subcommand("bootstrap", "Make the builder's store from a genesis block");
  add_data_directory(*command, bootstrap.data_directory);
  CLI::Option_group* source = command->add_option_group("source", "One of");
  source->add_option("--file", bootstrap.file, "Signed genesis block (genesis.dat)");
  source
      ->add_option("--network", bootstrap.network,
                   "Download it; not built: fetch the file and use --file")
      ->check(CLI::IsMember({"devnet", "testnet"}));
  source->require_option(1);
  return command;
}

struct Start {
  Result<void> run(StopOnSignal& signals) &&;

  NtxBuilderOptions options;
  BuilderState::Options state;
  std::filesystem::path data_directory;
  uint32_t expiration_delta = 30;
  unsigned ignored_pool_size = 0;
};

CLI::App* add_start(CLI::App& program, Start& start) {
  CLI::App* command = program.add_subcommand(
      "start", "Follow a node, execute, prove and submit network transactions");
  NtxBuilderOptions& options = start.options;
  add_listen(*command, "--listen", options.listen, "Address and port to serve on")
      ->envname("MIDEN_NODE_NTX_BUILDER_LISTEN")
      ->required();
  add_url(*command, "--rpc.url,--store.url", options.node.url,
          "The node to follow and to submit to; a sequencer, or a full node that hands on what "
          "it is sent")
      ->envname("MIDEN_NODE_NTX_BUILDER_RPC_URL")
      ->required();
  command
      ->add_option(
          "--rpc.auth-header-value", options.node.network_tx_auth,
          "The node's --rpc.network-tx-auth-header-value, without which it takes no "
          "network transactions; goes with every call, so use TLS or a network of your own")
      ->envname("MIDEN_NODE_NTX_BUILDER_RPC_AUTH_HEADER_VALUE");
  add_urls(*command, "--tx-prover.url", options.proving.urls,
           "Remote transaction provers, asked one after the other; several (not in the reference): "
           "repeat it, or a list with commas. None (not in the reference): this process proves")
      ->envname("MIDEN_NODE_NTX_BUILDER_NTX_PROVER_URL");
  command
      ->add_option("--script-cache-size", start.state.script_cache_size,
                   "Note scripts to keep, which else are asked of the node")
      ->envname("MIDEN_NODE_NTX_BUILDER_SCRIPT_CACHE_SIZE")
      ->check(positive())
      ->capture_default_str();
  add_duration(*command, "--idle-timeout", options.accounts.turns.idle_timeout,
               "After so long without work an account's memory of failures is dropped; its notes "
               "are never forgotten");
  command
      ->add_option("--max-account-crashes", options.accounts.turns.max_crashes,
                   "Crashes in the work on an account after which it is left alone until the next "
                   "start")
      ->capture_default_str();
  command
      ->add_option("--max-cycles", options.accounts.execution.max_cycles,
                   "Cycles of one network transaction")
      ->envname("MIDEN_NODE_NTX_BUILDER_MAX_CYCLES")
      ->check(CLI::Range(kLeastCycles, kMostCycles))
      ->capture_default_str();
  command
      ->add_option(
          "--tx-expiration-delta", start.expiration_delta,
          "Blocks until which a submitted transaction is waited for, and where the account "
          "allows it, after which it expires on chain")
      ->envname("MIDEN_NODE_NTX_BUILDER_TX_EXPIRATION_DELTA")
      ->check(CLI::Range(1u, 65535u))
      ->capture_default_str();
  command
      ->add_option("--sqlite.connection_pool_size", start.ignored_pool_size,
                   "Accepted for compatibility and ignored: there is no SQL database")
      ->envname("MIDEN_NODE_NTX_BUILDER_SQLITE_CONNECTION_POOL_SIZE")
      ->check(positive());
  add_data_directory(*command, start.data_directory);

  add_duration(*command, "--tx-prover.timeout", options.proving.timeout,
               "Limit for one answer of a remote prover")
      ->envname("MIDEN_NODE_NTX_BUILDER_NTX_PROVER_TIMEOUT")
      ->group(kOurs);
  command
      ->add_option("--max-concurrent-txs", options.accounts.workers,
                   "Network transactions worked on at once, of different accounts")
      ->envname("MIDEN_NODE_NTX_BUILDER_MAX_CONCURRENT_TXS")
      ->check(positive(256))
      ->capture_default_str()
      ->group(kOurs);
  return command;
}

Result<void> check_auth_value(const std::optional<std::string>& value) {
  const bool is_legal =
      !value || std::ranges::all_of(*value, [](char c) { return c >= ' ' && c <= '~'; });
  if (is_legal) return {};
  return fail("AuthHeader", "invalid --rpc.auth-header-value: only visible ASCII is allowed");
}

Result<void> Start::run(StopOnSignal& signals) && {
  TRY(check_auth_value(options.node.network_tx_auth));
  options.accounts.expiration_delta = static_cast<uint16_t>(expiration_delta);

  auto opened = TRY(BuilderState::open(data_directory, state));
  const BuilderState::Counts counts = opened->counts();
  std::mutex mutex;
  std::string failure;
  const auto on_fatal = [&](std::string cause) {
    const std::scoped_lock lock(mutex);
    if (failure.empty()) failure = std::move(cause);
    signals.request_stop();
  };
  auto builder =
      TRY(NtxBuilder::start(std::move(opened), make_reference_engine(0), options, on_fatal));
  log_info("ntx-builder is serving",
           {{"address", builder->address()},
            {"node", options.node.url.to_string()},
            {"proves", options.proving.urls.empty() ? "here" : "remotely"},
            {"tip", builder->state().tip()->header.block_num},
            {"network_accounts", counts.network_accounts},
            {"pending_notes", counts.pending_notes},
            {"inflight_transactions", counts.inflight_transactions}});
  signals.wait();
  log_info("stopping", {{"tip", builder->state().tip()->header.block_num}});
  auto stopped = std::async(std::launch::async, [&] { builder->stop(); });
  if (stopped.wait_for(kGrace) == std::future_status::timeout) {
    log_warn("work is given up: it does not end within the time to stop",
             {{"grace", to_text(kGrace)}});
    // Neither an execution nor a proof can be interrupted. What matters is in the store already.
    std::_Exit(failure.empty() ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  const std::scoped_lock lock(mutex);
  if (!failure.empty()) return fail("Fatal", failure);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  StopOnSignal signals;
  CLI::App app(
      "Miden network transaction builder: finds notes for network accounts and makes the "
      "transactions that consume them",
      "miden-ntx-builder");
  app.set_version_flag("-V,--version", fmt::format("miden-ntx-builder {}", kReleaseVersion));
  app.require_subcommand(1);

  Bootstrap bootstrap;
  CLI::App* bootstrap_command = add_bootstrap(app, bootstrap);
  Start start;
  add_start(app, start);
  std::filesystem::path migrated_directory;
  CLI::App* migrate_command =
      app.add_subcommand("migrate", "Bring the store to this version's format");
  add_data_directory(*migrate_command, migrated_directory);

  return run_command_line(app, argc, argv, [&]() -> Result<void> {
    if (bootstrap_command->parsed()) return bootstrap.run();
    if (migrate_command->parsed()) {
      TRY(BuilderState::migrate(migrated_directory));
      log_info("the store has this version's format", {{"directory", migrated_directory.string()}});
      return {};
    }
    return std::move(start).run(signals);
  });
}
