// Where the monitor's time comes from, so that tests decide what time it is.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>

namespace miden {

class Clock {
 public:
  virtual ~Clock() = default;
  // Unix time. May jump: only for what is shown and kept.
  virtual int64_t wall_ms() const = 0;
  // Never jumps; for durations, ages and deadlines.
  virtual int64_t steady_us() const = 0;
  // Waits with `lock` given back until `ready`, a time of the steady clock or a stop. What `ready`
  // looks at is guarded by the lock, and whoever changes it notifies `changed`. Gives `ready()`.
  virtual bool wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable_any& changed,
                          const std::stop_token& stop, int64_t until_us,
                          const std::function<bool()>& ready) const = 0;
};

std::shared_ptr<const Clock> system_clock();

}  // namespace miden
