// Which notes remain after a sequence of transactions or batches has consumed and created them.
// spec/types.md §11.2.
#pragma once

#include <map>
#include <set>
#include <span>
#include <vector>

#include "protocol/partial_blockchain.hpp"
#include "protocol/transaction.hpp"

namespace miden {

// One transaction or one batch.
struct NoteContainer {
  std::span<const InputNoteCommitment> inputs;
  std::span<const OutputNote> outputs;
};

struct TrackedNotes {
  std::map<Nullifier, InputNoteCommitment>
      inputs;  // headers dropped where a proof authenticated them
  std::map<NoteId, std::pair<size_t, const OutputNote*>> outputs;  // with the container's index
  std::set<Nullifier> erased;
};

// The containers' notes must outlive the result.
// Errors: DuplicateOutputNote, DuplicateInputNote,
// UnauthenticatedInputNoteBlockNotInPartialBlockchain, UnauthenticatedNoteAuthenticationFailed,
// NoteConsumedBeforeCreated, NoteCreatedAndConsumed.
Result<TrackedNotes> track_notes(std::span<const NoteContainer> containers,
                                 const std::map<NoteId, NoteInclusionProof>& note_proofs,
                                 const PartialBlockchain& blockchain,
                                 const BlockHeader& reference_block);

// The same where the inclusion proofs are not at hand: inputs that no output erased stay as they
// are, and a note that is consumed before it is created passes, because one that an earlier block
// created as well may be consumed so. Errors: DuplicateOutputNote, DuplicateInputNote,
// NoteCreatedAndConsumed.
Result<TrackedNotes> track_notes_without_proofs(std::span<const NoteContainer> containers);

}  // namespace miden
