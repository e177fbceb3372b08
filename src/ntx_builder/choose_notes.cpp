// Which notes does an account try next?
#include "ntx_builder/builder_memory.hpp"
#include "ntx_builder/note_schedule.hpp"

namespace miden {
namespace {

// Looked at under one lock; there may be any number that turn out to be out of their slot, or that
// the account refuses.
constexpr size_t kLookedAtOnce = 500;

// Which the account may change: read from its newest state (spec §5.1). An account without a list
// takes nothing.
bool is_allowed(const Account& account, const NoteScriptRoot& script_root) {
  const StorageSlot* slot = account.storage.find(network_account_slot_name());
  const auto* list = slot == nullptr ? nullptr : std::get_if<StorageMap>(&slot->content);
  return list != nullptr && list->entries().contains(StorageMapKey(script_root.word));
}

std::string refusal(const NoteScriptRoot& script_root) {
  return "note script root " + script_root.to_hex() +
         " is not allowlisted by the target network account";
}

using Choice = std::vector<std::pair<NotePlace, NoteRow>>;

Choice choose(NoteChange& change, const std::vector<NotePlace>& due, const Account& account,
              BlockNum tip) {
  Choice choice;
  for (const NotePlace place : due) {
    if (choice.size() == kMaxNotesPerNetworkTransaction) break;
    const NoteRow& row = change.row(place);
    if (!hint_allows(row.execution_hint, tip)) {
      change.put_off(place, tip.next());
    } else if (!is_allowed(account, row.script_root)) {
      change.record_failed(place, tip, refusal(row.script_root));
    } else {
      choice.emplace_back(place, row);
    }
  }
  return choice;
}

}  // namespace

std::optional<Candidate> BuilderState::candidate(const AccountId& account) {
  State& state = *state_;
  for (;;) {
    std::unique_lock lock(state.mutex);
    Candidate candidate{state.tip, state.accounts.get(account), {}};
    const BlockNum tip = candidate.tip->header.block_num;
    const std::vector<NotePlace> due = state.notes.waiting.due_notes(account, tip, kLookedAtOnce);
    if (due.empty()) return std::nullopt;

    state.begin_change();
    const std::shared_ptr<const Snapshot> snapshot = state.store->snapshot();
    NoteChange change(*snapshot, state.notes, state.options, tip);
    const Choice choice = choose(change, due, *candidate.account, tip);
    if (change.is_empty()) {
      state.nothing_changed();
    } else {
      WriteBatch batch(*state.store);
      change.write(batch);
      state.commit(batch);
    }
    lock.unlock();

    for (const auto& [place, row] : choice) {
      std::optional<Bytes> body = snapshot->get(kWaitingBodies, place_key(place));
      if (!body) throw_corrupt_builder_store("the body of a waiting note is missing");
      candidate.notes.push_back(
          {row.id, row.nullifier, row.script_root, row.attempts, *std::move(body)});
    }
    if (!candidate.notes.empty()) return candidate;
  }
}

}  // namespace miden
