// Waiting between attempts, each time longer.
#pragma once

#include <chrono>
#include <random>
#include <stop_token>

namespace miden {

// Doubles from `first` to `longest`; each wait is drawn from its upper half, so that many callers
// do not come back together.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest);

  // The next wait's length.
  std::chrono::milliseconds next();
  // After a success.
  void reset() { current_ = first_; }
  // Waits; false when the stop was requested.
  bool wait(const std::stop_token& stop);

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds longest_;
  std::chrono::milliseconds current_;
  std::minstd_rand random_;
};

// False when the stop was requested first.
bool sleep_for(std::chrono::milliseconds duration, const std::stop_token& stop);

}  // namespace miden
