// A clock that stands until a test moves it.
#pragma once

#include <atomic>
#include <chrono>

#include "monitor/clock.hpp"

namespace miden {

class ManualClock : public Clock {
 public:
  explicit ManualClock(int64_t wall_ms) : wall_less_steady_ms_(wall_ms) {}

  int64_t wall_ms() const override { return wall_less_steady_ms_ + steady_us_ / 1000; }
  int64_t steady_us() const override { return steady_us_; }
  bool wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable_any& changed,
                  const std::stop_token& stop, int64_t until_us,
                  const std::function<bool()>& ready) const override {
    // Looks again every millisecond of real time: whoever moves the clock need not know who waits.
    while (!ready() && !stop.stop_requested() && steady_us_ < until_us)
      changed.wait_for(lock, stop, std::chrono::milliseconds(1), ready);
    return ready();
  }

  void advance(std::chrono::milliseconds by) { steady_us_ += by.count() * 1000; }
  // As an operator, or a time server, does.
  void set_wall(int64_t wall_ms) { wall_less_steady_ms_ = wall_ms - steady_us_ / 1000; }

 private:
  std::atomic<int64_t> wall_less_steady_ms_;
  std::atomic<int64_t> steady_us_ = 0;
};

}  // namespace miden
