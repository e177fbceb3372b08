#include "ntx_builder/waiting_notes.hpp"

namespace miden {

void WaitingNotes::add_account(const AccountId& account) {
  if (!accounts_.try_emplace(account).second) return;
  for (const NotePlace place : deferred_of(account)) {
    const WaitingNote note = deferred_.at(place);
    deferred_.erase(place);
    deferred_bytes_ -= note.body_size;
    add(note);
  }
  deferred_by_account_.erase(account);
}

void WaitingNotes::add(const WaitingNote& note) {
  if (const auto account = accounts_.find(note.account); account != accounts_.end()) {
    account->second.notes.emplace(note.next_try, note.place);
    ++waiting_count_;
    relist(note.account, account->second);
    return;
  }
  deferred_.emplace(note.place, note);
  deferred_by_account_[note.account].insert(note.place);
  deferred_bytes_ += note.body_size;
}

void WaitingNotes::remove(const WaitingNote& note) {
  if (const auto account = accounts_.find(note.account); account != accounts_.end()) {
    waiting_count_ -= account->second.notes.erase({note.next_try, note.place});
    relist(note.account, account->second);
    return;
  }
  if (deferred_.erase(note.place) == 0) return;
  deferred_bytes_ -= note.body_size;
  const auto places = deferred_by_account_.find(note.account);
  places->second.erase(note.place);
  if (places->second.empty()) deferred_by_account_.erase(places);
}

void WaitingNotes::set_inflight(const AccountId& account, bool inflight) {
  const auto found = accounts_.find(account);
  if (found == accounts_.end()) return;
  found->second.inflight = inflight;
  relist(account, found->second);
}

void WaitingNotes::relist(const AccountId& account, AccountQueue& queue) {
  std::optional<BlockNum> block;
  if (!queue.inflight && !queue.notes.empty()) block = queue.notes.begin()->first;
  if (block == queue.listed) return;
  if (queue.listed) due_.erase({*queue.listed, account});
  if (block) due_.emplace(*block, account);
  queue.listed = block;
}

std::vector<AccountId> WaitingNotes::due_accounts(BlockNum tip) const {
  std::vector<AccountId> due;
  for (const auto& [block, account] : due_) {
    if (block > tip) break;
    due.push_back(account);
  }
  return due;
}

std::vector<NotePlace> WaitingNotes::due_notes(const AccountId& account, BlockNum tip,
                                               size_t limit) const {
  std::vector<NotePlace> due;
  const auto found = accounts_.find(account);
  if (found == accounts_.end() || found->second.inflight) return due;
  for (const auto& [block, place] : found->second.notes) {
    if (block > tip || due.size() == limit) break;
    due.push_back(place);
  }
  return due;
}

size_t WaitingNotes::deferred_count(const AccountId& account) const {
  const auto found = deferred_by_account_.find(account);
  return found == deferred_by_account_.end() ? 0 : found->second.size();
}

std::optional<NotePlace> WaitingNotes::oldest_deferred() const {
  if (deferred_.empty()) return std::nullopt;
  return deferred_.begin()->first;
}

std::optional<NotePlace> WaitingNotes::oldest_deferred(const AccountId& account) const {
  const auto found = deferred_by_account_.find(account);
  if (found == deferred_by_account_.end()) return std::nullopt;
  return *found->second.begin();
}

std::vector<NotePlace> WaitingNotes::deferred_of(const AccountId& account) const {
  const auto found = deferred_by_account_.find(account);
  if (found == deferred_by_account_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace miden
