// Looks at everything, again and again, and keeps a picture of what was seen.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <vector>

#include "monitor/check.hpp"
#include "monitor/picture.hpp"
#include "monitor/watch_options.hpp"

namespace miden {

// Each check has a thread: one that hangs delays no other. The first look of each comes at once;
// ticks that were missed are skipped; after a first failure the next look comes after 15 s at most.
// What is seen goes into the history, which may be absent or broken: then the newest results wait
// in memory, the picture says so, and everything else goes on.
//
// Everything may be called from any thread.
class Watch {
 public:
  // Never waits for the network, nor fails for the disk. The order of the checks is the picture's.
  static std::unique_ptr<Watch> start(std::vector<Check> checks, WatchOptions options);
  // Asks all looks to end and waits for them; writes what is left.
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // The newest one; never null, never changed afterwards. Costs nothing.
  std::shared_ptr<const Picture> picture() const;
  // The newest picture as soon as its sequence is greater than `sequence`, at the latest when
  // `timeout` of real time is over or a stop is requested.
  std::shared_ptr<const Picture> wait_for_change(uint64_t sequence,
                                                 std::chrono::milliseconds timeout,
                                                 const std::stop_token& stop = {}) const;

 private:
  struct State;
  explicit Watch(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace miden
