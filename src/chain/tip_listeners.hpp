// Who is told when the chain moves.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>

#include "chain/chain_state.hpp"

namespace miden {

// The current view, those who are called when it changes, and those who wait for it.
class TipListeners : public std::enable_shared_from_this<TipListeners> {
 public:
  std::shared_ptr<const StateView> view() const;

  // Replaces the view, wakes the waiting, calls the listeners. One caller at a time.
  void publish(std::shared_ptr<const StateView> view);

  ChainState::Subscription subscribe(ChainState::Listener listener);

  // False when the deadline passed or the stop was requested before `reached` held.
  bool wait(const std::function<bool(const StateView&)>& reached,
            std::chrono::steady_clock::time_point deadline, std::stop_token stop) const;

 private:
  struct Entry {
    // Held during the call, so that an unsubscriber waits for it; recursive, so that a listener may
    // unsubscribe itself.
    std::recursive_mutex calling;
    ChainState::Listener listener;  // empty once unsubscribed
  };

  mutable std::mutex view_mutex_;  // guards view_
  mutable std::condition_variable_any view_changed_;
  std::shared_ptr<const StateView> view_;
  std::mutex entries_mutex_;  // guards entries_
  std::list<std::shared_ptr<Entry>> entries_;
};

}  // namespace miden
