// The notes a transaction shows: what it consumes, what it creates, and how both are committed to.
// spec/types.md §10.1, §10.2.
#include "crypto/poseidon2.hpp"
#include "protocol/constants.hpp"
#include "protocol/decoding.hpp"
#include "protocol/first_repeated.hpp"
#include "protocol/transaction.hpp"

namespace miden {

namespace {

std::vector<Word> metadata_commitments(std::span<const NoteHeader* const> headers) {
  std::vector<Word> pairs(headers.size() * 2);
  for (size_t i = 0; i < headers.size(); ++i) {
    pairs[2 * i] = headers[i]->metadata.word();
    pairs[2 * i + 1] = headers[i]->metadata.attachments_commitment;
  }
  std::vector<Word> commitments(headers.size());
  merge_batch(pairs, commitments);
  return commitments;
}

}  // namespace

std::vector<NoteId> note_ids(std::span<const NoteHeader* const> headers) {
  const std::vector<Word> metadata = metadata_commitments(headers);
  std::vector<Word> pairs(headers.size() * 2);
  for (size_t i = 0; i < headers.size(); ++i) {
    pairs[2 * i] = headers[i]->details_commitment.word;
    pairs[2 * i + 1] = metadata[i];
  }
  std::vector<Word> digests(headers.size());
  merge_batch(pairs, digests);
  return {digests.begin(), digests.end()};
}

void InputNoteCommitment::encode(ByteWriter& writer) const {
  nullifier.encode(writer);
  encode_option(writer, header);
}

Result<InputNoteCommitment> InputNoteCommitment::decode(ByteReader& reader) {
  const Nullifier nullifier = TRY(Nullifier::decode(reader));
  return InputNoteCommitment{nullifier, TRY(decode_option<NoteHeader>(reader))};
}

Result<InputNoteCommitments> InputNoteCommitments::make(std::vector<InputNoteCommitment> notes) {
  if (notes.size() > kMaxInputNotesPerTx) {
    return fail("TooManyInputNotes", std::to_string(notes.size()) + " input notes, at most " +
                                         std::to_string(kMaxInputNotesPerTx) + " are allowed");
  }
  std::vector<Nullifier> nullifiers;
  nullifiers.reserve(notes.size());
  for (const InputNoteCommitment& note : notes) nullifiers.push_back(note.nullifier);
  if (const auto repeated = first_repeated(nullifiers)) {
    return fail("DuplicateInputNote",
                "the input note with nullifier " + repeated->to_hex() + " is given twice");
  }
  return InputNoteCommitments{std::move(notes)};
}

Word InputNoteCommitments::commitment() const {
  std::vector<const NoteHeader*> unauthenticated;
  for (const InputNoteCommitment& note : notes) {
    if (note.header) unauthenticated.push_back(&*note.header);
  }
  const std::vector<NoteId> ids = note_ids(unauthenticated);
  auto next_id = ids.begin();
  std::vector<Word> words;
  words.reserve(notes.size() * 2);
  for (const InputNoteCommitment& note : notes) {
    words.push_back(note.nullifier.word);
    words.push_back(note.header ? (next_id++)->word : Word());
  }
  return hash_words(words);
}

void InputNoteCommitments::encode(ByteWriter& writer) const {
  writer.u16(static_cast<uint16_t>(notes.size()));
  encode_items(writer, notes);
}

Result<InputNoteCommitments> InputNoteCommitments::decode(ByteReader& reader) {
  const size_t count = TRY(reader.checked_count(TRY(reader.u16()), 33));
  return as_invalid_value(make(TRY(decode_items<InputNoteCommitment>(reader, count))));
}

Result<OutputNote> OutputNote::from_public(const Note& note) {
  if (note.metadata().partial.type != NoteType::kPublic) {
    return fail("NoteIsPrivate",
                "note " + note.id().to_hex() + " is private, expected a public one");
  }
  Note minified = note.minified();
  const size_t size = to_bytes(minified).size();
  if (size > kNoteMaxSize) {
    return fail("NoteSizeLimitExceeded", "public note " + note.id().to_hex() + " takes " +
                                             std::to_string(size) + " bytes, at most " +
                                             std::to_string(kNoteMaxSize) + " are allowed");
  }
  const NoteId id = minified.id();
  const Word metadata_commitment = minified.metadata().commitment();
  return OutputNote(std::move(minified), id, metadata_commitment);
}

Result<OutputNote> OutputNote::from_private(NoteHeader header, NoteAttachments attachments) {
  const Word metadata_commitment = header.metadata.commitment();
  const NoteId id(merge(header.details_commitment.word, metadata_commitment));
  if (header.metadata.partial.type != NoteType::kPrivate) {
    return fail("NoteIsPublic", "note " + id.to_hex() + " is public, expected a private one");
  }
  return OutputNote(PrivateOutputNote{std::move(header), std::move(attachments)}, id,
                    metadata_commitment);
}

const NoteHeader& OutputNote::header() const {
  const Note* note = public_note();
  return note != nullptr ? note->header() : std::get<PrivateOutputNote>(content_).header;
}

const NoteAttachments& OutputNote::attachments() const {
  const Note* note = public_note();
  return note != nullptr ? note->attachments() : std::get<PrivateOutputNote>(content_).attachments;
}

void OutputNote::encode(ByteWriter& writer) const {
  writer.u8(static_cast<uint8_t>(content_.index()));
  if (const Note* note = public_note()) {
    note->encode(writer);
    return;
  }
  const auto& [header, attachments] = std::get<PrivateOutputNote>(content_);
  header.encode(writer);
  attachments.encode(writer);
}

Result<OutputNote> OutputNote::decode(ByteReader& reader) {
  const uint8_t tag = TRY(reader.u8());
  if (tag == 0) {
    const Note note = TRY(Note::decode(reader));
    return as_invalid_value(from_public(note));
  }
  if (tag == 1) {
    NoteHeader header = TRY(NoteHeader::decode(reader));
    NoteAttachments attachments = TRY(NoteAttachments::decode(reader));
    return as_invalid_value(from_private(std::move(header), std::move(attachments)));
  }
  return invalid_value("no output note has the type " + std::to_string(tag));
}

Result<OutputNotes> OutputNotes::make(std::vector<OutputNote> notes) {
  if (notes.size() > kMaxOutputNotesPerTx) {
    return fail("TooManyOutputNotes", std::to_string(notes.size()) + " output notes, at most " +
                                          std::to_string(kMaxOutputNotesPerTx) + " are allowed");
  }
  std::vector<NoteId> ids;
  ids.reserve(notes.size());
  for (const OutputNote& note : notes) ids.push_back(note.id());
  if (const auto repeated = first_repeated(ids)) {
    return fail("DuplicateOutputNote", "the output note " + repeated->to_hex() + " is given twice");
  }
  return OutputNotes{std::move(notes)};
}

Word OutputNotes::commitment() const {
  std::vector<Word> words;
  words.reserve(notes.size() * 2);
  for (const OutputNote& note : notes) {
    words.push_back(note.header().details_commitment.word);
    words.push_back(note.metadata_commitment());
  }
  return hash_words(words);
}

void OutputNotes::encode(ByteWriter& writer) const {
  writer.u16(static_cast<uint16_t>(notes.size()));
  encode_items(writer, notes);
}

Result<OutputNotes> OutputNotes::decode(ByteReader& reader) {
  const size_t count = TRY(reader.checked_count(TRY(reader.u16()), 1));
  return as_invalid_value(make(TRY(decode_items<OutputNote>(reader, count))));
}

Word output_notes_commitment(const std::vector<NoteHeader>& headers) {
  std::vector<const NoteHeader*> pointers;
  pointers.reserve(headers.size());
  for (const NoteHeader& header : headers) pointers.push_back(&header);
  const std::vector<Word> metadata = metadata_commitments(pointers);
  std::vector<Word> words;
  words.reserve(headers.size() * 2);
  for (size_t i = 0; i < headers.size(); ++i) {
    words.push_back(headers[i].details_commitment.word);
    words.push_back(metadata[i]);
  }
  return hash_words(words);
}

}  // namespace miden
