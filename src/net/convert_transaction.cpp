#include "net/convert_transaction.hpp"

namespace miden {

::transaction::TransactionId to_message(const TransactionId& id) {
  ::transaction::TransactionId message;
  *message.mutable_id() = to_digest(id);
  return message;
}

::transaction::InputNoteCommitment to_message(const InputNoteCommitment& note) {
  ::transaction::InputNoteCommitment message;
  *message.mutable_nullifier() = to_digest(note.nullifier);
  if (note.header) *message.mutable_header() = to_message(*note.header);
  return message;
}

::transaction::TransactionHeader to_message(const TransactionHeader& header) {
  ::transaction::TransactionHeader message;
  *message.mutable_transaction_id() = to_message(header.id);
  *message.mutable_account_id() = to_message(header.account_id);
  *message.mutable_initial_state_commitment() = to_message(header.initial_commitment);
  *message.mutable_final_state_commitment() = to_message(header.final_commitment);
  for (const auto& note : header.input_notes.notes) *message.add_input_notes() = to_message(note);
  for (const auto& note : header.output_notes) *message.add_output_notes() = to_message(note);
  *message.mutable_fee() = to_message(Asset{header.fee});
  return message;
}

Result<TransactionId> from_message(const ::transaction::TransactionId& id) {
  return TransactionId(READ_FIELD(id, id));
}

Result<InputNoteCommitment> from_message(const ::transaction::InputNoteCommitment& note) {
  const Word nullifier = READ_FIELD(note, nullifier);
  std::optional<NoteHeader> header;
  if (note.has_header()) header = TRY(at("header", from_message(note.header())));
  return InputNoteCommitment{Nullifier(nullifier), std::move(header)};
}

Result<TransactionHeader> from_message(const ::transaction::TransactionHeader& header) {
  const TransactionId claimed_id = READ_FIELD(header, transaction_id);
  const AccountId account_id = READ_FIELD(header, account_id);
  const Word initial_commitment = READ_FIELD(header, initial_state_commitment);
  const Word final_commitment = READ_FIELD(header, final_state_commitment);

  std::vector<InputNoteCommitment> inputs;
  for (const auto& note : header.input_notes()) {
    inputs.push_back(TRY(at("input_notes", from_message(note))));
  }
  InputNoteCommitments input_notes =
      TRY(at("input_notes", InputNoteCommitments::make(std::move(inputs))));

  std::vector<NoteHeader> output_notes;
  for (const auto& note : header.output_notes()) {
    output_notes.push_back(TRY(at("output_notes", from_message(note))));
  }

  const Asset fee = READ_FIELD(header, fee);
  const auto* fungible = std::get_if<FungibleAsset>(&fee.kind);
  if (fungible == nullptr) {
    return std::unexpected(at("fee", Error{"InvalidFee", "a fee is a fungible asset"}));
  }

  const TransactionId id =
      transaction_id(initial_commitment, final_commitment, input_notes.commitment(),
                     output_notes_commitment(output_notes), *fungible);
  if (id != claimed_id) {
    return std::unexpected(
        at("transaction_id", Error{"TransactionIdMismatch", "transaction has id " + id.to_hex()}));
  }
  return TransactionHeader{id,
                           account_id,
                           initial_commitment,
                           final_commitment,
                           std::move(input_notes),
                           std::move(output_notes),
                           *fungible};
}

}  // namespace miden
