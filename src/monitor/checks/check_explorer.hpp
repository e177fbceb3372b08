// Does the explorer show the chain as it is? spec/prover-and-monitor.md B9, C2.
#pragma once

#include <memory>

#include "monitor/check.hpp"
#include "monitor/checks/node_board.hpp"
#include "monitor/http_client.hpp"

namespace miden {

struct ExplorerCheckOptions {
  HttpUrl url;  // of the GraphQL endpoint
  std::shared_ptr<NodeBoard> board;
  std::chrono::milliseconds interval{3000};
  std::chrono::milliseconds timeout{10000};
  // Of blocks, in either direction.
  uint32_t drift_enter = 20;
  uint32_t drift_leave = 10;
};

Check make_explorer_check(const ExplorerCheckOptions& options);

}  // namespace miden
