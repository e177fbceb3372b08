// How a network is watched, apart from the checks themselves.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "monitor/clock.hpp"

namespace miden {

// How long what was seen is kept, and how much of it.
struct HistoryLimits {
  std::chrono::hours results{24 * 7};
  std::chrono::hours roll_ups{24 * 35};    // of five minutes
  std::chrono::hours hours{24 * 400};      // roll-ups of an hour, and incidents
  uint64_t max_bytes = uint64_t{2} << 30;  // beyond it the oldest results go first
};

struct WebhookOptions {
  std::string url;     // http or https
  std::string secret;  // signs what is sent; empty: not signed
  // How long a state must last, from its confirmation, before it is told.
  std::chrono::milliseconds after{30'000};
};

struct WatchOptions {
  std::string network_name = "Localhost";
  std::string version;                      // of the monitor, as shown
  std::filesystem::path history_directory;  // empty: what was seen ends with the process
  HistoryLimits history;
  std::vector<std::string> paused;  // ids of checks that the operator silenced
  std::optional<WebhookOptions> webhook;
  std::string page_url;  // for links in what is sent; empty: none
  std::shared_ptr<const Clock> clock = system_clock();
};

}  // namespace miden
