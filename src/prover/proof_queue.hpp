// A bounded line in front of the threads that prove. spec/prover-and-monitor.md §A6, §A8.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/status.hpp"

namespace miden {

struct ProofQueueStanding {
  size_t capacity = 0;
  size_t proving = 0;
  size_t waiting = 0;
  uint64_t dropped = 0;  // since the start: were over before their turn came
};

// First come, first served. Safe from any thread.
class ProofQueue {
 public:
  struct Options {
    size_t capacity = 1;  // requests taken in at once: those being proven and those that wait
    size_t workers = 1;   // proofs made at once
  };
  struct Request {
    std::string id;                // what its caller calls it; may be empty, need not be unique
    std::stop_token over;          // requested when nobody waits any more: it will not be proven
    std::function<void()> prove;   // on a worker; must not throw
    std::function<void()> refuse;  // instead of it, on the thread that closes the queue
  };

  explicit ProofQueue(Options options);
  // Closes, and waits for the proofs that are being made.
  ~ProofQueue();
  ProofQueue(const ProofQueue&) = delete;
  ProofQueue& operator=(const ProofQueue&) = delete;

  // RESOURCE_EXHAUSTED when all places are taken, UNAVAILABLE once it is closed. A request that is
  // over leaves its place at once, unless its proof has begun: that cannot be interrupted.
  Answer<> enter(Request request);
  // What enter() would say now.
  Answer<> has_room();

  ProofQueueStanding standing();
  // 0: being proven; 1: the next; and so on. Of the first request with this id, if there is one.
  std::optional<size_t> position(std::string_view request_id);

  // Takes in nothing more and refuses what waits. May be called twice.
  void close();
  // False when a proof is still being made at that time.
  bool wait_until_idle(std::chrono::steady_clock::time_point deadline);

 private:
  void work(const std::stop_token& stop);
  // Both with the lock held.
  Answer<> check_room();
  void drop_what_is_over();

  const Options options_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any request_arrived_;
  std::condition_variable became_idle_;
  std::deque<Request> waiting_;
  std::vector<std::string> proving_;  // ids
  uint64_t dropped_ = 0;
  bool is_closed_ = false;

  std::vector<std::jthread> workers_;
};

}  // namespace miden
