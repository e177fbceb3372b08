// miden-node: make a node's store, or run the sequencer over it.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/version.hpp"
#include "command_line.hpp"
#include "net/signals.hpp"
#include "node/sequencer.hpp"

namespace {

using namespace miden;

constexpr const char* kRpcGroup = "RPC configuration";
constexpr const char* kRateGroup = "RPC rate limiting";
constexpr const char* kStoreGroup = "Store configuration";
constexpr const char* kProductionGroup = "Block production";

void add_data_directory(CLI::App& command, std::filesystem::path& directory) {
  command.add_option("--data-directory", directory, "The node's store")
      ->envname("MIDEN_NODE_DATA_DIRECTORY")
      ->required();
}

// The reference keeps three RocksDBs and an SQL database. Here is one database: of each kind of
// value the largest given counts, of the durability modes the last.
struct StoreSettings {
  StoreOptions store;
  unsigned ignored_pool_size = 0;
};

void add_store_options(CLI::App& command, StoreSettings& settings) {
  command
      .add_option("--store.sqlite.connection-pool-size", settings.ignored_pool_size,
                  "Accepted for compatibility and ignored: there is no SQL database")
      ->envname("MIDEN_NODE_STORE_SQLITE_CONNECTION_POOL_SIZE")
      ->check(positive())
      ->group(kStoreGroup);
  for (const std::string tree : {"account-tree", "nullifier-tree", "account-state-forest"}) {
    std::string environment = "MIDEN_NODE_STORE_" + tree + "_ROCKSDB_";
    std::ranges::transform(environment, environment.begin(), [](char c) {
      return c == '-' ? '_' : static_cast<char>(std::toupper(c));
    });
    const std::string prefix = "--store." + tree + ".rocksdb.";
    command
        .add_option_function<int>(
            prefix + "max-open-fds",
            [&settings](int count) {
              settings.store.max_open_files = std::max(settings.store.max_open_files, count);
            },
            "Open files; the largest of the three counts")
        ->envname(environment + "MAX_OPEN_FDS")
        ->group(kStoreGroup);
    command
        .add_option_function<size_t>(
            prefix + "cache-size",
            [&settings](size_t bytes) {
              settings.store.cache_bytes = std::max(settings.store.cache_bytes, bytes);
            },
            "Bytes of block cache; the largest of the three counts")
        ->envname(environment + "CACHE_SIZE")
        ->check(positive())
        ->group(kStoreGroup);
    command
        .add_option_function<std::string>(
            prefix + "durability-mode",
            [&settings](const std::string& mode) {
              settings.store.durability = mode == "relaxed" ? StoreOptions::Durability::kRelaxed
                                                            : StoreOptions::Durability::kSync;
            },
            "sync (default): blocks survive a power failure; relaxed: only the end of the process")
        ->envname(environment + "DURABILITY_MODE")
        ->check(CLI::IsMember({"relaxed", "sync"}))
        ->group(kStoreGroup);
  }
}

void add_rpc_options(CLI::App& command, RpcOptions& rpc, uint64_t& replenish_per_second) {
  add_listen(command, "--rpc.listen", rpc.listen, "Address and port of the public API")
      ->envname("MIDEN_NODE_RPC_LISTEN")
      ->required()
      ->group(kRpcGroup);
  command
      .add_option("--rpc.network-tx-auth-header-value", rpc.network_tx_auth,
                  "Secret that lets its bearer submit transactions of network accounts (metadata "
                  "x-miden-network-tx-auth); none: nobody may")
      ->envname("MIDEN_NODE_RPC_NETWORK_TX_AUTH_HEADER_VALUE")
      ->group(kRpcGroup);
  add_duration(command, "--rpc.grpc.timeout", rpc.request_timeout,
               "Limit for answering one request")
      ->envname("MIDEN_NODE_RPC_GRPC_TIMEOUT")
      ->group(kRpcGroup);
  add_duration(command, "--rpc.grpc.max-connection-age", rpc.max_connection_age,
               "After this age a connection is asked to close")
      ->envname("MIDEN_NODE_RPC_GRPC_MAX_CONNECTION_AGE")
      ->group(kRpcGroup);
  command
      .add_option("--rpc.rate-limit.burst-size", rpc.rate_limit.burst,
                  "Requests that one address may make at once")
      ->envname("MIDEN_NODE_RPC_RATE_LIMIT_BURST_SIZE")
      ->check(positive())
      ->capture_default_str()
      ->group(kRateGroup);
  command
      .add_option("--rpc.rate-limit.replenish-per-second", replenish_per_second,
                  "Requests that one address may make each second in the long run")
      ->envname("MIDEN_NODE_RPC_RATE_LIMIT_REPLENISH_PER_SECOND")
      ->check(positive(1'000'000'000))
      ->capture_default_str()
      ->group(kRateGroup);
  command
      .add_option("--rpc.rate-limit.max-concurrent-connections", rpc.max_waiting_submissions,
                  "Submissions in progress at once")
      ->envname("MIDEN_NODE_RPC_RATE_LIMIT_MAX_CONCURRENT_CONNECTIONS")
      ->check(positive())
      ->capture_default_str()
      ->group(kRateGroup);
}

// Each is a thread.
constexpr uint64_t kMostWorkers = 1024;

void add_count(CLI::App& command, const std::string& name, size_t& target, const std::string& help,
               const std::string& environment,
               uint64_t most = std::numeric_limits<uint64_t>::max()) {
  command.add_option(name, target, help)
      ->envname(environment)
      ->check(positive(most))
      ->capture_default_str()
      ->group(kProductionGroup);
}

void add_production_options(CLI::App& command, SequencerOptions& options,
                            std::optional<ServiceUrl>& ntx_builder,
                            std::optional<SocketAddress>& internal_listen) {
  add_url(command, "--validator.url", options.validator_url, "The validator")
      ->envname("MIDEN_NODE_VALIDATOR_URL")
      ->required()
      ->group(kProductionGroup);
  add_duration(command, "--validator.timeout", options.validator_timeout,
               "Limit for one call to the validator")
      ->envname("MIDEN_NODE_VALIDATOR_TIMEOUT")
      ->group(kProductionGroup);
  add_url(command, "--ntx-builder.url", ntx_builder,
          "The network transaction builder; not called yet (GetNetworkNoteStatus is not built)")
      ->envname("MIDEN_NODE_NTX_BUILDER_URL")
      ->required()
      ->group(kProductionGroup);
  add_duration(command, "--batch.interval", options.producer.batch_interval,
               "Longest pause between batches")
      ->envname("MIDEN_NODE_BATCH_INTERVAL")
      ->group(kProductionGroup);
  MempoolOptions& mempool = options.producer.mempool;
  add_count(command, "--batch.max-txs", mempool.max_transactions_per_batch,
            "Transactions in a batch", "MIDEN_NODE_BATCH_MAX_TXS");
  add_count(command, "--batch.workers", options.producer.batch_workers, "Batches proven at once",
            "MIDEN_NODE_BATCH_WORKERS", kMostWorkers);
  add_url(command, "--batch-prover.url", options.batch_prover_url,
          "Remote batch prover; none: proven here")
      ->envname("MIDEN_NODE_BATCH_PROVER_URL")
      ->group(kProductionGroup);
  add_duration(command, "--block.interval", options.producer.block_interval, "Time between blocks")
      ->envname("MIDEN_NODE_BLOCK_INTERVAL")
      ->group(kProductionGroup);
  add_count(command, "--block.max-batches", mempool.max_batches_per_block, "Batches in a block",
            "MIDEN_NODE_BLOCK_MAX_BATCHES");
  add_count(command, "--block.max-concurrent-proofs", options.producer.max_concurrent_proofs,
            "Blocks proven at once", "MIDEN_NODE_BLOCK_MAX_CONCURRENT_PROOFS", kMostWorkers);
  add_url(command, "--block-prover.url", options.block_prover_url,
          "Remote block prover; none: proven here")
      ->envname("MIDEN_NODE_BLOCK_PROVER_URL")
      ->group(kProductionGroup);
  add_count(command, "--mempool.tx-capacity", mempool.transaction_capacity,
            "Transactions accepted and not committed", "MIDEN_NODE_MEMPOOL_TX_CAPACITY");
  add_listen(command, "--internal.listen", internal_listen,
             "Address of the private sequencer.Api; not built: says so and ends")
      ->envname("MIDEN_NODE_SEQUENCER_INTERNAL_LISTEN")
      ->group(kProductionGroup);
}

Result<void> check_limits(const SequencerOptions& options) {
  const MempoolOptions& mempool = options.producer.mempool;
  if (mempool.max_transactions_per_batch > kMaxAccountsPerBatch) {
    return fail("BatchLimit", fmt::format("batch.max-txs cannot exceed protocol limit of {}",
                                          kMaxAccountsPerBatch));
  }
  if (mempool.max_batches_per_block > kMaxBatchesPerBlock) {
    return fail("BlockLimit", fmt::format("block.max-batches cannot exceed protocol limit of {}",
                                          kMaxBatchesPerBlock));
  }
  const auto& secret = options.rpc.network_tx_auth;
  if (secret && !std::ranges::all_of(*secret, [](char c) { return c >= ' ' && c <= '~'; })) {
    return fail("AuthHeader",
                "invalid rpc.network-tx-auth-header-value: only visible ASCII is allowed");
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  StopOnSignal signals;
  CLI::App app("Miden node", "miden-node");
  app.set_version_flag("-V,--version", fmt::format("miden-node {}", kReleaseVersion));
  app.require_subcommand(1);

  std::filesystem::path data_directory;
  std::filesystem::path genesis_file;
  std::string network;
  CLI::App* bootstrap_command =
      app.add_subcommand("bootstrap", "Make a node's store from a genesis block");
  add_data_directory(*bootstrap_command, data_directory);
  CLI::Option_group* source = bootstrap_command->add_option_group("source", "One of");
  source->add_option("--file", genesis_file, "Signed genesis block (genesis.dat)");
  source->add_option("--network", network, "Download it; not built: fetch the file and use --file")
      ->check(CLI::IsMember({"devnet", "testnet"}));
  source->require_option(1);

  SequencerOptions options;
  options.rpc.version = kReleaseVersion;
  StoreSettings store;
  uint64_t replenish_per_second = 16;
  std::optional<ServiceUrl> ntx_builder;
  std::optional<SocketAddress> internal_listen;
  CLI::App* sequencer_command =
      app.add_subcommand("sequencer", "Take transactions, make blocks, serve the public API");
  add_data_directory(*sequencer_command, data_directory);
  add_rpc_options(*sequencer_command, options.rpc, replenish_per_second);
  add_store_options(*sequencer_command, store);
  add_production_options(*sequencer_command, options, ntx_builder, internal_listen);

  return run_command_line(app, argc, argv, [&]() -> Result<void> {
    if (bootstrap_command->parsed()) {
      if (!network.empty()) {
        return fail("NotBuilt",
                    "downloading a genesis block is not built; fetch the file and use --file");
      }
      return bootstrap_node(data_directory, genesis_file);
    }
    if (internal_listen) {
      return fail("NotBuilt",
                  "the private sequencer.Api is not built; leave --internal.listen out");
    }
    TRY(check_limits(options));
    options.data_directory = data_directory;
    options.store = store.store;
    options.rpc.rate_limit.period =
        std::chrono::nanoseconds(1'000'000'000 / static_cast<int64_t>(replenish_per_second));
    return run_sequencer(options, signals.token());
  });
}
