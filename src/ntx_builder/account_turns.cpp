#include "ntx_builder/account_turns.hpp"

#include <algorithm>

namespace miden {
namespace {

// After a turn that found nothing: what said that there is something to do is being changed.
constexpr std::chrono::milliseconds kShortRest(100);

}  // namespace

std::optional<AccountId> AccountTurns::begin(std::span<const AccountId> due,
                                             Clock::time_point now) {
  forget_idle(now);
  const AccountId* next = nullptr;
  uint64_t oldest = 0;
  for (const AccountId& account : due) {
    const Entry* known = find(account);
    if (known != nullptr &&
        (known->has_turn || known->rests_until > now || is_deactivated(*known))) {
      continue;
    }
    const uint64_t last_turn = known == nullptr ? 0 : known->last_turn;
    if (next == nullptr || last_turn < oldest) {
      next = &account;
      oldest = last_turn;
    }
  }
  if (next == nullptr) return std::nullopt;
  Entry& taken = entry(*next);
  taken.has_turn = true;
  taken.last_turn = ++turn_;
  return *next;
}

void AccountTurns::end(const AccountId& account, End end, Clock::time_point now) {
  Entry& ended = entry(account);
  ended.has_turn = false;
  ended.last_end = now;
  switch (end) {
    case End::kDone:
      ended.hindrances = 0;
      break;
    case End::kNothing:
      ended.rests_until = now + kShortRest;
      break;
    case End::kHindered:
      ended.rests_until = now + rest_after(++ended.hindrances);
      break;
    case End::kCrashed:
      ended.rests_until = now + rest_after(++ended.crashes);
      break;
  }
}

std::optional<AccountTurns::Clock::time_point> AccountTurns::next_rest_end(
    Clock::time_point now) const {
  std::optional<Clock::time_point> next;
  for (const auto& [account, entry] : entries_) {
    if (entry.rests_until <= now || is_deactivated(entry)) continue;
    next = std::min(next.value_or(entry.rests_until), entry.rests_until);
  }
  return next;
}

size_t AccountTurns::notes_at_once(const AccountId& account) const {
  const Entry* known = find(account);
  return known == nullptr ? options_.max_notes : known->notes_at_once;
}

void AccountTurns::take_fewer(const AccountId& account, size_t than) {
  entry(account).notes_at_once = std::max<size_t>(1, than / 2);
}

void AccountTurns::take_more(const AccountId& account) {
  size_t& number = entry(account).notes_at_once;
  number = std::min(options_.max_notes, number * 2);
}

bool AccountTurns::is_deactivated(const AccountId& account) const {
  const Entry* known = find(account);
  return known != nullptr && is_deactivated(*known);
}

AccountTurns::Entry& AccountTurns::entry(const AccountId& account) {
  return entries_.try_emplace(account, Entry{.notes_at_once = options_.max_notes}).first->second;
}

const AccountTurns::Entry* AccountTurns::find(const AccountId& account) const {
  const auto found = entries_.find(account);
  return found == entries_.end() ? nullptr : &found->second;
}

bool AccountTurns::is_deactivated(const Entry& entry) const {
  return entry.crashes > 0 && entry.crashes >= options_.max_crashes;
}

std::chrono::milliseconds AccountTurns::rest_after(size_t failures) const {
  std::chrono::milliseconds rest = options_.first_rest;
  for (size_t i = 1; i < failures && rest < options_.longest_rest; ++i) rest *= 2;
  return std::min(rest, options_.longest_rest);
}

void AccountTurns::forget_idle(Clock::time_point now) {
  if (now - forgot_at_ < options_.idle_timeout / 2) return;
  forgot_at_ = now;
  std::erase_if(entries_, [&](const auto& known) {
    const Entry& entry = known.second;
    return !entry.has_turn && entry.crashes == 0 && now - entry.last_end > options_.idle_timeout;
  });
}

}  // namespace miden
