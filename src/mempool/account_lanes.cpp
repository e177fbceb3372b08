#include "mempool/account_lanes.hpp"

namespace miden {

const Word* AccountLanes::commitment(const AccountId& account) const {
  const auto lane = lanes_.find(account);
  return lane == lanes_.end() ? nullptr : &lane->second.commitment;
}

const AccountId* AccountLanes::holder_of_prefix(const AccountId& account) const {
  const auto holder = by_prefix_.find(account.prefix().value());
  if (holder == by_prefix_.end() || holder->second == account) return nullptr;
  return &holder->second;
}

std::vector<Arrival> AccountLanes::append(const AccountId& account, const Word& initial,
                                          const Word& final, Arrival transaction) {
  const auto [entry, is_new] = lanes_.try_emplace(account, Lane{initial, {}});
  if (is_new) by_prefix_.emplace(account.prefix().value(), account);
  Lane& lane = entry->second;

  std::vector<Arrival> parents;
  if (!lane.slots.empty() && lane.slots.back().producer) {
    parents.push_back(*lane.slots.back().producer);
  }
  if (initial == final) {
    // Transactions that leave the same state untouched are not ordered among themselves.
    if (lane.slots.empty()) lane.slots.emplace_back();
    lane.slots.back().pass_throughs.insert(transaction);
    return parents;
  }
  if (!lane.slots.empty()) {
    const std::set<Arrival>& readers = lane.slots.back().pass_throughs;
    parents.insert(parents.end(), readers.begin(), readers.end());
  }
  lane.slots.push_back(Slot{transaction, {}});
  lane.commitment = final;
  return parents;
}

void AccountLanes::revert(const AccountId& account, const Word& initial, const Word& final,
                          Arrival transaction) {
  Lane& lane = lanes_.at(account);
  Slot& newest = lane.slots.back();
  if (initial == final) {
    newest.pass_throughs.erase(transaction);
    if (!newest.producer && newest.pass_throughs.empty()) lane.slots.pop_back();
  } else {
    lane.slots.pop_back();
    lane.commitment = initial;
  }
  drop_if_empty(account);
}

void AccountLanes::prune(const AccountId& account, Arrival transaction) {
  Lane& lane = lanes_.at(account);
  Slot& oldest = lane.slots.front();
  if (oldest.producer == transaction) {
    oldest.producer.reset();
  } else {
    oldest.pass_throughs.erase(transaction);
  }
  if (!oldest.producer && oldest.pass_throughs.empty()) lane.slots.pop_front();
  drop_if_empty(account);
}

void AccountLanes::drop_if_empty(const AccountId& account) {
  const auto lane = lanes_.find(account);
  if (!lane->second.slots.empty()) return;
  lanes_.erase(lane);
  by_prefix_.erase(account.prefix().value());
}

}  // namespace miden
