#include "storage/thread_pool_executor.hpp"

#include <algorithm>
#include <atomic>

namespace miden {
namespace {

// Pieces a participant: enough that a slow one does not keep the others waiting.
constexpr size_t kPiecesPerThread = 4;

}  // namespace

struct ThreadPoolExecutor::Job {
  const std::function<void(size_t, size_t)>* body;  // outlives every piece, not the invitations
  size_t count;
  size_t piece;
  std::atomic<size_t> next{0};
  std::atomic<size_t> done{0};  // items

  // Takes pieces until none is left.
  void run() {
    for (;;) {
      const size_t begin = next.fetch_add(piece, std::memory_order_relaxed);
      if (begin >= count) return;
      const size_t end = std::min(count, begin + piece);
      (*body)(begin, end);
      if (done.fetch_add(end - begin, std::memory_order_acq_rel) + (end - begin) == count) {
        done.notify_all();
      }
    }
  }
};

ThreadPoolExecutor::ThreadPoolExecutor(size_t threads) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  for (size_t i = 1; i < threads; ++i) {
    workers_.emplace_back([this](std::stop_token stop) { work(stop); });
  }
}

ThreadPoolExecutor::~ThreadPoolExecutor() {
  for (std::jthread& worker : workers_) worker.request_stop();
}

void ThreadPoolExecutor::parallel_for(size_t count, size_t grain,
                                      const std::function<void(size_t, size_t)>& body) {
  if (count == 0) return;
  grain = std::max<size_t>(grain, 1);
  const size_t pieces = std::min((count + grain - 1) / grain, concurrency() * kPiecesPerThread);
  if (pieces <= 1 || workers_.empty()) return body(0, count);

  const auto job = std::make_shared<Job>();
  job->body = &body;
  job->count = count;
  job->piece = std::max(grain, (count + pieces - 1) / pieces);
  {
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < std::min(workers_.size(), pieces - 1); ++i) invitations_.push_back(job);
  }
  invited_.notify_all();
  job->run();
  for (size_t done = job->done.load(std::memory_order_acquire); done < count;
       done = job->done.load(std::memory_order_acquire)) {
    job->done.wait(done, std::memory_order_acquire);
  }
}

void ThreadPoolExecutor::work(std::stop_token stop) {
  for (;;) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock lock(mutex_);
      if (!invited_.wait(lock, stop, [this] { return !invitations_.empty(); })) return;
      job = std::move(invitations_.front());
      invitations_.pop_front();
    }
    job->run();
  }
}

}  // namespace miden
