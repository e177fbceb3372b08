// The faucet's puzzle. spec/prover-and-monitor.md B10, C1.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <stop_token>

#include "base/bytes.hpp"
#include "monitor/fault.hpp"

namespace miden {

inline constexpr uint64_t kMostNonces = 100'000'000;

// The first eight bytes of SHA-256(challenge ‖ nonce), both numbers big endian.
uint64_t work_of(ByteView challenge, uint64_t nonce);

// The first nonce whose work is below the target. kTimeout: not within `timeout`, or there is none
// among the first kMostNonces.
std::expected<uint64_t, Fault> solve_puzzle(ByteView challenge, uint64_t target,
                                            std::chrono::milliseconds timeout,
                                            const std::stop_token& stop);

}  // namespace miden
