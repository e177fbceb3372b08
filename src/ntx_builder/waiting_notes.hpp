// Which notes wait, for whom and until when: the order of the builder's work, in memory.
//
// A pure structure, made of what the store says when it is opened and kept beside it: about a
// hundred bytes a note. Not safe for several threads.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ntx_builder/builder_tables.hpp"

namespace miden {

struct WaitingNote {
  AccountId account;
  NotePlace place;
  BlockNum next_try;
  uint32_t body_size = 0;
};

class WaitingNotes {
 public:
  // Its notes, deferred until now, are due from now on.
  void add_account(const AccountId& account);
  bool has_account(const AccountId& account) const { return accounts_.contains(account); }

  // A note of an account that was not added is deferred. The place must not be waiting.
  void add(const WaitingNote& note);
  // The same note as was added.
  void remove(const WaitingNote& note);
  // An account with a transaction under way has nothing due.
  void set_inflight(const AccountId& account, bool inflight);

  // Accounts with notes that are due at the tip, the one that has waited longest first.
  std::vector<AccountId> due_accounts(BlockNum tip) const;
  // The account's notes that are due at the tip, the one that has waited longest first.
  std::vector<NotePlace> due_notes(const AccountId& account, BlockNum tip, size_t limit) const;

  // Notes of accounts that were not added.
  size_t deferred_count() const { return deferred_.size(); }
  size_t deferred_count(const AccountId& account) const;
  size_t deferred_bytes() const { return deferred_bytes_; }
  std::optional<NotePlace> oldest_deferred() const;
  std::optional<NotePlace> oldest_deferred(const AccountId& account) const;
  std::vector<NotePlace> deferred_of(const AccountId& account) const;  // oldest first

  size_t account_count() const { return accounts_.size(); }
  size_t waiting_count() const { return waiting_count_; }  // of accounts that were added

 private:
  using Queue = std::set<std::pair<BlockNum, NotePlace>>;
  struct AccountQueue {
    Queue notes;
    bool inflight = false;
    std::optional<BlockNum> listed;  // under which it stands in due_
  };
  void relist(const AccountId& account, AccountQueue& queue);

  std::map<AccountId, AccountQueue> accounts_;
  std::set<std::pair<BlockNum, AccountId>> due_;  // by the first note's block
  size_t waiting_count_ = 0;

  std::map<NotePlace, WaitingNote> deferred_;
  std::map<AccountId, std::set<NotePlace>> deferred_by_account_;
  size_t deferred_bytes_ = 0;
};

}  // namespace miden
