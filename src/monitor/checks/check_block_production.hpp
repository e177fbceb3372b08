// Does the chain grow? Ours: the reference looks at one node's tip only.
#pragma once

#include <memory>
#include <vector>

#include "monitor/check.hpp"
#include "monitor/checks/node_board.hpp"
#include "net/address.hpp"

namespace miden {

struct BlockProductionOptions {
  std::vector<ServiceUrl> nodes;
  std::shared_ptr<NodeBoard> board;
  std::chrono::milliseconds interval{3000};
  std::chrono::milliseconds timeout{10000};
  std::chrono::milliseconds stale_tip_threshold{60'000};
};

Check make_block_production_check(const BlockProductionOptions& options);

}  // namespace miden
