// One write's worth of changes to notes.
#pragma once

#include <map>
#include <unordered_map>

#include "ntx_builder/waiting_notes.hpp"

namespace miden {

// What is kept about notes outside the store.
struct NoteMemory {
  WaitingNotes waiting;
  size_t finished = 0;  // rows of kFinishedNotes
  Key finished_from{};  // no row of kFinishedNotes lies before
  static NoteMemory read(const Snapshot& snapshot, const std::vector<AccountId>& accounts);
};

// Changes show in the memory at once and in the store with the batch they are put into.
class NoteChange {
 public:
  // `snapshot`: the store without the change. `tip`: the block from which on notes may be tried.
  NoteChange(const Snapshot& snapshot, NoteMemory& memory, const BuilderState::Options& options,
             BlockNum tip)
      : snapshot_(snapshot), memory_(memory), options_(options), tip_(tip) {}

  // Of the block. False: it is known already (the same note may come onto the chain twice, and can
  // be consumed once).
  bool add(NotePlace place, const Note& note, const NetworkNoteTarget& target);
  // A transaction of the block consumed it. nullopt: not one of ours.
  std::optional<NoteId> consume(const Nullifier& nullifier, const TransactionId& transaction);
  // Nobody will ever consume it: it is no longer tried.
  void give_up(NotePlace place);
  void record_failed(NotePlace place, BlockNum reference_block, std::string_view error);
  // To be tried later than it was to be, without an attempt.
  void put_off(NotePlace place, BlockNum until);

  const NoteRow& row(NotePlace place) { return staged(place).row; }
  bool is_empty() const;
  // Forgets the oldest finished notes beyond the limit, and puts everything into the batch.
  void write(WriteBatch& batch);

 private:
  struct Staged {
    NoteRow row;
    bool is_new = false;
    bool is_changed = false;  // new ones are
    bool was_waiting = false;
    bool was_finished = false;
    Bytes body;  // of a new note
  };
  Staged& staged(NotePlace place);
  std::optional<NotePlace> find(const Nullifier& nullifier) const;
  bool is_known(const Nullifier& nullifier) const;
  void schedule(NotePlace place, Staged& change, std::optional<BlockNum> next_try);
  void make_room(const AccountId& account, size_t body_size);
  void write_row(WriteBatch& batch, NotePlace place, const Staged& change);
  void forget_oldest(WriteBatch& batch);

  const Snapshot& snapshot_;
  NoteMemory& memory_;
  const BuilderState::Options& options_;
  BlockNum tip_;
  std::map<NotePlace, Staged> staged_;
  std::unordered_map<Nullifier, NotePlace> new_notes_;
};

}  // namespace miden
