// Who proves a network transaction: services, or this process. spec/ntx-builder.md §15.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <vector>

#include "engine/engine.hpp"
#include "net/address.hpp"
#include "net/status.hpp"
#include "ntx_builder/builder_state.hpp"

namespace miden {

class NetworkTransactionProver {
 public:
  virtual ~NetworkTransactionProver() = default;
  // ProvenTransaction of what was executed on the tip: compared with it, and its proof verified, so
  // that a prover which answers with something else is found here and not by the node. From any
  // thread. OUT_OF_RANGE: the transaction is too large for whoever proves; every other error is the
  // provers' own and says nothing about the transaction.
  virtual Answer<Bytes> prove(const NetworkTransaction& executed, const ChainTip& tip,
                              const std::stop_token& stop) = 0;
};

struct NetworkProvingOptions {
  std::vector<ServiceUrl> urls;  // none: in this process, one transaction at a time
  std::chrono::milliseconds timeout = std::chrono::seconds(60);  // of one attempt at a service
};
std::unique_ptr<NetworkTransactionProver> make_network_transaction_prover(
    const NetworkProvingOptions& options, std::shared_ptr<const Engine> engine);

}  // namespace miden
