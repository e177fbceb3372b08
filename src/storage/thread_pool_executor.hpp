// An Executor with threads of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/executor.hpp"

namespace miden {

// The calling thread works too, so calls may be nested and may come from many threads at once: none
// waits for a free worker, only for pieces already begun.
class ThreadPoolExecutor final : public Executor {
 public:
  // `threads` counts the caller: 1 starts none. 0 means one for each core.
  explicit ThreadPoolExecutor(size_t threads = 0);
  ~ThreadPoolExecutor() override;

  size_t concurrency() const override { return workers_.size() + 1; }
  void parallel_for(size_t count, size_t grain,
                    const std::function<void(size_t begin, size_t end)>& body) override;

 private:
  struct Job;
  void work(std::stop_token stop);

  std::mutex mutex_;  // guards invitations_
  std::condition_variable_any invited_;
  std::deque<std::shared_ptr<Job>> invitations_;
  std::vector<std::jthread> workers_;
};

}  // namespace miden
