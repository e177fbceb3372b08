// Does a node answer, and is it where the others are? spec/prover-and-monitor.md B6.
#pragma once

#include <memory>

#include "monitor/check.hpp"
#include "monitor/checks/node_board.hpp"
#include "net/address.hpp"

namespace miden {

struct NodeCheckOptions {
  ServiceUrl url;
  size_t number = 0;  // from 0, in the order of the options; the first is the reference's "RPC"
  bool is_alone = false;
  std::shared_ptr<NodeBoard> board;  // where all nodes report to
  std::chrono::milliseconds interval{3000};
  std::chrono::milliseconds timeout{10000};
  std::chrono::milliseconds stale_tip_threshold{60'000};
  uint32_t lag_enter = 5;
  uint32_t lag_leave = 2;
};

Check make_node_check(const NodeCheckOptions& options);

}  // namespace miden
