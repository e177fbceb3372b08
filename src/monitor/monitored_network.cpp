#include "monitor/monitored_network.hpp"

#include "monitor/checks/check_block_production.hpp"
#include "monitor/checks/check_explorer.hpp"
#include "monitor/checks/check_faucet.hpp"
#include "monitor/checks/check_node.hpp"
#include "monitor/checks/check_note_transport.hpp"
#include "monitor/checks/check_prover.hpp"
#include "monitor/checks/check_transactions.hpp"
#include "monitor/checks/check_validator.hpp"

namespace miden {
namespace {

void add_chain_checks(const MonitoredNetwork& network, const std::shared_ptr<NodeBoard>& board,
                      std::vector<Check>& checks) {
  checks.push_back(
      make_block_production_check({.nodes = network.rpc_urls,
                                   .board = board,
                                   .interval = network.status_check_interval,
                                   .timeout = network.request_timeout,
                                   .stale_tip_threshold = network.stale_chain_tip_threshold}));
  for (size_t i = 0; i < network.rpc_urls.size(); ++i) {
    checks.push_back(make_node_check({.url = network.rpc_urls[i],
                                      .number = i,
                                      .is_alone = network.rpc_urls.size() == 1,
                                      .board = board,
                                      .interval = network.status_check_interval,
                                      .timeout = network.request_timeout,
                                      .stale_tip_threshold = network.stale_chain_tip_threshold,
                                      .lag_enter = network.lag_threshold,
                                      .lag_leave = network.lag_recovered}));
  }
  if (network.validator_url) {
    checks.push_back(make_validator_check({.url = *network.validator_url,
                                           .board = board,
                                           .interval = network.status_check_interval,
                                           .timeout = network.request_timeout,
                                           .lag_enter = network.lag_threshold,
                                           .lag_leave = network.lag_recovered}));
  }
}

void add_prover_checks(const MonitoredNetwork& network,
                       const std::vector<std::shared_ptr<ProverService>>& provers,
                       const std::shared_ptr<TestProofs>& proofs, std::vector<Check>& checks) {
  for (size_t i = 0; i < provers.size(); ++i) {
    checks.push_back(make_prover_check({.prover = provers[i],
                                        .proofs = proofs,
                                        .number = i,
                                        .is_alone = provers.size() == 1,
                                        .interval = network.status_check_interval,
                                        .timeout = network.request_timeout,
                                        .test_interval = network.remote_prover_test_interval}));
  }
}

void add_transaction_checks(const MonitoredNetwork& network, std::shared_ptr<const Engine> engine,
                            std::shared_ptr<TransactionProver> prover, std::vector<Check>& checks) {
  TransactionChecks transactions =
      make_transaction_checks({.flow = {.engine = std::move(engine),
                                        .prover = std::move(prover),
                                        .rpc = network.rpc_urls.front(),
                                        .request_timeout = network.request_timeout,
                                        .latency_timeout = network.counter_latency_timeout},
                               .target = GrpcTarget(network.rpc_urls.front()).shown(),
                               .interval = network.counter_increment_interval,
                               .proof_timeout = network.remote_prover_test_timeout,
                               .pending_threshold = network.counter_pending_unhealthy_threshold});
  checks.push_back(std::move(transactions.local));
  checks.push_back(std::move(transactions.network));
}

void add_user_checks(const MonitoredNetwork& network, const std::shared_ptr<NodeBoard>& board,
                     std::vector<Check>& checks) {
  if (network.faucet_url) {
    checks.push_back(make_faucet_check({.url = *network.faucet_url,
                                        .interval = network.faucet_test_interval,
                                        .timeout = network.request_timeout}));
  }
  if (network.explorer_url) {
    checks.push_back(make_explorer_check({.url = *network.explorer_url,
                                          .board = board,
                                          .interval = network.status_check_interval,
                                          .timeout = network.request_timeout,
                                          .drift_enter = network.explorer_drift_threshold,
                                          .drift_leave = network.explorer_drift_threshold / 2}));
  }
  if (network.note_transport_url) {
    checks.push_back(make_note_transport_check({.url = *network.note_transport_url,
                                                .interval = network.status_check_interval,
                                                .timeout = network.request_timeout}));
  }
}

}  // namespace

NetworkChecks make_network_checks(const MonitoredNetwork& network,
                                  std::shared_ptr<const Engine> engine) {
  const auto board = std::make_shared<NodeBoard>(
      network.rpc_urls.size(), 2 * network.status_check_interval + network.request_timeout);
  std::vector<std::shared_ptr<ProverService>> provers;
  for (const ServiceUrl& url : network.remote_prover_urls) {
    provers.push_back(std::make_shared<ProverService>(url, network.remote_prover_test_timeout));
  }
  NetworkChecks made{.checks = {}, .local_prover = std::make_shared<LocalProver>(engine)};
  const auto transaction_prover = std::make_shared<TransactionProver>(
      provers, made.local_prover, engine, network.remote_prover_test_timeout);
  const auto proofs = make_test_proofs({.engine = engine,
                                        .rpc = network.rpc_urls.front(),
                                        .request_timeout = network.request_timeout,
                                        .transaction_prover = transaction_prover});
  add_chain_checks(network, board, made.checks);
  add_prover_checks(network, provers, proofs, made.checks);
  if (network.sends_transactions) {
    add_transaction_checks(network, engine, transaction_prover, made.checks);
  }
  add_user_checks(network, board, made.checks);
  return made;
}

}  // namespace miden
