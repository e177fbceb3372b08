// Which of several provers is asked next?
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

namespace miden {

// Those that failed lately come last; before that, those with the fewest of our calls; among
// equals, one after the other. Safe from any thread.
class ProverChoice {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    std::chrono::milliseconds rest = std::chrono::seconds(10);  // after a failure
    // Whether one that rests is asked all the same when all others were tried.
    bool asks_resting = true;
  };
  enum class Outcome {
    kAnswered,  // whatever it said, it works
    kFailed,    // cannot be reached, is late, or answers with something else
  };

  ProverChoice(size_t count, Options options) : options_(options), provers_(count) {}

  // The best one that is not `tried`, which then counts as called until end(). nullopt: none left.
  std::optional<size_t> begin(const std::vector<bool>& tried, Clock::time_point now);
  void end(size_t index, Outcome outcome, Clock::time_point now);

 private:
  struct Prover {
    size_t calls = 0;
    std::optional<Clock::time_point> rests_until;
  };

  const Options options_;
  std::mutex mutex_;  // guards what follows
  std::vector<Prover> provers_;
  size_t turn_ = 0;
};

}  // namespace miden
