#include "miden_node/node_options.hpp"

#include <algorithm>
#include <cctype>

#include "base/version.hpp"

namespace miden {
namespace {

constexpr const char* kRpcGroup = "RPC configuration";
constexpr const char* kRateGroup = "RPC rate limiting";
constexpr const char* kStoreGroup = "Store configuration";

// Not in the reference.
void add_own_rpc_options(CLI::App& command, RpcOptions& rpc) {
  command
      .add_option("--rpc.max-subscriptions", rpc.max_subscriptions,
                  "Subscribers to blocks, and as many to proofs, at once")
      ->envname("MIDEN_NODE_RPC_MAX_SUBSCRIPTIONS")
      ->check(positive())
      ->capture_default_str()
      ->group(kRpcGroup);
  command
      .add_option("--rpc.trust-forwarded-for", rpc.trusts_forwarding,
                  "Whether rate limits take the client's address from the headers x-forwarded-for, "
                  "x-real-ip and forwarded. Set it to false where clients reach the node without "
                  "a load balancer that overwrites these headers")
      ->envname("MIDEN_NODE_RPC_TRUST_FORWARDED_FOR")
      ->capture_default_str()
      ->group(kRateGroup);
}

}  // namespace

void add_data_directory(CLI::App& command, std::filesystem::path& directory) {
  command.add_option("--data-directory", directory, "The node's store")
      ->envname("MIDEN_NODE_DATA_DIRECTORY")
      ->required();
}

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

RpcSettings::RpcSettings() { rpc.version = kReleaseVersion; }

Result<RpcOptions> RpcSettings::checked() const {
  const auto& secret = rpc.network_tx_auth;
  if (secret && !std::ranges::all_of(*secret, [](char c) { return c >= ' ' && c <= '~'; })) {
    return fail("AuthHeader",
                "invalid rpc.network-tx-auth-header-value: only visible ASCII is allowed");
  }
  RpcOptions options = rpc;
  options.rate_limit.period =
      std::chrono::nanoseconds(1'000'000'000 / static_cast<int64_t>(replenish_per_second));
  return options;
}

void add_rpc_options(CLI::App& command, RpcSettings& settings) {
  RpcOptions& rpc = settings.rpc;
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
      .add_option("--rpc.rate-limit.replenish-per-second", settings.replenish_per_second,
                  "Requests that one address may make each second in the long run")
      ->envname("MIDEN_NODE_RPC_RATE_LIMIT_REPLENISH_PER_SECOND")
      ->check(positive(1'000'000'000))
      ->capture_default_str()
      ->group(kRateGroup);
  command
      .add_option("--rpc.rate-limit.max-concurrent-connections", rpc.max_waiting_calls,
                  "Submissions, and apart from them GetNetworkNoteStatus calls, that may wait for "
                  "a worker at once; beyond, RESOURCE_EXHAUSTED. Reads are answered as they come")
      ->envname("MIDEN_NODE_RPC_RATE_LIMIT_MAX_CONCURRENT_CONNECTIONS")
      ->check(positive())
      ->capture_default_str()
      ->group(kRateGroup);
  add_own_rpc_options(command, rpc);
}

}  // namespace miden
