#include "producer/prover_choice.hpp"

#include <tuple>

namespace miden {

std::optional<size_t> ProverChoice::begin(const std::vector<bool>& tried, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  std::optional<size_t> best;
  std::tuple<bool, size_t, size_t> best_rank;
  for (size_t index = 0; index < provers_.size(); ++index) {
    if (tried[index]) continue;
    const Prover& prover = provers_[index];
    const bool rests = prover.rests_until && now < *prover.rests_until;
    if (rests && !options_.asks_resting) continue;
    const size_t turn = (index + provers_.size() - turn_) % provers_.size();
    const std::tuple rank(rests, prover.calls, turn);
    if (best && rank >= best_rank) continue;
    best = index;
    best_rank = rank;
  }
  if (best) {
    ++provers_[*best].calls;
    turn_ = (*best + 1) % provers_.size();
  }
  return best;
}

void ProverChoice::end(size_t index, Outcome outcome, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  Prover& prover = provers_[index];
  --prover.calls;
  prover.rests_until =
      outcome == Outcome::kFailed ? std::optional(now + options_.rest) : std::nullopt;
}

}  // namespace miden
