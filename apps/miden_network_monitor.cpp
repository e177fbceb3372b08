// miden-network-monitor: looks at a network from outside, as its users do, and shows what it saw.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/version.hpp"
#include "command_line.hpp"
#include "monitor/checks/local_prover.hpp"
#include "monitor/http_server.hpp"
#include "monitor/monitored_network.hpp"
#include "monitor/watch.hpp"
#include "net/signals.hpp"
#include "telemetry/log.hpp"

namespace {

using namespace miden;

constexpr const char* kOurs = "Not in the reference";
constexpr uint64_t kMostThreads = 1024;
constexpr uint64_t kMostBlocks = 1'000'000;

struct NetworkMonitor {
  Result<void> run(const StopOnSignal& signals);
  Result<void> complete_options(const std::vector<Check>& checks);

  MonitoredNetwork network;
  std::string rpc_default = "http://0.0.0.0:57291";
  uint32_t port = 3000;
  std::optional<SocketAddress> listen;
  bool sends_no_transactions = false;
  unsigned threads = 0;  // 0: one a core
  WatchOptions watch;
  std::string data_directory;
  std::chrono::milliseconds keep_results{std::chrono::hours(24 * 7)};
  std::chrono::milliseconds keep_roll_ups{std::chrono::hours(24 * 35)};
  std::chrono::milliseconds keep_hours{std::chrono::hours(24 * 400)};
  std::optional<HttpUrl> webhook_url;
  WebhookOptions webhook;
  MonitorServerOptions server;
};

CLI::Option* add_http_url(CLI::App& app, const std::string& name, std::optional<HttpUrl>& target,
                          const std::string& help) {
  const auto set = [&target, name](const std::string& text) {
    Result<HttpUrl> url = HttpUrl::parse(text);
    if (!url) throw CLI::ValidationError(name, url.error().message);
    target = *std::move(url);
  };
  return app.add_option_function<std::string>(name, set, help)->type_name("URL");
}

// Unlike an interval or a limit, a wait may be none.
CLI::Option* add_wait(CLI::App& app, const std::string& name, std::chrono::milliseconds& target,
                      const std::string& help) {
  const auto set = [&target, name](const std::string& text) {
    const Result<std::chrono::nanoseconds> wait = parse_duration(text);
    if (!wait) throw CLI::ValidationError(name, wait.error().message);
    target = std::chrono::ceil<std::chrono::milliseconds>(*wait);
  };
  return app.add_option_function<std::string>(name, set, help)
      ->type_name("DURATION")
      ->default_str(to_text(target));
}

void add_targets(CLI::App& app, NetworkMonitor& monitor) {
  MonitoredNetwork& network = monitor.network;
  add_urls(app, "--rpc-url", network.rpc_urls,
           "RPC of a node; several, repeated or with commas between, are compared. Accounts and "
           "transactions go to the first")
      ->envname("MIDEN_MONITOR_RPC_URL")
      ->default_str(monitor.rpc_default);
  app.add_option("--network-name", monitor.watch.network_name, "Name that the page shows")
      ->envname("MIDEN_MONITOR_NETWORK_NAME")
      ->capture_default_str();
  add_urls(app, "--remote-prover-urls", network.remote_prover_urls,
           "Remote provers of any kind, with commas between")
      ->envname("MIDEN_MONITOR_REMOTE_PROVER_URLS");
  add_http_url(app, "--faucet-url", network.faucet_url, "API of the faucet")
      ->envname("MIDEN_MONITOR_FAUCET_URL");
  add_http_url(app, "--explorer-url", network.explorer_url, "GraphQL endpoint of the explorer")
      ->envname("MIDEN_MONITOR_EXPLORER_URL");
  add_url(app, "--note-transport-url", network.note_transport_url, "Note transport")
      ->envname("MIDEN_MONITOR_NOTE_TRANSPORT_URL");
  add_url(app, "--validator-url", network.validator_url, "Validator")
      ->envname("MIDEN_MONITOR_VALIDATOR_URL");
  app.add_option("--port,-p", monitor.port, "Port to serve on; 0 for any free one")
      ->envname("MIDEN_MONITOR_PORT")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
}

void add_times(CLI::App& app, MonitoredNetwork& network) {
  add_duration(app, "--status-check-interval", network.status_check_interval,
               "Between two looks at nodes, validator, provers, explorer and note transport")
      ->envname("MIDEN_MONITOR_STATUS_CHECK_INTERVAL");
  add_duration(app, "--remote-prover-test-interval", network.remote_prover_test_interval,
               "Between two test proofs of a prover")
      ->envname("MIDEN_MONITOR_REMOTE_PROVER_TEST_INTERVAL");
  add_duration(app, "--faucet-test-interval", network.faucet_test_interval,
               "Between two requests for tokens")
      ->envname("MIDEN_MONITOR_FAUCET_TEST_INTERVAL");
  add_duration(app, "--counter-increment-interval", network.counter_increment_interval,
               "Between two transactions of the monitor's wallet")
      ->envname("MIDEN_MONITOR_COUNTER_INCREMENT_INTERVAL");
  add_duration(app, "--counter-latency-timeout", network.counter_latency_timeout,
               "Within which a transaction must be in a block and its note consumed")
      ->envname("MIDEN_MONITOR_COUNTER_LATENCY_TIMEOUT");
  app.add_option("--counter-pending-unhealthy-threshold",
                 network.counter_pending_unhealthy_threshold, "Notes that may wait to be consumed")
      ->envname("MIDEN_MONITOR_COUNTER_PENDING_UNHEALTHY_THRESHOLD")
      ->capture_default_str();
  add_duration(app, "--request-timeout", network.request_timeout,
               "Limit for every request but proofs, and for solving the faucet's puzzle")
      ->envname("MIDEN_MONITOR_REQUEST_TIMEOUT");
  add_duration(app, "--stale-chain-tip-threshold", network.stale_chain_tip_threshold,
               "How long the chain may be without a new block")
      ->envname("MIDEN_MONITOR_STALE_CHAIN_TIP_THRESHOLD");
}

void add_our_checks(CLI::App& app, NetworkMonitor& monitor) {
  MonitoredNetwork& network = monitor.network;
  add_duration(app, "--remote-prover-test-timeout", network.remote_prover_test_timeout,
               "Limit for one proof, of a test or of the monitor's own transactions")
      ->envname("MIDEN_MONITOR_REMOTE_PROVER_TEST_TIMEOUT")
      ->group(kOurs);
  app.add_option("--lag-threshold", network.lag_threshold,
                 "Blocks that a node may be behind the best one")
      ->envname("MIDEN_MONITOR_LAG_THRESHOLD")
      ->check(positive(kMostBlocks))
      ->capture_default_str()
      ->group(kOurs);
  app.add_option("--lag-recovered", network.lag_recovered,
                 "Blocks behind the best one at which a node that lagged is well again")
      ->envname("MIDEN_MONITOR_LAG_RECOVERED")
      ->check(CLI::Range(uint64_t{0}, kMostBlocks))
      ->capture_default_str()
      ->group(kOurs);
  app.add_option("--explorer-drift-threshold", network.explorer_drift_threshold,
                 "Blocks that the explorer may be off the nodes' tip")
      ->envname("MIDEN_MONITOR_EXPLORER_DRIFT_THRESHOLD")
      ->check(positive(kMostBlocks))
      ->capture_default_str()
      ->group(kOurs);
  app.add_option("--pause", monitor.watch.paused,
                 "Id of a check that is not made (`node-2`); repeated or with commas between")
      ->envname("MIDEN_MONITOR_PAUSE")
      ->type_name("ID")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(kOurs);
  app.add_option("--threads", monitor.threads,
                 "Threads that prove the monitor's transactions (default: one for each core)")
      ->envname("MIDEN_MONITOR_THREADS")
      ->check(positive(kMostThreads))
      ->group(kOurs);
}

void add_history(CLI::App& app, NetworkMonitor& monitor) {
  app.add_option("--data-directory", monitor.data_directory,
                 "Where the history is kept; without it, it ends with the process")
      ->envname("MIDEN_MONITOR_DATA_DIRECTORY")
      ->type_name("DIR")
      ->group(kOurs);
  add_duration(app, "--history.keep-results", monitor.keep_results, "How long each result is kept")
      ->envname("MIDEN_MONITOR_HISTORY_KEEP_RESULTS")
      ->group(kOurs);
  add_duration(app, "--history.keep-roll-ups", monitor.keep_roll_ups,
               "How long sums of five minutes are kept")
      ->envname("MIDEN_MONITOR_HISTORY_KEEP_ROLL_UPS")
      ->group(kOurs);
  add_duration(app, "--history.keep-hours", monitor.keep_hours,
               "How long sums of an hour, and incidents, are kept")
      ->envname("MIDEN_MONITOR_HISTORY_KEEP_HOURS")
      ->group(kOurs);
  app.add_option("--history.max-size", monitor.watch.history.max_bytes,
                 "Bytes on disk, beyond which the oldest results go first")
      ->envname("MIDEN_MONITOR_HISTORY_MAX_SIZE")
      ->check(positive())
      ->capture_default_str()
      ->group(kOurs);
}

void add_alerts(CLI::App& app, NetworkMonitor& monitor) {
  add_http_url(app, "--webhook-url", monitor.webhook_url, "Where changes of state are sent")
      ->envname("MIDEN_MONITOR_WEBHOOK_URL")
      ->group(kOurs);
  add_wait(app, "--webhook-after", monitor.webhook.after,
           "How long a state must last before it is sent; 0s: at once")
      ->envname("MIDEN_MONITOR_WEBHOOK_AFTER")
      ->group(kOurs);
  app.add_option("--webhook-secret", monitor.webhook.secret,
                 "Key that signs what is sent; better given by the environment")
      ->envname("MIDEN_MONITOR_WEBHOOK_SECRET")
      ->group(kOurs);
  app.add_option("--page-url", monitor.watch.page_url,
                 "Where people find the page: for links in what is sent")
      ->envname("MIDEN_MONITOR_PAGE_URL")
      ->type_name("URL")
      ->group(kOurs);
}

void add_page(CLI::App& app, NetworkMonitor& monitor) {
  add_listen(app, "--listen", monitor.listen,
             "Address and port to serve on, instead of all addresses and --port")
      ->envname("MIDEN_MONITOR_LISTEN")
      ->group(kOurs);
  app.add_flag("--public", monitor.server.is_public,
               "Show no addresses, worker names and error texts, anywhere")
      ->envname("MIDEN_MONITOR_PUBLIC")
      ->group(kOurs);
  app.add_option("--frame-ancestors", monitor.server.frame_ancestors,
                 "Who may show the page in a frame, as Content-Security-Policy writes it")
      ->envname("MIDEN_MONITOR_FRAME_ANCESTORS")
      ->capture_default_str()
      ->group(kOurs);
}

Result<void> NetworkMonitor::complete_options(const std::vector<Check>& checks) {
  for (const std::string& id : watch.paused) {
    const auto is_it = [&](const Check& check) { return check.description.id == id; };
    if (std::ranges::none_of(checks, is_it)) {
      return fail("UnknownCheck", fmt::format("--pause: there is no check `{}`", id));
    }
  }
  const auto in_hours = [](std::chrono::milliseconds duration) {
    return std::chrono::ceil<std::chrono::hours>(duration);
  };
  watch.history.results = in_hours(keep_results);
  watch.history.roll_ups = in_hours(keep_roll_ups);
  watch.history.hours = in_hours(keep_hours);
  watch.history_directory = data_directory;
  watch.version = kReleaseVersion;
  if (webhook_url) {
    webhook.url = webhook_url->text();
    watch.webhook = webhook;
  }
  server.listen.port = static_cast<uint16_t>(port);
  if (listen) server.listen = *listen;
  return {};
}

Result<void> NetworkMonitor::run(const StopOnSignal& signals) {
  if (network.rpc_urls.empty()) network.rpc_urls = {TRY(ServiceUrl::parse(rpc_default))};
  if (network.lag_recovered > network.lag_threshold) {
    return fail("InvalidLag", "--lag-recovered is more than --lag-threshold");
  }
  network.sends_transactions = !sends_no_transactions;
  NetworkChecks checks = make_network_checks(network, make_reference_engine(threads));
  TRY(complete_options(checks.checks));
  if (data_directory.empty()) {
    log_warn(
        "what is seen is kept in memory only: a restart forgets it; --data-directory keeps it");
  }
  const size_t count = checks.checks.size();
  auto watcher = Watch::start(std::move(checks.checks), watch);
  auto served = TRY(MonitorServer::start(server, *watcher));
  log_info("monitor is serving", {{"address", served->address()},
                                  {"network", watch.network_name},
                                  {"checks", count},
                                  {"data_directory", data_directory}});
  signals.wait();
  log_info("stopping");
  served.reset();
  watcher.reset();
  if (checks.local_prover->is_proving()) {
    // The engine cannot be interrupted; what was seen is written.
    std::_Exit(EXIT_SUCCESS);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  StopOnSignal signals;
  CLI::App app("Miden network monitor: looks at a network from outside and shows what it saw",
               "miden-network-monitor");
  app.set_version_flag("-V,--version", fmt::format("miden-network-monitor {}", kReleaseVersion));
  app.require_subcommand(1);
  CLI::App* start = app.add_subcommand("start", "Watch a network and serve the page");
  NetworkMonitor monitor;
  add_targets(*start, monitor);
  add_times(*start, monitor.network);
  start
      ->add_flag(
          "--disable-ntx-service", monitor.sends_no_transactions,
          "Send no transactions: the checks of wallet transactions and network notes are off")
      ->envname("MIDEN_MONITOR_DISABLE_NTX_SERVICE");
  add_page(*start, monitor);
  add_our_checks(*start, monitor);
  add_history(*start, monitor);
  add_alerts(*start, monitor);
  return run_command_line(app, argc, argv, [&] { return monitor.run(signals); });
}
