// Keeping a server busy: so many calls in flight all the time, each followed by the next.
#pragma once

#include <chrono>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

#include "latencies.hpp"
#include "net/address.hpp"

namespace miden {

struct Question {
  std::string path;     // "/rpc.Api/Method"
  std::string request;  // the encoded message
};

struct Target {
  SocketAddress server;
  std::string accept;  // what clients send to name version and network
};

struct LoadShape {
  size_t connections = 8;
  size_t calls_per_connection = 4;  // in flight
  std::chrono::milliseconds warm_up{300};
  std::chrono::milliseconds measured{2000};
};

struct LoadOutcome {
  size_t calls = 0;  // the warm-up's among them
  double seconds = 0;
  Latencies latencies;  // of the calls that ended while measuring, however
  std::map<std::pair<int, std::string>, size_t> refusals;  // status and text of those not OK
  double calls_per_second() const { return static_cast<double>(latencies.count()) / seconds; }
};

// Asks the questions in turn. Ends early when `stop` is requested. Throws std::runtime_error when a
// connection breaks or calls stay unanswered.
LoadOutcome run_load(const Target& target, std::span<const Question> questions,
                     const LoadShape& shape, std::stop_token stop = {});

}  // namespace miden
