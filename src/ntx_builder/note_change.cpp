#include "ntx_builder/note_change.hpp"

#include <algorithm>

#include "ntx_builder/note_schedule.hpp"

namespace miden {
namespace {

// A limit that was lowered is reached over several blocks.
constexpr size_t kMaxForgottenAtOnce = 10'000;

Key behind_all_places() { return Key().bytes(Bytes(AccountId::kWireSize + 16, 0xff)); }

WaitingNote waiting_note(NotePlace place, const NoteRow& row) {
  return {row.account, place, *row.next_try, row.body_size};
}

NotePlace decode_place(ByteView row) {
  KeyReader reader(row);
  return read_place(reader);
}

// Whole characters of at most so many bytes.
std::string_view cut(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  size_t end = max_bytes;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

NoteMemory NoteMemory::read(const Snapshot& snapshot, const std::vector<AccountId>& accounts) {
  NoteMemory memory;
  for (const AccountId& account : accounts) memory.waiting.add_account(account);
  for (Cursor row = snapshot.rows(kWaitingNotes, Key(), behind_all_places()); row.valid();
       row.next()) {
    KeyReader key(row.key());
    KeyReader value(row.value());
    const Result<AccountId> account = AccountId::from_wire(key.bytes(AccountId::kWireSize));
    if (!account) throw_corrupt_builder_store("the account of a waiting note");
    const NotePlace place = read_place(key);
    const BlockNum next_try{value.u32()};
    memory.waiting.add({*account, place, next_try, value.u32()});
  }
  for (Cursor row = snapshot.rows(kFinishedNotes, Key(), behind_all_places()); row.valid();
       row.next()) {
    ++memory.finished;
  }
  return memory;
}

bool NoteChange::add(NotePlace place, const Note& note, const NetworkNoteTarget& target) {
  const Nullifier nullifier = note.nullifier();
  if (is_known(nullifier)) return false;
  Bytes body = to_bytes(note);
  const std::optional<BlockNum> next_try = next_allowed(target.execution_hint, tip_);
  if (next_try && !memory_.waiting.has_account(target.account)) {
    make_room(target.account, body.size());
  }
  Staged& change = staged_
                       .emplace(place, Staged{.row = {.id = note.id(),
                                                      .nullifier = nullifier,
                                                      .account = target.account,
                                                      .execution_hint = target.execution_hint},
                                              .is_new = true,
                                              .body = std::move(body)})
                       .first->second;
  change.row.script_root = note.details().recipient.script.root();
  change.row.body_size = static_cast<uint32_t>(change.body.size());
  new_notes_.emplace(nullifier, place);
  schedule(place, change, next_try);
  return true;
}

std::optional<NoteId> NoteChange::consume(const Nullifier& nullifier,
                                          const TransactionId& transaction) {
  const std::optional<NotePlace> place = find(nullifier);
  if (!place) return std::nullopt;
  Staged& change = staged(*place);
  if (change.row.committed_at) return std::nullopt;
  change.row.committed_at = tip_;
  change.row.committed_by = transaction;
  schedule(*place, change, std::nullopt);
  return change.row.id;
}

void NoteChange::give_up(NotePlace place) { schedule(place, staged(place), std::nullopt); }

void NoteChange::record_failed(NotePlace place, BlockNum reference_block, std::string_view error) {
  Staged& change = staged(place);
  NoteRow& row = change.row;
  if (!row.is_waiting()) return;
  ++row.attempts;
  row.last_attempt = reference_block;
  row.last_error = cut(error, kMaxStoredErrorBytes);
  schedule(place, change,
           row.attempts >= kMaxNoteAttempts
               ? std::nullopt
               : next_try(row.execution_hint, row.attempts, row.last_attempt, tip_));
}

void NoteChange::put_off(NotePlace place, BlockNum until) {
  Staged& change = staged(place);
  const NoteRow& row = change.row;
  if (!row.is_waiting()) return;
  schedule(place, change,
           next_try(row.execution_hint, row.attempts, row.last_attempt, std::max(tip_, until)));
}

NoteChange::Staged& NoteChange::staged(NotePlace place) {
  if (const auto found = staged_.find(place); found != staged_.end()) return found->second;
  const std::optional<Bytes> stored = snapshot_.get(kNoteRows, place_key(place));
  if (!stored) throw_corrupt_builder_store("a note's row is missing");
  auto row = decode_builder_row<NoteRow>(*stored, "a note's row");
  const bool was_waiting = row.is_waiting();
  const bool was_finished = row.finished_at.has_value();
  return staged_
      .emplace(place, Staged{.row = std::move(row),
                             .was_waiting = was_waiting,
                             .was_finished = was_finished,
                             .body = {}})
      .first->second;
}

std::optional<NotePlace> NoteChange::find(const Nullifier& nullifier) const {
  if (const auto found = new_notes_.find(nullifier); found != new_notes_.end()) {
    return found->second;
  }
  const std::optional<Bytes> place = snapshot_.get(kPlaceByNullifier, id_key(nullifier));
  if (!place || place->empty()) return std::nullopt;
  return decode_place(*place);
}

bool NoteChange::is_known(const Nullifier& nullifier) const {
  return new_notes_.contains(nullifier) || snapshot_.contains(kPlaceByNullifier, id_key(nullifier));
}

// nullopt: it waits no longer.
void NoteChange::schedule(NotePlace place, Staged& change, std::optional<BlockNum> next_try) {
  NoteRow& row = change.row;
  change.is_changed = true;
  if (row.is_waiting()) memory_.waiting.remove(waiting_note(place, row));
  row.next_try = next_try;
  if (next_try) {
    memory_.waiting.add(waiting_note(place, row));
  } else if (!row.finished_at) {
    row.finished_at = tip_;
  }
}

void NoteChange::make_room(const AccountId& account, size_t body_size) {
  const WaitingNotes& waiting = memory_.waiting;
  while (waiting.deferred_count(account) > 0 &&
         waiting.deferred_count(account) >= options_.max_deferred_notes_per_account) {
    give_up(*waiting.oldest_deferred(account));
  }
  while (waiting.deferred_count() > 0 &&
         (waiting.deferred_count() >= options_.max_deferred_notes ||
          waiting.deferred_bytes() + body_size > options_.max_deferred_bytes)) {
    give_up(*waiting.oldest_deferred());
  }
}

bool NoteChange::is_empty() const {
  return std::ranges::none_of(staged_, [](const auto& entry) { return entry.second.is_changed; });
}

void NoteChange::write(WriteBatch& batch) {
  for (const auto& [place, change] : staged_) {
    if (change.is_changed) write_row(batch, place, change);
  }
  forget_oldest(batch);
}

void NoteChange::write_row(WriteBatch& batch, NotePlace place, const Staged& change) {
  const NoteRow& row = change.row;
  batch.put(kNoteRows, place_key(place), to_bytes(row));
  if (change.is_new) {
    batch.put(kPlaceById, id_key(row.id), place_key(place).view());
    batch.put(kPlaceByNullifier, id_key(row.nullifier), place_key(place).view());
    if (row.is_waiting()) batch.put(kWaitingBodies, place_key(place), change.body);
  }
  if (row.is_waiting()) {
    batch.put(kWaitingNotes, waiting_key(row.account, place),
              Key().u32(row.next_try->value).u32(row.body_size).view());
  } else if (change.was_waiting) {
    batch.remove(kWaitingNotes, waiting_key(row.account, place));
    batch.remove(kWaitingBodies, place_key(place));
  }
  if (row.finished_at && !change.was_finished) {
    batch.put(kFinishedNotes, finished_key(*row.finished_at, place), {});
    ++memory_.finished;
  }
}

void NoteChange::forget_oldest(WriteBatch& batch) {
  if (memory_.finished <= options_.max_finished_notes) return;
  size_t excess = std::min(memory_.finished - options_.max_finished_notes, kMaxForgottenAtOnce);
  Cursor row = snapshot_.rows(kFinishedNotes, memory_.finished_from, behind_all_places());
  for (; row.valid() && excess > 0; row.next(), --excess) {
    KeyReader key(row.key());
    key.u32();
    const NotePlace place = read_place(key);
    const NoteRow& note = staged(place).row;
    batch.remove(kNoteRows, place_key(place));
    batch.remove(kPlaceById, id_key(note.id));
    // A note that was consumed may come onto the chain again. Whoever tried it then would have
    // every transaction refused: that it was consumed is remembered for ever.
    if (note.committed_at) {
      batch.put(kPlaceByNullifier, id_key(note.nullifier), {});
    } else {
      batch.remove(kPlaceByNullifier, id_key(note.nullifier));
    }
    batch.remove(kFinishedNotes, row.key());
    memory_.finished_from = Key().bytes(row.key());
    --memory_.finished;
  }
}

}  // namespace miden
