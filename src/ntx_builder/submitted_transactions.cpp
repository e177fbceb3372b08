#include "ntx_builder/submitted_transactions.hpp"

#include <algorithm>

namespace miden {
namespace {

constexpr auto kNever = SubmittedTransactions::Clock::time_point::max();

}  // namespace

bool SubmittedTransactions::keep_unanswered(SubmittedTransaction transaction,
                                            Clock::time_point now) {
  std::chrono::milliseconds wait = options_.first_wait;
  for (size_t i = 1; i < transaction.attempts && wait < options_.longest_wait; ++i) wait *= 2;
  return keep({.transaction = std::move(transaction),
               .due = now + std::min(wait, options_.longest_wait),
               .due_block = {}});
}

bool SubmittedTransactions::keep_accepted(SubmittedTransaction transaction, BlockNum tip) {
  return keep({.transaction = std::move(transaction),
               .due = kNever,
               .due_block = {tip.value + options_.patience_blocks}});
}

bool SubmittedTransactions::keep(Kept kept) {
  const AccountId account = kept.transaction.record.account;
  if (const auto old = kept_.find(account); old != kept_.end()) {
    bytes_ -= old->second.size();
    kept_.erase(old);
  }
  if (bytes_ + kept.size() > options_.max_bytes) return false;
  bytes_ += kept.size();
  kept_.emplace(account, std::move(kept));
  return true;
}

std::optional<SubmittedTransaction> SubmittedTransactions::take_due(BlockNum tip,
                                                                    Clock::time_point now) {
  const auto found = std::ranges::find_if(kept_, [&](const auto& entry) {
    const Kept& kept = entry.second;
    return kept.due == kNever ? tip >= kept.due_block : now >= kept.due;
  });
  if (found == kept_.end()) return std::nullopt;
  bytes_ -= found->second.size();
  SubmittedTransaction taken = std::move(found->second.transaction);
  kept_.erase(found);
  return taken;
}

std::optional<SubmittedTransactions::Clock::time_point> SubmittedTransactions::next_due() const {
  std::optional<Clock::time_point> next;
  for (const auto& [account, kept] : kept_) {
    if (kept.due != kNever) next = std::min(next.value_or(kept.due), kept.due);
  }
  return next;
}

}  // namespace miden
