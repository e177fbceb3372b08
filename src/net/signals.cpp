#include "net/signals.hpp"

#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <ctime>
#include <mutex>

#include "telemetry/log.hpp"

namespace miden {
namespace {

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

StopOnSignal::StopOnSignal() {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A peer that goes away must end its connection, not the process.
  std::signal(SIGPIPE, SIG_IGN);

  waiter_ = std::jthread([this](const std::stop_token& done) {
    const sigset_t awaited = stop_signals();
    while (!done.stop_requested()) {
      const timespec interval{.tv_sec = 0, .tv_nsec = 100'000'000};
      const int received = sigtimedwait(&awaited, nullptr, &interval);
      if (received <= 0) continue;
      if (stop_.stop_requested()) {
        log_warn("stopping at once", {{"signal", received}});
        std::_Exit(1);
      }
      log_info("stopping", {{"signal", received}});
      stop_.request_stop();
    }
  });
}

StopOnSignal::~StopOnSignal() = default;

void StopOnSignal::wait() const {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, stop_.get_token(), [] { return false; });
}

}  // namespace miden
