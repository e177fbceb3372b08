#include "prover/proof_queue.hpp"

#include <algorithm>

namespace miden {

ProofQueue::ProofQueue(Options options) : options_(options) {
  // More threads than places would find nothing to do.
  const size_t count =
      std::clamp<size_t>(options_.workers, 1, std::max<size_t>(options_.capacity, 1));
  workers_.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

ProofQueue::~ProofQueue() {
  close();
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();
}

void ProofQueue::drop_what_is_over() {
  dropped_ +=
      std::erase_if(waiting_, [](const Request& request) { return request.over.stop_requested(); });
}

Answer<> ProofQueue::check_room() {
  if (is_closed_) return refuse(StatusCode::kUnavailable, "the prover is shutting down");
  drop_what_is_over();
  if (waiting_.size() + proving_.size() >= options_.capacity) {
    return refuse(StatusCode::kResourceExhausted, "proof queue is full");
  }
  return {};
}

Answer<> ProofQueue::has_room() {
  const std::scoped_lock lock(mutex_);
  return check_room();
}

Answer<> ProofQueue::enter(Request request) {
  {
    const std::scoped_lock lock(mutex_);
    TRY(check_room());
    waiting_.push_back(std::move(request));
  }
  request_arrived_.notify_one();
  return {};
}

ProofQueueStanding ProofQueue::standing() {
  const std::scoped_lock lock(mutex_);
  drop_what_is_over();
  return {.capacity = options_.capacity,
          .proving = proving_.size(),
          .waiting = waiting_.size(),
          .dropped = dropped_};
}

std::optional<size_t> ProofQueue::position(std::string_view request_id) {
  const std::scoped_lock lock(mutex_);
  drop_what_is_over();
  if (std::ranges::find(proving_, request_id) != proving_.end()) return 0;
  const auto found = std::ranges::find(waiting_, request_id, &Request::id);
  if (found == waiting_.end()) return std::nullopt;
  return static_cast<size_t>(found - waiting_.begin()) + 1;
}

void ProofQueue::close() {
  std::deque<Request> refused;
  {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
    drop_what_is_over();
    refused.swap(waiting_);
    dropped_ += refused.size();
  }
  for (const Request& request : refused) request.refuse();
}

bool ProofQueue::wait_until_idle(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return became_idle_.wait_until(lock, deadline, [this] { return proving_.empty(); });
}

void ProofQueue::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (request_arrived_.wait(lock, stop, [this] {
    drop_what_is_over();
    return !waiting_.empty();
  })) {
    Request request = std::move(waiting_.front());
    waiting_.pop_front();
    proving_.push_back(request.id);
    lock.unlock();
    request.prove();
    const std::string id = std::move(request.id);
    request = {};  // what it holds goes before the lock is taken
    lock.lock();
    proving_.erase(std::ranges::find(proving_, id));
    if (proving_.empty()) became_idle_.notify_all();
  }
}

}  // namespace miden
