#include "net/retry.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace miden {

Backoff::Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest)
    : first_(first), longest_(longest), current_(first), random_(std::random_device()()) {}

std::chrono::milliseconds Backoff::next() {
  const int64_t upper = std::max<int64_t>(current_.count(), 1);
  current_ = std::min(current_ * 2, longest_);
  return std::chrono::milliseconds(
      std::uniform_int_distribution<int64_t>((upper + 1) / 2, upper)(random_));
}

bool Backoff::wait(const std::stop_token& stop) { return sleep_for(next(), stop); }

bool sleep_for(std::chrono::milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace miden
