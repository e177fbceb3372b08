#include "protocol/note.hpp"

#include <array>

#include "crypto/poseidon2.hpp"

namespace miden {

NoteId NoteHeader::id() const {
  return NoteId(merge(details_commitment.word, metadata.commitment()));
}

void NoteHeader::encode(ByteWriter& writer) const {
  details_commitment.encode(writer);
  metadata.encode(writer);
}

Result<NoteHeader> NoteHeader::decode(ByteReader& reader) {
  const auto details_commitment = TRY(NoteDetailsCommitment::decode(reader));
  return NoteHeader{details_commitment, TRY(NoteMetadata::decode(reader))};
}

Note::Note(PartialNoteMetadata metadata, NoteDetails details, NoteAttachments attachments)
    : details_(std::move(details)),
      attachments_(std::move(attachments)),
      header_{details_.commitment(), NoteMetadata::of(metadata, attachments_)},
      id_(header_.id()) {}

Nullifier Note::nullifier() const {
  const NoteRecipient& recipient = details_.recipient;
  return Nullifier(hash_words(std::array{
      recipient.serial_num, recipient.script.root().word, recipient.storage.commitment(),
      details_.assets.commitment(), metadata().word(), metadata().attachments_commitment}));
}

Note Note::minified() const {
  Note note = *this;
  MastForest& forest = note.details_.recipient.script.forest;
  forest = forest.without_debug_info();
  return note;
}

void Note::encode(ByteWriter& writer) const {
  metadata().partial.encode(writer);
  details_.encode(writer);
  attachments_.encode(writer);
}

Result<Note> Note::decode(ByteReader& reader) {
  const PartialNoteMetadata metadata = TRY(PartialNoteMetadata::decode(reader));
  NoteDetails details = TRY(NoteDetails::decode(reader));
  NoteAttachments attachments = TRY(NoteAttachments::decode(reader));
  return Note(metadata, std::move(details), std::move(attachments));
}

NoteHeader PartialNote::header() const {
  return {NoteDetailsCommitment(merge(recipient_digest, assets.commitment())),
          NoteMetadata::of(metadata, attachments)};
}

void PartialNote::encode(ByteWriter& writer) const {
  metadata.encode(writer);
  recipient_digest.encode(writer);
  assets.encode(writer);
  attachments.encode(writer);
}

Result<PartialNote> PartialNote::decode(ByteReader& reader) {
  const PartialNoteMetadata metadata = TRY(PartialNoteMetadata::decode(reader));
  const Word recipient_digest = TRY(Word::decode(reader));
  NoteAssets assets = TRY(NoteAssets::decode(reader));
  NoteAttachments attachments = TRY(NoteAttachments::decode(reader));
  return PartialNote{metadata, recipient_digest, std::move(assets), std::move(attachments)};
}

void NoteInclusionProof::encode(ByteWriter& writer) const {
  block_num.encode(writer);
  writer.u16(block_note_tree_index);
  path.encode(writer);
}

Result<NoteInclusionProof> NoteInclusionProof::decode(ByteReader& reader) {
  NoteInclusionProof proof;
  proof.block_num = TRY(BlockNum::decode(reader));
  proof.block_note_tree_index = TRY(reader.u16());
  proof.path = TRY(SparseMerklePath::decode(reader));
  return proof;
}

}  // namespace miden
