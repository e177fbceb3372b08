// What is watched of a network, and how closely: from the operator's options to checks.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "engine/engine.hpp"
#include "monitor/check.hpp"
#include "monitor/http_client.hpp"
#include "net/address.hpp"

namespace miden {

class LocalProver;

// Names and defaults are the reference's where it has them (spec/prover-and-monitor.md B2).
struct MonitoredNetwork {
  std::vector<ServiceUrl> rpc_urls;  // at least one; the first is the reference's
  std::vector<ServiceUrl> remote_prover_urls;
  std::optional<HttpUrl> faucet_url;
  std::optional<HttpUrl> explorer_url;
  std::optional<ServiceUrl> note_transport_url;
  std::optional<ServiceUrl> validator_url;
  bool sends_transactions = true;

  std::chrono::milliseconds status_check_interval{3'000};
  std::chrono::milliseconds remote_prover_test_interval{120'000};
  std::chrono::milliseconds faucet_test_interval{120'000};
  std::chrono::milliseconds counter_increment_interval{30'000};
  std::chrono::milliseconds request_timeout{10'000};
  std::chrono::milliseconds remote_prover_test_timeout{120'000};
  std::chrono::milliseconds counter_latency_timeout{120'000};
  std::chrono::milliseconds stale_chain_tip_threshold{60'000};
  uint64_t counter_pending_unhealthy_threshold = 5;
  // Of blocks: behind the best node from more than the one on, until at most the other.
  uint32_t lag_threshold = 5;
  uint32_t lag_recovered = 2;
  uint32_t explorer_drift_threshold = 20;  // until at most half of it
};

struct NetworkChecks {
  std::vector<Check> checks;  // in the order of the page
  // A proof that it makes cannot be interrupted: whoever must end soon looks at is_proving().
  std::shared_ptr<LocalProver> local_prover;
};
NetworkChecks make_network_checks(const MonitoredNetwork& network,
                                  std::shared_ptr<const Engine> engine);

}  // namespace miden
