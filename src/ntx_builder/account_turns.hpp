// Whose turn is it? spec/ntx-builder.md §8, and T2, T4, T5, T16 of §21.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <unordered_map>

#include "protocol/account_id.hpp"

namespace miden {

// Among accounts that have something to do: the one whose last turn is longest ago, whatever the
// number of its notes. An account that was hindered or crashed rests, each time longer; nothing is
// forgotten meanwhile, since what there is to do is told anew each time. Not thread-safe.
class AccountTurns {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    size_t max_notes = 20;
    // An account that crashed so often has no more turns, 0 counting as 1.
    size_t max_crashes = 10;
    std::chrono::milliseconds first_rest = std::chrono::seconds(1);
    std::chrono::milliseconds longest_rest = std::chrono::seconds(60);
    // What is known of an account that had no turn for so long is forgotten, crashes excepted.
    std::chrono::milliseconds idle_timeout = std::chrono::minutes(5);
  };
  enum class End {
    kDone,
    kNothing,   // there was nothing to do after all
    kHindered,  // by something around it: a node, a prover
    kCrashed,
  };

  explicit AccountTurns(Options options) : options_(options) {}

  // The account is taken until end(). nullopt: none of them may have a turn now.
  std::optional<AccountId> begin(std::span<const AccountId> due, Clock::time_point now);
  void end(const AccountId& account, End end, Clock::time_point now);
  // When the next of those that rest may have a turn.
  std::optional<Clock::time_point> next_rest_end(Clock::time_point now) const;

  // How many notes its next transaction may consume: fewer after a transaction that was refused for
  // what some of them do, more again after one that was not. At least 1.
  size_t notes_at_once(const AccountId& account) const;
  void take_fewer(const AccountId& account, size_t than);
  void take_more(const AccountId& account);

  bool is_deactivated(const AccountId& account) const;

 private:
  struct Entry {
    uint64_t last_turn = 0;
    bool has_turn = false;
    Clock::time_point rests_until = {};
    Clock::time_point last_end = {};
    size_t hindrances = 0;  // in a row
    size_t crashes = 0;
    size_t notes_at_once;
  };
  Entry& entry(const AccountId& account);
  const Entry* find(const AccountId& account) const;
  bool is_deactivated(const Entry& entry) const;
  std::chrono::milliseconds rest_after(size_t failures) const;
  void forget_idle(Clock::time_point now);

  const Options options_;
  std::unordered_map<AccountId, Entry> entries_;
  uint64_t turn_ = 0;
  Clock::time_point forgot_at_ = {};
};

}  // namespace miden
