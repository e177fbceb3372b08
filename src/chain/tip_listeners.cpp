#include "chain/tip_listeners.hpp"

#include <vector>

namespace miden {

std::shared_ptr<const StateView> TipListeners::view() const {
  const std::lock_guard lock(view_mutex_);
  return view_;
}

void TipListeners::publish(std::shared_ptr<const StateView> view) {
  std::shared_ptr<const StateView> replaced = view;
  {
    const std::lock_guard lock(view_mutex_);
    view_.swap(replaced);
  }
  view_changed_.notify_all();
  std::vector<std::shared_ptr<Entry>> entries;
  {
    const std::lock_guard lock(entries_mutex_);
    entries.assign(entries_.begin(), entries_.end());
  }
  for (const std::shared_ptr<Entry>& entry : entries) {
    const std::lock_guard lock(entry->calling);
    // A copy, since the listener may end its own subscription.
    const ChainState::Listener listener = entry->listener;
    if (listener) listener(view);
  }
}

ChainState::Subscription TipListeners::subscribe(ChainState::Listener listener) {
  auto entry = std::make_shared<Entry>();
  entry->listener = std::move(listener);
  {
    const std::lock_guard lock(entries_mutex_);
    entries_.push_back(entry);
  }
  // The subscription may outlive the chain.
  std::shared_ptr<void> registration(entry.get(), [entry, weak = weak_from_this()](void*) {
    {
      const std::lock_guard lock(entry->calling);
      entry->listener = nullptr;
    }
    if (const auto listeners = weak.lock()) {
      const std::lock_guard lock(listeners->entries_mutex_);
      listeners->entries_.remove(entry);
    }
  });
  return ChainState::Subscription(std::move(registration));
}

bool TipListeners::wait(const std::function<bool(const StateView&)>& reached,
                        std::chrono::steady_clock::time_point deadline,
                        std::stop_token stop) const {
  std::unique_lock lock(view_mutex_);
  return view_changed_.wait_until(lock, stop, deadline, [&] { return reached(*view_); });
}

}  // namespace miden
