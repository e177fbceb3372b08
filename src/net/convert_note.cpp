#include "net/convert_note.hpp"

namespace miden {
namespace {

constexpr uint32_t kReservedScheme = 65535;

Result<PartialNoteMetadata> read_partial(const ::note::NoteMetadata& metadata) {
  const AccountId sender = READ_FIELD(metadata, sender);
  // Not the serializer's numbers: 1 is public here.
  switch (metadata.note_type()) {
    case ::note::NOTE_TYPE_PUBLIC:
      return PartialNoteMetadata{NoteType::kPublic, sender, metadata.tag()};
    case ::note::NOTE_TYPE_PRIVATE:
      return PartialNoteMetadata{NoteType::kPrivate, sender, metadata.tag()};
    default:
      return std::unexpected(
          at("note_type", Error{"InvalidNoteType", "enum variant discriminant out of range"}));
  }
}

Result<std::vector<uint16_t>> read_schemes(const ::note::NoteMetadata& metadata) {
  if (static_cast<size_t>(metadata.attachment_schemes_size()) > kMaxNoteAttachments) {
    return fail("TooManyAttachments", "note metadata contains " +
                                          std::to_string(metadata.attachment_schemes_size()) +
                                          " attachment schemes but the maximum is " +
                                          std::to_string(kMaxNoteAttachments));
  }
  std::vector<uint16_t> schemes;
  bool is_past_the_last = false;
  for (const uint32_t scheme : metadata.attachment_schemes()) {
    if (scheme >= kReservedScheme) {
      return fail("InvalidAttachmentScheme",
                  "attachment scheme " + std::to_string(scheme) + " is out of range");
    }
    if (scheme == 0) {
      is_past_the_last = true;
      continue;
    }
    if (is_past_the_last) {
      return fail("InvalidAttachmentScheme", "attachment schemes have a gap");
    }
    schemes.push_back(static_cast<uint16_t>(scheme));
  }
  return schemes;
}

}  // namespace

::note::NoteId to_message(const NoteId& id) {
  ::note::NoteId message;
  *message.mutable_id() = to_message(id.word);
  return message;
}

::note::NoteMetadata to_message(const NoteMetadata& metadata) {
  ::note::NoteMetadata message;
  *message.mutable_sender() = to_message(metadata.partial.sender);
  message.set_note_type(metadata.partial.type == NoteType::kPublic ? ::note::NOTE_TYPE_PUBLIC
                                                                   : ::note::NOTE_TYPE_PRIVATE);
  message.set_tag(metadata.partial.tag);
  for (size_t i = 0; i < kMaxNoteAttachments; ++i) {
    const auto& schemes = metadata.attachment_schemes;
    message.add_attachment_schemes(i < schemes.size() ? schemes[i] : 0);
  }
  *message.mutable_attachments_commitment() = to_message(metadata.attachments_commitment);
  return message;
}

::note::NoteHeader to_message(const NoteHeader& header) {
  ::note::NoteHeader message;
  *message.mutable_details_commitment() = to_digest(header.details_commitment);
  *message.mutable_metadata() = to_message(header.metadata);
  return message;
}

::note::NoteInclusionInBlockProof to_message(const NoteId& id, const NoteInclusionProof& proof) {
  ::note::NoteInclusionInBlockProof message;
  *message.mutable_note_id() = to_message(id);
  message.set_block_num(proof.block_num.value);
  message.set_note_index_in_block(proof.block_note_tree_index);
  *message.mutable_inclusion_path() = to_message(proof.path);
  return message;
}

::note::NoteScript to_message(const NoteScript& script) {
  ::note::NoteScript message;
  message.set_entrypoint(script.entrypoint);
  ByteWriter writer;
  script.forest.encode(writer);
  message.set_mast(as_string_view(writer.view()).data(), writer.size());
  return message;
}

Result<NoteId> from_message(const ::note::NoteId& id) { return NoteId(READ_FIELD(id, id)); }

Result<NoteMetadata> from_message(const ::note::NoteMetadata& metadata) {
  const PartialNoteMetadata partial = TRY(read_partial(metadata));
  std::vector<uint16_t> schemes = TRY(at("attachment_schemes", read_schemes(metadata)));
  const Word attachments_commitment = READ_FIELD(metadata, attachments_commitment);
  return NoteMetadata{partial, std::move(schemes), attachments_commitment};
}

Result<NoteHeader> from_message(const ::note::NoteHeader& header) {
  const Word details_commitment = READ_FIELD(header, details_commitment);
  NoteMetadata metadata = READ_FIELD(header, metadata);
  return NoteHeader{NoteDetailsCommitment(details_commitment), std::move(metadata)};
}

Result<std::pair<NoteId, NoteInclusionProof>> from_message(
    const ::note::NoteInclusionInBlockProof& proof) {
  const NoteId id = READ_FIELD(proof, note_id);
  SparseMerklePath path = READ_FIELD(proof, inclusion_path);
  if (proof.note_index_in_block() > UINT16_MAX) {
    return std::unexpected(
        at("note_index_in_block",
           Error{"InvalidNoteIndex", "out of range integral type conversion attempted"}));
  }
  return std::pair(
      id, NoteInclusionProof{BlockNum{proof.block_num()},
                             static_cast<uint16_t>(proof.note_index_in_block()), std::move(path)});
}

Result<NoteScript> from_message(const ::note::NoteScript& script) {
  ByteReader reader(as_bytes(script.mast()));
  MastForest forest = TRY(bytes_as("note_script.mast", MastForest::decode(reader)));
  return NoteScript::make(std::move(forest), script.entrypoint());
}

Result<Note> from_message(const ::note::Note& note) {
  if (!note.has_metadata()) return missing_field(note, "metadata");
  const PartialNoteMetadata metadata = TRY(at("metadata", read_partial(note.metadata())));
  if (!note.has_details()) return missing_field(note, "details");
  NoteDetails details =
      TRY(bytes_as("NoteDetails", from_bytes<NoteDetails>(as_bytes(note.details()))));
  NoteAttachments attachments;
  if (!note.attachments().empty()) {
    attachments =
        TRY(bytes_as("NoteAttachments", from_bytes<NoteAttachments>(as_bytes(note.attachments()))));
  }
  return Note(metadata, std::move(details), std::move(attachments));
}

}  // namespace miden
