#include "monitor/checks/awaited_notes.hpp"

#include <algorithm>
#include <utility>

namespace miden {
namespace {

// With an interval of a second and a patience of minutes: beyond that the oldest is given up.
constexpr size_t kMostAwaited = 256;

}  // namespace

void AwaitedNotes::add(SentIncrement& sent) {
  if (awaited_.size() == kMostAwaited) drop(awaited_.front().id);
  sent.counter_target = count_ + awaited_.size() + 1;
  awaited_.push_back(sent);
}

void AwaitedNotes::set_committed(const TransactionId& id, SentIncrement::Time when) {
  for (SentIncrement& sent : awaited_) {
    if (sent.id == id) sent.committed = when;
  }
}

void AwaitedNotes::drop(const TransactionId& id) {
  const auto found = std::ranges::find(awaited_, id, &SentIncrement::id);
  if (found == awaited_.end()) return;
  for (auto later = std::next(found); later != awaited_.end(); ++later) --later->counter_target;
  awaited_.erase(found);
}

void AwaitedNotes::clear() {
  awaited_.clear();
  count_ = 0;
}

AwaitedNotes::Settled AwaitedNotes::settle(uint64_t count, SentIncrement::Time now) {
  Settled settled;
  count_ = count;
  std::deque<SentIncrement> left;
  for (SentIncrement& sent : std::exchange(awaited_, {})) {
    sent.counter_target -= settled.overdue.size();
    if (sent.counter_target <= count) {
      settled.consumed.push_back(std::move(sent));
    } else if (now - sent.submitted > patience_) {
      settled.overdue.push_back(std::move(sent));
    } else {
      left.push_back(std::move(sent));
    }
  }
  awaited_ = std::move(left);
  return settled;
}

}  // namespace miden
