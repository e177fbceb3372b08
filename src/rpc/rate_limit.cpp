#include "rpc/rate_limit.hpp"

#include <algorithm>

namespace miden {
namespace {

constexpr std::chrono::seconds kCleaningInterval{60};

}  // namespace

RateLimiter::Verdict RateLimiter::admit(const std::string& key, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  forget_idle_keys(now);
  Clock::time_point& stored = on_time_again_.try_emplace(key, now).first->second;
  const Clock::time_point on_time = std::max(stored, now);
  const auto tolerance = options_.period * (options_.burst - 1);
  if (on_time - now > tolerance) {
    const auto wait = on_time - now - tolerance;
    return {false, 0, std::chrono::duration_cast<std::chrono::seconds>(wait)};
  }
  stored = on_time + options_.period;
  const auto used =
      (stored - now + options_.period - std::chrono::nanoseconds(1)) / options_.period;
  return {true, static_cast<uint32_t>(std::max<int64_t>(int64_t{options_.burst} - used, 0)), {}};
}

size_t RateLimiter::tracked_keys() const {
  const std::scoped_lock lock(mutex_);
  return on_time_again_.size();
}

void RateLimiter::forget_idle_keys(Clock::time_point now) {
  if (now - last_cleaning_ < kCleaningInterval) return;
  last_cleaning_ = now;
  std::erase_if(on_time_again_, [now](const auto& entry) { return entry.second <= now; });
}

}  // namespace miden
