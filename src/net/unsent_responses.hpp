// Responses that wait for clients who do not take them.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

namespace miden {

// A response stays in memory until its client has taken it, and whether it ever does is the
// client's choice. All that wait are known here: when they are more than the process can afford,
// those that have waited longest are cut off, and none waits for ever. Safe from any thread.
class UnsentResponses {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    size_t max_bytes = size_t{256} << 20;
    // Nobody is cut off before, however much waits.
    Clock::duration patience = std::chrono::seconds(2);
    Clock::duration max_wait = std::chrono::seconds(60);
  };
  explicit UnsentResponses(Options options) : options_(options) {}

  // While it lives the response waits. Must not outlive the object it came from.
  class Waiting {
   public:
    Waiting() = default;
    ~Waiting() { release(); }
    Waiting(Waiting&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), place_(other.place_) {}
    Waiting& operator=(Waiting&& other) noexcept;

   private:
    friend class UnsentResponses;
    struct Entry {
      size_t bytes = 0;
      Clock::time_point since;
      std::function<void()> cut;  // empty once called
    };
    void release();

    UnsentResponses* owner_ = nullptr;
    std::list<Entry>::iterator place_;
  };

  // `cut` ends the call: it is called at most once, from the thread that adds another response,
  // with a lock held, so it must neither wait nor destroy a Waiting before it returns.
  [[nodiscard]] Waiting add(size_t bytes, Clock::time_point now, std::function<void()> cut);

  size_t bytes() const;

 private:
  const Options options_;
  mutable std::mutex mutex_;           // guards what follows
  std::list<Waiting::Entry> waiting_;  // oldest first
  std::list<Waiting::Entry> cut_;
  size_t bytes_ = 0;  // of waiting_
};

// Those of this process.
UnsentResponses& unsent_responses();

// Smaller ones are not worth the bookkeeping.
inline constexpr size_t kSmallResponseBytes = 16 << 10;

}  // namespace miden
