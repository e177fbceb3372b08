// Attachments of a note and the metadata that commits to them. spec/types.md §9.
#include "crypto/poseidon2.hpp"
#include "protocol/constants.hpp"
#include "protocol/decoding.hpp"
#include "protocol/note.hpp"

namespace miden {
namespace {

constexpr uint16_t kMaxScheme = 65534;
constexpr uint64_t kMetadataVersion = 1;

Result<void> check_scheme(uint16_t scheme) {
  if (scheme == 0) {
    return fail("NoteAttachmentSchemeZeroReserved", "note attachment scheme 0 is reserved");
  }
  if (scheme > kMaxScheme) {
    return fail("NoteAttachmentSchemeExceeded",
                "note attachment scheme " + std::to_string(scheme) + " exceeds 65534");
  }
  return {};
}

}  // namespace

uint32_t note_tag_for_account(const AccountId& account, unsigned bits) {
  const uint64_t mask = bits == 0 ? 0 : UINT32_MAX << (32 - std::min(bits, 32u));
  return static_cast<uint32_t>(account.prefix().value() >> 32 & mask);
}

void PartialNoteMetadata::encode(ByteWriter& writer) const {
  writer.u8(static_cast<uint8_t>(type));
  sender.encode(writer);
  writer.u32(tag);
}

Result<PartialNoteMetadata> PartialNoteMetadata::decode(ByteReader& reader) {
  const uint8_t type = TRY(reader.u8());
  if (type > 1) return invalid_value("unknown note type " + std::to_string(type));
  const AccountId sender = TRY(AccountId::decode(reader));
  return PartialNoteMetadata{static_cast<NoteType>(type), sender, TRY(reader.u32())};
}

Word NoteAttachment::commitment() const { return hash_words(words); }

Result<NoteAttachment> NoteAttachment::make(uint16_t scheme, std::vector<Word> words) {
  TRY(check_scheme(scheme));
  if (words.empty()) {
    return fail("NoteAttachmentContentEmpty", "a note attachment must have content");
  }
  if (words.size() > kMaxWordsPerAttachment) {
    return fail("NoteAttachmentContentTooManyWords",
                "a note attachment of " + std::to_string(words.size()) + " words exceeds 256");
  }
  return NoteAttachment{scheme, std::move(words)};
}

void NoteAttachment::encode(ByteWriter& writer) const {
  writer.u16(scheme);
  writer.u8(static_cast<uint8_t>(words.size() - 1));
  encode_items(writer, words);
}

Result<NoteAttachment> NoteAttachment::decode(ByteReader& reader) {
  const uint16_t scheme = TRY(reader.u16());
  TRY(as_invalid_value(check_scheme(scheme)));
  const size_t count = size_t{TRY(reader.u8())} + 1;
  return NoteAttachment{scheme, TRY(decode_items<Word>(reader, count))};
}

Result<NoteAttachments> NoteAttachments::make(std::vector<NoteAttachment> items) {
  if (items.size() > kMaxNoteAttachments) {
    return fail("TooManyAttachments",
                "a note has " + std::to_string(items.size()) + " attachments, more than 4");
  }
  size_t word_count = 0;
  for (const NoteAttachment& item : items) word_count += item.words.size();
  if (word_count > kMaxAttachmentWords) {
    return fail(
        "NoteAttachmentsTooManyWords",
        "a note's attachments have " + std::to_string(word_count) + " words, more than 512");
  }
  return NoteAttachments{std::move(items)};
}

Word NoteAttachments::commitment() const {
  std::vector<Word> commitments;
  for (const NoteAttachment& item : items) commitments.push_back(item.commitment());
  return hash_words(commitments);
}

void NoteAttachments::encode(ByteWriter& writer) const {
  writer.u8(static_cast<uint8_t>(items.size()));
  encode_items(writer, items);
}

Result<NoteAttachments> NoteAttachments::decode(ByteReader& reader) {
  const size_t count = TRY(reader.checked_count(TRY(reader.u8()), 35));
  return as_invalid_value(make(TRY(decode_items<NoteAttachment>(reader, count))));
}

NoteMetadata NoteMetadata::of(const PartialNoteMetadata& partial,
                              const NoteAttachments& attachments) {
  NoteMetadata metadata{partial, {}, attachments.commitment()};
  for (const NoteAttachment& item : attachments.items) {
    metadata.attachment_schemes.push_back(item.scheme);
  }
  return metadata;
}

Word NoteMetadata::word() const {
  uint64_t schemes = 0;
  for (size_t i = 0; i < attachment_schemes.size(); ++i) {
    schemes |= uint64_t{attachment_schemes[i]} << (16 * i);
  }
  const uint64_t type = static_cast<uint64_t>(partial.type);
  return {Felt::from_canonical(partial.sender.suffix().value() | type << 4 | kMetadataVersion),
          partial.sender.prefix(), Felt::from_canonical(partial.tag),
          Felt::from_canonical(schemes)};
}

Word NoteMetadata::commitment() const { return merge(word(), attachments_commitment); }

void NoteMetadata::encode(ByteWriter& writer) const {
  partial.encode(writer);
  const auto absent = std::ranges::count(attachment_schemes, 0);
  writer.u8(static_cast<uint8_t>(attachment_schemes.size() - static_cast<size_t>(absent)));
  for (const uint16_t scheme : attachment_schemes) {
    if (scheme == 0) continue;
    writer.boolean(true);
    writer.u16(scheme);
  }
  attachments_commitment.encode(writer);
}

Result<NoteMetadata> NoteMetadata::decode(ByteReader& reader) {
  NoteMetadata metadata{TRY(PartialNoteMetadata::decode(reader)), {}, {}};
  const size_t count = TRY(reader.u8());
  if (count > kMaxNoteAttachments) {
    return invalid_value("a note's metadata names " + std::to_string(count) +
                         " attachments, more than 4");
  }
  for (size_t i = 0; i < count; ++i) {
    uint16_t scheme = 0;
    if (TRY(reader.boolean())) {
      scheme = TRY(reader.u16());
      TRY(as_invalid_value(check_scheme(scheme)));
    }
    metadata.attachment_schemes.push_back(scheme);
  }
  while (!metadata.attachment_schemes.empty() && metadata.attachment_schemes.back() == 0) {
    metadata.attachment_schemes.pop_back();
  }
  metadata.attachments_commitment = TRY(Word::decode(reader));
  return metadata;
}

}  // namespace miden
