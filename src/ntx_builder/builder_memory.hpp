// What a BuilderState holds: its store, and what it remembers of it.
#pragma once

#include <functional>
#include <map>
#include <mutex>

#include "ntx_builder/account_store.hpp"
#include "ntx_builder/check_followed_block.hpp"
#include "ntx_builder/note_change.hpp"

namespace miden {

// What a block makes of accounts.
struct AccountChanges {
  struct Change {
    std::shared_ptr<const Account> after;
    const AccountDelta* delta = nullptr;  // of the block; none: the account is new
  };
  std::vector<Change> network;
  std::vector<AccountId> plain;  // new public accounts that are no network accounts
};

struct BuilderState::State {
  State(std::shared_ptr<Store> opened, const Options& given, const Word& genesis,
        std::shared_ptr<const ChainTip> stored_tip);

  const std::shared_ptr<Store> store;
  const Options options;
  const Word genesis_commitment;
  const PublicKey validator_key;

  mutable std::mutex mutex;  // guards what follows, and every write but those of scripts
  std::shared_ptr<const ChainTip> tip;
  AccountStore accounts;
  NoteMemory notes;
  std::map<AccountId, InflightTransaction> inflight;
  bool is_changing = false;

  std::mutex script_mutex;  // guards what follows, and the writes of scripts
  size_t script_count = 0;
  uint64_t next_script = 0;

  // Memory and store change together between the two. When one of them throws, memory may be ahead
  // of the store: nothing can be changed any more.
  void begin_change();
  void commit(WriteBatch& batch);
  void nothing_changed() { is_changing = false; }

  // A change of notes alone, under the lock.
  void change_notes(const std::function<void(const Snapshot&, NoteChange&)>& make_change);
  // What does not fit is found first, before anything changes. Genesis accounts have no
  // transactions: `transitions` is null. Error: AccountUpdateMismatch.
  Result<AccountChanges> find_account_changes(const SignedBlock& block,
                                              const AccountTransitions* transitions);
  // Then all of the block goes into memory and the batch, the tip excepted.
  BlockEffects stage_block(const SignedBlock& block, AccountChanges changes, WriteBatch& batch);
  void end_inflight(const AccountId& account, WriteBatch& batch);
};

std::optional<NotePlace> find_note(const Snapshot& snapshot, const NoteId& id);
void put_tip(const ChainTip& tip, WriteBatch& batch);

}  // namespace miden
