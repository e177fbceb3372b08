#include "engine/transaction_verifier.hpp"

#include <algorithm>

#include "crypto/blake3.hpp"

namespace miden {

TransactionVerifier::TransactionVerifier(std::shared_ptr<const Engine> engine, size_t capacity)
    : engine_(std::move(engine)), capacity_(std::max<size_t>(capacity, 1)) {}

Result<void> TransactionVerifier::verify(ByteView proven_transaction) {
  const Digest digest = blake3(proven_transaction);
  std::promise<Result<void>> promise;
  std::shared_future<Result<void>> of_another;
  {
    const std::scoped_lock lock(mutex_);
    if (verified_.contains(digest)) return {};
    const auto [entry, is_first] = running_.try_emplace(digest);
    if (is_first) {
      entry->second = promise.get_future().share();
    } else {
      of_another = entry->second;
    }
  }
  if (of_another.valid()) return of_another.get();

  try {
    Result<void> outcome = engine_->verify_transaction(proven_transaction);
    end(digest, outcome.has_value());
    promise.set_value(outcome);
    return outcome;
  } catch (...) {
    end(digest, false);
    promise.set_exception(std::current_exception());
    throw;
  }
}

void TransactionVerifier::end(const Digest& digest, bool is_valid) {
  const std::scoped_lock lock(mutex_);
  running_.erase(digest);
  if (!is_valid) return;
  if (oldest_first_.size() >= capacity_) {
    verified_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
  verified_.insert(digest);
  oldest_first_.push_back(digest);
}

}  // namespace miden
