// Does the validator answer, and does it sign what the chain commits? spec/prover-and-monitor.md
// B7.
#pragma once

#include <memory>

#include "monitor/check.hpp"
#include "monitor/checks/node_board.hpp"
#include "net/address.hpp"

namespace miden {

struct ValidatorCheckOptions {
  ServiceUrl url;
  std::shared_ptr<NodeBoard> board;
  std::chrono::milliseconds interval{3000};
  std::chrono::milliseconds timeout{10000};
  uint32_t lag_enter = 5;
  uint32_t lag_leave = 2;
};

Check make_validator_check(const ValidatorCheckOptions& options);

}  // namespace miden
