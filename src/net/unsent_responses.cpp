#include "net/unsent_responses.hpp"

#include <utility>

namespace miden {

UnsentResponses::Waiting& UnsentResponses::Waiting::operator=(Waiting&& other) noexcept {
  if (this != &other) {
    release();
    owner_ = std::exchange(other.owner_, nullptr);
    place_ = other.place_;
  }
  return *this;
}

void UnsentResponses::Waiting::release() {
  if (owner_ == nullptr) return;
  UnsentResponses& owner = *std::exchange(owner_, nullptr);
  const std::scoped_lock lock(owner.mutex_);
  if (place_->cut == nullptr) {
    owner.cut_.erase(place_);
  } else {
    owner.bytes_ -= place_->bytes;
    owner.waiting_.erase(place_);
  }
}

UnsentResponses::Waiting UnsentResponses::add(size_t bytes, Clock::time_point now,
                                              std::function<void()> cut) {
  Waiting waiting;
  const std::scoped_lock lock(mutex_);
  waiting_.push_back({bytes, now, std::move(cut)});
  bytes_ += bytes;
  waiting.owner_ = this;
  waiting.place_ = std::prev(waiting_.end());
  // No timer is needed: memory grows only when something is added.
  while (waiting_.size() > 1) {
    Waiting::Entry& oldest = waiting_.front();
    const auto waited = now - oldest.since;
    if (waited < (bytes_ > options_.max_bytes ? options_.patience : options_.max_wait)) break;
    bytes_ -= oldest.bytes;
    std::exchange(oldest.cut, nullptr)();
    cut_.splice(cut_.end(), waiting_, waiting_.begin());
  }
  return waiting;
}

size_t UnsentResponses::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

UnsentResponses& unsent_responses() {
  static UnsentResponses responses({});
  return responses;
}

}  // namespace miden
