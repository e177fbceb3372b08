// What a proven transaction shows to the network. spec/types.md §10.1-10.5.
#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "protocol/account_delta.hpp"
#include "protocol/note.hpp"

namespace miden {

// id() of each header, hashed side by side.
std::vector<NoteId> note_ids(std::span<const NoteHeader* const> headers);

struct InputNoteCommitment {
  Nullifier nullifier;
  std::optional<NoteHeader> header;  // present: unauthenticated
  void encode(ByteWriter& writer) const;
  static Result<InputNoteCommitment> decode(ByteReader& reader);
  friend bool operator==(const InputNoteCommitment&, const InputNoteCommitment&) = default;
};

// u16 count. Errors: TooManyInputNotes, DuplicateInputNote.
struct InputNoteCommitments {
  std::vector<InputNoteCommitment> notes;
  static Result<InputNoteCommitments> make(std::vector<InputNoteCommitment> notes);
  Word commitment() const;
  void encode(ByteWriter& writer) const;
  static Result<InputNoteCommitments> decode(ByteReader& reader);
  friend bool operator==(const InputNoteCommitments&, const InputNoteCommitments&) = default;
};

struct PrivateOutputNote {
  NoteHeader header;
  NoteAttachments attachments;
  friend bool operator==(const PrivateOutputNote&, const PrivateOutputNote&) = default;
};

class OutputNote {
 public:
  // Drops the script's debug information. Errors: NoteIsPrivate, NoteSizeLimitExceeded.
  static Result<OutputNote> from_public(const Note& note);
  // Error: NoteIsPublic.
  static Result<OutputNote> from_private(NoteHeader header, NoteAttachments attachments);
  const NoteId& id() const { return id_; }
  const NoteHeader& header() const;
  const NoteMetadata& metadata() const { return header().metadata; }
  const Word& metadata_commitment() const { return metadata_commitment_; }
  const NoteAttachments& attachments() const;
  const Note* public_note() const { return std::get_if<Note>(&content_); }
  void encode(ByteWriter& writer) const;
  static Result<OutputNote> decode(ByteReader& reader);
  friend bool operator==(const OutputNote&, const OutputNote&) = default;

 private:
  OutputNote(std::variant<Note, PrivateOutputNote> content, const NoteId& id,
             const Word& metadata_commitment)
      : content_(std::move(content)), id_(id), metadata_commitment_(metadata_commitment) {}
  std::variant<Note, PrivateOutputNote> content_;
  NoteId id_;
  Word metadata_commitment_;
};

// u16 count. Errors: TooManyOutputNotes, DuplicateOutputNote.
struct OutputNotes {
  std::vector<OutputNote> notes;
  static Result<OutputNotes> make(std::vector<OutputNote> notes);
  Word commitment() const;
  void encode(ByteWriter& writer) const;
  static Result<OutputNotes> decode(ByteReader& reader);
  friend bool operator==(const OutputNotes&, const OutputNotes&) = default;
};
// H(details_commitment ‖ metadata_commitment ...) over headers; zero for none.
Word output_notes_commitment(const std::vector<NoteHeader>& headers);

TransactionId transaction_id(const Word& initial, const Word& final,
                             const Word& input_notes_commitment,
                             const Word& output_notes_commitment, const FungibleAsset& fee);

struct TxAccountUpdate {
  AccountId account_id;
  Word initial_commitment;  // zero: the transaction creates the account
  Word final_commitment;
  Word delta_commitment;         // before the fee is taken
  AccountUpdateDetails details;  // after the fee is taken
  // Rules of types.md §10.4. Errors: AccountUpdateSizeLimitExceeded, PrivateAccountWithDetails,
  // PublicStateAccountMissingDetails, NewPublicStateAccountRequiresFullStateDelta,
  // AccountIdMismatch, AccountFinalCommitmentMismatch.
  static Result<TxAccountUpdate> make(AccountId account_id, const Word& initial, const Word& final,
                                      const Word& delta_commitment, AccountUpdateDetails details);
  void encode(ByteWriter& writer) const;
  static Result<TxAccountUpdate> decode(ByteReader& reader);
  friend bool operator==(const TxAccountUpdate&, const TxAccountUpdate&) = default;
};

struct ExecutionProof {
  Bytes stark;
  uint8_t hash_function = 1;  // 1 Blake3_256, 2 Rpo256, 3 Rpx256, 4 Poseidon2, 5 Keccak
  std::vector<std::pair<Felt, Bytes>> precompile_requests;
  void encode(ByteWriter& writer) const;
  static Result<ExecutionProof> decode(ByteReader& reader);
  friend bool operator==(const ExecutionProof&, const ExecutionProof&) = default;
};

struct ProvenTransaction {
  TransactionId id;  // computed, not on the wire
  TxAccountUpdate account_update;
  InputNoteCommitments input_notes;
  OutputNotes output_notes;
  BlockNum ref_block_num;
  Word ref_block_commitment;
  FungibleAsset fee;
  BlockNum expiration_block_num;
  ExecutionProof proof;

  // Rules 2-5 of types.md §10.5. Errors: NoteCreatedAndConsumed, EmptyTransaction,
  // AccountDeltaCommitmentMismatch. Decoding skips rule 2: call check_notes() on bytes from a
  // client.
  static Result<ProvenTransaction> make(TxAccountUpdate account_update,
                                        InputNoteCommitments input_notes, OutputNotes output_notes,
                                        BlockNum ref_block_num, const Word& ref_block_commitment,
                                        const FungibleAsset& fee, BlockNum expiration_block_num,
                                        ExecutionProof proof);
  // Error: NoteCreatedAndConsumed.
  Result<void> check_notes() const;
  const AccountId& account_id() const { return account_update.account_id; }
  void encode(ByteWriter& writer) const;
  static Result<ProvenTransaction> decode(ByteReader& reader);
  friend bool operator==(const ProvenTransaction&, const ProvenTransaction&) = default;
};

struct TransactionHeader {
  TransactionId id;  // computed, not on the wire
  AccountId account_id;
  Word initial_commitment;
  Word final_commitment;
  InputNoteCommitments input_notes;
  std::vector<NoteHeader> output_notes;  // erased ones included
  FungibleAsset fee;
  static TransactionHeader of(const ProvenTransaction& transaction);
  void encode(ByteWriter& writer) const;
  static Result<TransactionHeader> decode(ByteReader& reader);
  friend bool operator==(const TransactionHeader&, const TransactionHeader&) = default;
};

// H(id ‖ [account prefix, account suffix, 0, 0] ...); zero for none. types.md §10.3.
Word transactions_commitment(std::span<const std::pair<TransactionId, AccountId>> transactions);

struct OrderedTransactionHeaders {
  std::vector<TransactionHeader> transactions;
  Word commitment() const;
  void encode(ByteWriter& writer) const;
  static Result<OrderedTransactionHeaders> decode(ByteReader& reader);
  friend bool operator==(const OrderedTransactionHeaders&,
                         const OrderedTransactionHeaders&) = default;
};

}  // namespace miden
