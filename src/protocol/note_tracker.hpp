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
  std::map<Nullifier, InputNoteCommitment> inputs;  // headers dropped where a proof authenticated them
  std::map<NoteId, std::pair<size_t, const OutputNote*>> outputs;  // with the container's index
  std::set<Nullifier> erased;
};

// Errors: DuplicateOutputNote, DuplicateInputNote, UnauthenticatedInputNoteBlockNotInPartialBlockchain,
// UnauthenticatedNoteAuthenticationFailed, NoteConsumedBeforeCreated, NoteCreatedAndConsumed.
Result<TrackedNotes> track_notes(std::span<const NoteContainer> containers,
                                 const std::map<NoteId, NoteInclusionProof>& note_proofs,
                                 const PartialBlockchain& blockchain, const BlockHeader& reference_block);

}  // namespace miden
