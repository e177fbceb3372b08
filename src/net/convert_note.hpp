// Notes. spec/types.md §15.3.
#pragma once

#include "net/convert_account.hpp"
#include "protocol/note.hpp"
#include "types/note.pb.h"

namespace miden {

::note::NoteId to_message(const NoteId& id);
// Always four schemes: 0 stands for an absent one.
::note::NoteMetadata to_message(const NoteMetadata& metadata);
::note::NoteHeader to_message(const NoteHeader& header);
::note::NoteInclusionInBlockProof to_message(const NoteId& id, const NoteInclusionProof& proof);
::note::NoteScript to_message(const NoteScript& script);

Result<NoteId> from_message(const ::note::NoteId& id);
// Errors: type 0 or unknown, more than four schemes, a scheme that does not fit or is reserved, a
// gap.
Result<NoteMetadata> from_message(const ::note::NoteMetadata& metadata);
Result<NoteHeader> from_message(const ::note::NoteHeader& header);
// Error: an index beyond u16.
Result<std::pair<NoteId, NoteInclusionProof>> from_message(
    const ::note::NoteInclusionInBlockProof& proof);
Result<NoteScript> from_message(const ::note::NoteScript& script);
// A public note; of the metadata only sender, type and tag are read. Error: details missing.
Result<Note> from_message(const ::note::Note& note);

}  // namespace miden
