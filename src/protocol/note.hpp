// Notes: metadata, attachments, details, proofs of inclusion. spec/types.md §9.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "merkle/sparse_merkle_path.hpp"
#include "protocol/account_id.hpp"
#include "protocol/asset.hpp"
#include "protocol/ids.hpp"
#include "protocol/mast_forest.hpp"

namespace miden {

enum class NoteType : uint8_t { kPrivate = 0, kPublic = 1 };  // protobuf numbers differ

// The tag a note for this account carries by default: the account's upper `bits` bits.
uint32_t note_tag_for_account(const AccountId& account, unsigned bits = 14);

struct PartialNoteMetadata {
  NoteType type = NoteType::kPrivate;
  AccountId sender;
  uint32_t tag = 0;
  void encode(ByteWriter& writer) const;  // 20 bytes
  static Result<PartialNoteMetadata> decode(ByteReader& reader);
  friend bool operator==(const PartialNoteMetadata&, const PartialNoteMetadata&) = default;
};

struct NoteAttachment {
  uint16_t scheme = 1;      // 1 to 65534
  std::vector<Word> words;  // 1 to 256
  Word commitment() const;
  // Errors: NoteAttachmentSchemeZeroReserved, NoteAttachmentSchemeExceeded,
  // NoteAttachmentContentEmpty, NoteAttachmentContentTooManyWords.
  static Result<NoteAttachment> make(uint16_t scheme, std::vector<Word> words);
  void encode(ByteWriter& writer) const;
  static Result<NoteAttachment> decode(ByteReader& reader);
  friend bool operator==(const NoteAttachment&, const NoteAttachment&) = default;
};

struct NoteAttachments {
  std::vector<NoteAttachment> items;  // at most 4, at most 512 words together
  // Errors: TooManyAttachments, NoteAttachmentsTooManyWords.
  static Result<NoteAttachments> make(std::vector<NoteAttachment> items);
  Word commitment() const;
  void encode(ByteWriter& writer) const;
  static Result<NoteAttachments> decode(ByteReader& reader);
  friend bool operator==(const NoteAttachments&, const NoteAttachments&) = default;
};

struct NoteMetadata {
  PartialNoteMetadata partial;
  // At most 4. 0 where a decoded header says that an attachment is absent before one that is
  // present: such a hole enters word() and is left out when written, as by the reference.
  std::vector<uint16_t> attachment_schemes;
  Word attachments_commitment;

  static NoteMetadata of(const PartialNoteMetadata& partial, const NoteAttachments& attachments);
  Word word() const;  // METADATA_WORD
  Word commitment() const;
  void encode(ByteWriter& writer) const;
  static Result<NoteMetadata> decode(ByteReader& reader);
  friend bool operator==(const NoteMetadata&, const NoteMetadata&) = default;
};

struct NoteHeader {
  NoteDetailsCommitment details_commitment;
  NoteMetadata metadata;
  NoteId id() const;
  void encode(ByteWriter& writer) const;
  static Result<NoteHeader> decode(ByteReader& reader);
  friend bool operator==(const NoteHeader&, const NoteHeader&) = default;
};

struct NoteAssets {
  std::vector<Asset> assets;  // at most 64, no two with one vault key
  // Errors: TooManyAssets, DuplicateFungibleAsset, DuplicateNonFungibleAsset.
  static Result<NoteAssets> make(std::vector<Asset> assets);
  Word commitment() const;
  void encode(ByteWriter& writer) const;
  static Result<NoteAssets> decode(ByteReader& reader);
  friend bool operator==(const NoteAssets&, const NoteAssets&) = default;
};

struct NoteStorage {
  std::vector<Felt> items;  // at most 1024
  // Error: TooManyStorageItems.
  static Result<NoteStorage> make(std::vector<Felt> items);
  Word commitment() const;
  void encode(ByteWriter& writer) const;
  static Result<NoteStorage> decode(ByteReader& reader);
  friend bool operator==(const NoteStorage&, const NoteStorage&) = default;
};

struct NoteScript {
  MastForest forest;
  uint32_t entrypoint = 0;  // a node of the forest
  // Error: InvalidNodeId.
  static Result<NoteScript> make(MastForest forest, uint32_t entrypoint);
  NoteScriptRoot root() const;
  void encode(ByteWriter& writer) const;
  static Result<NoteScript> decode(ByteReader& reader);
  friend bool operator==(const NoteScript&, const NoteScript&) = default;
};

struct NoteRecipient {
  NoteScript script;
  NoteStorage storage;
  Word serial_num;
  Word digest() const;
  void encode(ByteWriter& writer) const;
  static Result<NoteRecipient> decode(ByteReader& reader);
  friend bool operator==(const NoteRecipient&, const NoteRecipient&) = default;
};

struct NoteDetails {
  NoteAssets assets;
  NoteRecipient recipient;
  NoteDetailsCommitment commitment() const;
  void encode(ByteWriter& writer) const;
  static Result<NoteDetails> decode(ByteReader& reader);
  friend bool operator==(const NoteDetails&, const NoteDetails&) = default;
};

// Header and id are computed once, when the note is made; the nullifier when asked for.
class Note {
 public:
  Note(PartialNoteMetadata metadata, NoteDetails details, NoteAttachments attachments);
  const NoteHeader& header() const { return header_; }
  const NoteMetadata& metadata() const { return header_.metadata; }
  const NoteDetails& details() const { return details_; }
  const NoteAttachments& attachments() const { return attachments_; }
  const NoteId& id() const { return id_; }
  Nullifier nullifier() const;
  // Without its script's debug information.
  Note minified() const;
  void encode(ByteWriter& writer) const;
  static Result<Note> decode(ByteReader& reader);
  friend bool operator==(const Note&, const Note&) = default;

 private:
  NoteDetails details_;
  NoteAttachments attachments_;
  NoteHeader header_;
  NoteId id_;
};

struct PartialNote {
  PartialNoteMetadata metadata;
  Word recipient_digest;
  NoteAssets assets;
  NoteAttachments attachments;
  NoteHeader header() const;
  void encode(ByteWriter& writer) const;
  static Result<PartialNote> decode(ByteReader& reader);
};

struct NoteInclusionProof {
  BlockNum block_num;
  uint16_t block_note_tree_index = 0;
  SparseMerklePath path;
  void encode(ByteWriter& writer) const;
  static Result<NoteInclusionProof> decode(ByteReader& reader);
  friend bool operator==(const NoteInclusionProof&, const NoteInclusionProof&) = default;
};

// The account a network note is for: a public note whose first attachment of scheme 2 decodes; else
// nothing. types.md §9.
struct NetworkNoteTarget {
  AccountId account;
  uint64_t execution_hint = 0;  // payload << 8 | tag
};
std::optional<NetworkNoteTarget> network_note_target(NoteType type,
                                                     const NoteAttachments& attachments);

}  // namespace miden
