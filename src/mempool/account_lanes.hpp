// The states an account passes through in flight, and who produced each: which transactions a new
// one on that account builds on. spec/block-production.md §6.3.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "protocol/account_id.hpp"

namespace miden {

// A transaction's place in arrival order; also how the mempool's parts refer to it. From 1.
using Arrival = uint64_t;

class AccountLanes {
 public:
  struct Slot {
    std::optional<Arrival>
        producer;  // none: the state comes from the chain, or its producer is pruned
    std::set<Arrival> pass_throughs;  // transactions that leave the account in this state
    friend bool operator==(const Slot&, const Slot&) = default;
  };
  struct Lane {
    Word commitment;  // after everything in flight
    std::deque<Slot> slots;
    friend bool operator==(const Lane&, const Lane&) = default;
  };

  // The account's state after everything in flight; none: nothing of it is in flight or retained.
  const Word* commitment(const AccountId& account) const;
  // Another account in flight with the same id prefix: at most one of the two can come to exist.
  const AccountId* holder_of_prefix(const AccountId& account) const;

  // Whom a transaction that takes the account from `initial` to `final` builds on, oldest first.
  // `initial` must be the lane's commitment, where there is a lane.
  std::vector<Arrival> append(const AccountId& account, const Word& initial, const Word& final,
                              Arrival transaction);
  // Takes back the newest state: nothing builds on the transaction any more.
  void revert(const AccountId& account, const Word& initial, const Word& final,
              Arrival transaction);
  // Forgets the oldest state: the transaction builds on nothing any more.
  void prune(const AccountId& account, Arrival transaction);

  const std::unordered_map<AccountId, Lane>& all() const { return lanes_; }

 private:
  void drop_if_empty(const AccountId& account);

  std::unordered_map<AccountId, Lane> lanes_;
  std::unordered_map<uint64_t, AccountId> by_prefix_;  // of every lane
};

}  // namespace miden
