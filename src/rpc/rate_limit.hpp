// How often one address may ask. spec/store-rpc.md §12.4.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace miden {

// `burst` requests at once, one more each `period`; counted for each key by the time at which its
// next request would be on time again (GCRA), so a key costs one number. Safe from any thread.
class RateLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    uint32_t burst = 128;
    std::chrono::nanoseconds period{1'000'000'000 / 16};
  };
  struct Verdict {
    bool is_admitted = false;
    uint32_t remaining = 0;               // requests that would be admitted now
    std::chrono::seconds retry_after{0};  // whole seconds, rounded down
    friend bool operator==(const Verdict&, const Verdict&) = default;
  };

  explicit RateLimiter(Options options) : options_(options) {}
  Verdict admit(const std::string& key, Clock::time_point now);
  uint32_t burst() const { return options_.burst; }
  size_t tracked_keys() const;

 private:
  void forget_idle_keys(Clock::time_point now);

  const Options options_;
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, Clock::time_point> on_time_again_;
  Clock::time_point last_cleaning_{};
};

}  // namespace miden
