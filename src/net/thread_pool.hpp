// Threads for work that is too heavy for a server's own: verification, execution, calls to other
// services.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace miden {

// A fixed number of threads and a queue with a bound. Work that finds the queue full is refused at
// once, so that whoever asked can be told to come back (RESOURCE_EXHAUSTED).
class ThreadPool {
 public:
  struct Options {
    size_t threads = 1;
    size_t max_queued = 64;  // beyond what the threads are working on
    // Above 0 the threads yield to the process's others when processors are short (nice(2)).
    int niceness = 0;
  };
  explicit ThreadPool(Options options);
  // Finishes what has been taken in.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // False when the queue is full or the pool stopped: `work` will not run. `work` must not throw.
  [[nodiscard]] bool try_run(std::function<void()> work);

  // Takes in nothing more, finishes what was taken in, joins the threads. May be called twice.
  void stop();

 private:
  void work_until_stopped();

  const size_t max_queued_;
  const int niceness_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable work_arrived_;
  std::deque<std::function<void()>> queue_;
  size_t idle_threads_ = 0;
  bool is_stopping_ = false;

  std::vector<std::jthread> threads_;
};

}  // namespace miden
