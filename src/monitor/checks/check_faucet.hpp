// Does the faucet give tokens to who does the work for them? spec/prover-and-monitor.md B10, C1.
#pragma once

#include "monitor/check.hpp"
#include "monitor/http_client.hpp"

namespace miden {

struct FaucetCheckOptions {
  HttpUrl url;  // of the API
  std::chrono::milliseconds interval{120'000};
  std::chrono::milliseconds timeout{10'000};  // of each request, and of solving the puzzle
};

// What one round asks for, in base units. It is minted to an account that nobody has.
inline constexpr uint64_t kFaucetAmount = 1'000'000;

Check make_faucet_check(const FaucetCheckOptions& options);

}  // namespace miden
