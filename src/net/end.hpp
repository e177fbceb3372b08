// How a program ends: the operator's signal, or a reason why it cannot go on.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>

namespace miden {

class End {
 public:
  explicit End(std::stop_token stop) : stop_(std::move(stop)) {}
  // From any thread; the first reason counts.
  void because(const std::string& failure) {
    const std::lock_guard lock(mutex_);
    if (failure_.empty()) failure_ = failure;
    ended_.notify_all();
  }
  // Nothing: an orderly end.
  std::string wait() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, stop_, [&] { return !failure_.empty(); });
    return failure_;
  }

 private:
  std::stop_token stop_;
  std::mutex mutex_;  // guards failure_
  std::condition_variable_any ended_;
  std::string failure_;
};

}  // namespace miden
