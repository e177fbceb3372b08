// SIGTERM and SIGINT as a stop token.
#pragma once

#include <stop_token>
#include <thread>

namespace miden {

// Make one first thing in main(), before any other thread is started: it blocks the signals for all
// of them and waits for them on a thread of its own. The first signal requests the stop; a second
// one ends the process at once with exit code 1.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  std::stop_token token() const { return stop_.get_token(); }
  // As if a signal had come: for a task that ended and takes the program with it.
  void request_stop() { stop_.request_stop(); }
  // Until a signal comes or a stop is requested.
  void wait() const;

 private:
  std::stop_source stop_;
  std::jthread waiter_;
};

}  // namespace miden
