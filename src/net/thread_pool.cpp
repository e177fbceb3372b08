#include "net/thread_pool.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace miden {

ThreadPool::ThreadPool(Options options)
    : max_queued_(options.max_queued), niceness_(options.niceness) {
  const size_t count = std::max<size_t>(options.threads, 1);
  threads_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    threads_.emplace_back([this] { work_until_stopped(); });
  }
}

ThreadPool::~ThreadPool() { stop(); }

bool ThreadPool::try_run(std::function<void()> work) {
  {
    const std::scoped_lock lock(mutex_);
    // A waiting thread takes its work at once, so that is not queued.
    if (is_stopping_ || queue_.size() >= max_queued_ + idle_threads_) return false;
    queue_.push_back(std::move(work));
  }
  work_arrived_.notify_one();
  return true;
}

void ThreadPool::stop() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  work_arrived_.notify_all();
  threads_.clear();
}

void ThreadPool::work_until_stopped() {
  // On Linux the priority is the thread's own. Without it the work is still done.
  if (niceness_ > 0) setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness_);
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_threads_;
    work_arrived_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
    --idle_threads_;
    if (queue_.empty()) return;
    std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it holds goes before the lock is taken
    lock.lock();
  }
}

}  // namespace miden
