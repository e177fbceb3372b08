#include "protocol/note_tracker.hpp"

namespace miden {

namespace {

class NoteTracker {
 public:
  // Outputs come before inputs, so that a container which creates and consumes one note is found
  // out.
  template <class Authenticate>
  Result<void> add(size_t container_index, const NoteContainer& container,
                   const Authenticate& authenticate) {
    for (const OutputNote& output : container.outputs) {
      if (!notes_.outputs.try_emplace(output.id(), container_index, &output).second) {
        return fail("DuplicateOutputNote", "note " + output.id().to_hex() + " is created twice");
      }
    }
    std::vector<const NoteHeader*> unauthenticated;
    for (const InputNoteCommitment& input : container.inputs) {
      if (input.header) unauthenticated.push_back(&*input.header);
    }
    const std::vector<NoteId> ids = note_ids(unauthenticated);
    auto next_id = ids.begin();
    for (const InputNoteCommitment& input : container.inputs) {
      bool keep_header = input.header.has_value();
      if (input.header) {
        const NoteId& id = *next_id++;
        if (TRY(erase(id, container_index))) {
          notes_.erased.insert(input.nullifier);
          continue;
        }
        keep_header = !TRY(authenticate(id));
        if (keep_header) unauthenticated_.emplace_back(id);
      }
      const auto inserted = notes_.inputs.try_emplace(input.nullifier, input.nullifier,
                                                      keep_header ? input.header : std::nullopt);
      if (!inserted.second) {
        return fail("DuplicateInputNote",
                    "the note with nullifier " + input.nullifier.to_hex() + " is consumed twice");
      }
    }
    return {};
  }

  Result<void> check_order() const {
    for (const NoteId& id : unauthenticated_) {
      if (notes_.outputs.contains(id)) {
        return fail("NoteConsumedBeforeCreated",
                    "note " + id.to_hex() + " is consumed before it is created");
      }
    }
    return {};
  }

  TrackedNotes take() && { return std::move(notes_); }

 private:
  // Whether the note was an output so far; it is none any more then.
  Result<bool> erase(const NoteId& id, size_t container_index) {
    const auto output = notes_.outputs.find(id);
    if (output == notes_.outputs.end()) return false;
    if (output->second.first == container_index) {
      return fail("NoteCreatedAndConsumed",
                  "note " + id.to_hex() + " is created and consumed in one place");
    }
    notes_.outputs.erase(output);
    return true;
  }

  TrackedNotes notes_;
  std::vector<NoteId> unauthenticated_;  // consumed, in the order met, neither erased nor proven
};

// Whether a proof shows the note in a block of the chain; false when there is no proof for it.
Result<bool> authenticated_by_proof(const NoteId& id,
                                    const std::map<NoteId, NoteInclusionProof>& note_proofs,
                                    const PartialBlockchain& blockchain,
                                    const BlockHeader& reference_block) {
  const auto found = note_proofs.find(id);
  if (found == note_proofs.end()) return false;
  const NoteInclusionProof& proof = found->second;
  const BlockHeader* block = proof.block_num == reference_block.block_num
                                 ? &reference_block
                                 : blockchain.find(proof.block_num);
  const std::string block_name = "block " + std::to_string(proof.block_num.value);
  if (block == nullptr) {
    return fail("UnauthenticatedInputNoteBlockNotInPartialBlockchain",
                block_name + ", in which note " + id.to_hex() +
                    " was created, is not in the partial chain");
  }
  const Result<Word> root = proof.path.compute_root(proof.block_note_tree_index, id.word);
  if (!root || *root != block->note_root) {
    return fail("UnauthenticatedNoteAuthenticationFailed",
                "the proof of note " + id.to_hex() + " does not lead to " + block_name);
  }
  return true;
}

}  // namespace

Result<TrackedNotes> track_notes(std::span<const NoteContainer> containers,
                                 const std::map<NoteId, NoteInclusionProof>& note_proofs,
                                 const PartialBlockchain& blockchain,
                                 const BlockHeader& reference_block) {
  const auto authenticate = [&](const NoteId& id) {
    return authenticated_by_proof(id, note_proofs, blockchain, reference_block);
  };
  NoteTracker tracker;
  for (size_t i = 0; i < containers.size(); ++i) TRY(tracker.add(i, containers[i], authenticate));
  TRY(tracker.check_order());
  return std::move(tracker).take();
}

Result<TrackedNotes> track_notes_without_proofs(std::span<const NoteContainer> containers) {
  const auto authenticate = [](const NoteId&) -> Result<bool> { return false; };
  NoteTracker tracker;
  for (size_t i = 0; i < containers.size(); ++i) TRY(tracker.add(i, containers[i], authenticate));
  return std::move(tracker).take();
}

}  // namespace miden
