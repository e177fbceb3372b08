#include "protocol/transaction.hpp"

#include <algorithm>

#include "crypto/poseidon2.hpp"
#include "protocol/constants.hpp"
#include "protocol/decoding.hpp"

namespace miden {

TransactionId transaction_id(const Word& initial, const Word& final,
                             const Word& input_notes_commitment,
                             const Word& output_notes_commitment, const FungibleAsset& fee) {
  const Word words[] = {
      initial,          final,      input_notes_commitment, output_notes_commitment,
      fee.key().word(), fee.value()};
  return TransactionId(hash_words(words));
}

namespace {

// Rule 4 of types.md §10.4: the delta of a new public account is its whole state.
Result<void> check_new_public_account(const TxAccountUpdate& update) {
  const Result<Account> account = update.details.delta->to_account();
  if (!account) {
    return fail("NewPublicStateAccountRequiresFullStateDelta",
                "new account " + update.account_id.to_hex() +
                    " with public state must be accompanied by a full state delta");
  }
  if (account->id != update.account_id) {
    return fail("AccountIdMismatch", "proven transaction's final account ID " +
                                         update.account_id.to_hex() + " and account details id " +
                                         account->id.to_hex() + " must match");
  }
  if (const Word commitment = account->commitment(); commitment != update.final_commitment) {
    return fail("AccountFinalCommitmentMismatch", "proven transaction's final account commitment " +
                                                      update.final_commitment.to_hex() +
                                                      " and account details commitment " +
                                                      commitment.to_hex() + " must match");
  }
  return {};
}

}  // namespace

Result<TxAccountUpdate> TxAccountUpdate::make(AccountId account_id, const Word& initial,
                                              const Word& final, const Word& delta_commitment,
                                              AccountUpdateDetails details) {
  TxAccountUpdate update{account_id, initial, final, delta_commitment, std::move(details)};
  if (update.details.is_private()) {
    if (account_id.is_public()) {
      return fail(
          "PublicStateAccountMissingDetails",
          "account " + account_id.to_hex() + " with public state is missing its account details");
    }
    return update;
  }
  if (const size_t size = to_bytes(update.details).size(); size > kAccountUpdateMaxSize) {
    return fail("AccountUpdateSizeLimitExceeded", "account update of size " + std::to_string(size) +
                                                      " for account " + account_id.to_hex() +
                                                      " exceeds maximum update size of " +
                                                      std::to_string(kAccountUpdateMaxSize));
  }
  if (!account_id.is_public()) {
    return fail("PrivateAccountWithDetails",
                "private account " + account_id.to_hex() + " should not have account details");
  }
  if (initial.is_zero()) TRY(check_new_public_account(update));
  return update;
}

void TxAccountUpdate::encode(ByteWriter& writer) const {
  account_id.encode(writer);
  initial_commitment.encode(writer);
  final_commitment.encode(writer);
  delta_commitment.encode(writer);
  details.encode(writer);
}

Result<TxAccountUpdate> TxAccountUpdate::decode(ByteReader& reader) {
  const AccountId account_id = TRY(AccountId::decode(reader));
  const Word initial = TRY(Word::decode(reader));
  const Word final = TRY(Word::decode(reader));
  const Word delta_commitment = TRY(Word::decode(reader));
  AccountUpdateDetails details = TRY(AccountUpdateDetails::decode(reader));
  return as_invalid_value(make(account_id, initial, final, delta_commitment, std::move(details)));
}

void ExecutionProof::encode(ByteWriter& writer) const {
  writer.length_prefixed(stark);
  writer.u8(hash_function);
  writer.vint(precompile_requests.size());
  for (const auto& [event, calldata] : precompile_requests) {
    event.encode(writer);
    writer.length_prefixed(calldata);
  }
}

Result<ExecutionProof> ExecutionProof::decode(ByteReader& reader) {
  ExecutionProof proof;
  const ByteView stark = TRY(reader.length_prefixed());
  proof.stark.assign(stark.begin(), stark.end());
  proof.hash_function = TRY(reader.u8());
  if (proof.hash_function < 1 || proof.hash_function > 5) {
    return invalid_value(std::to_string(proof.hash_function) + " names no hash function of proofs");
  }
  const size_t requests = TRY(reader.count(9));
  for (size_t i = 0; i < requests; ++i) {
    const Felt event = TRY(Felt::decode(reader));
    const ByteView calldata = TRY(reader.length_prefixed());
    proof.precompile_requests.emplace_back(event, Bytes(calldata.begin(), calldata.end()));
  }
  return proof;
}

namespace {

// Rule 5 of types.md §10.5: the commitment is to the delta before the fee was taken from it. The
// fee is put back for the comparison and taken again, in place as the reference does it, so that an
// entry that vanishes on the way vanishes here too.
Result<void> check_delta_commitment(ProvenTransaction& transaction) {
  if (transaction.account_update.details.is_private()) return {};
  constexpr std::string_view kCode = "AccountDeltaCommitmentMismatch";
  AccountDelta& delta = *transaction.account_update.details.delta;
  if (const auto added = delta.vault.add_fungible(transaction.fee); !added) {
    return fail(kCode, "the fee does not fit into the account's delta: " + added.error().message);
  }
  const Word commitment = delta.commitment();
  if (commitment != transaction.account_update.delta_commitment) {
    return fail(kCode, "the account's delta has commitment " + commitment.to_hex() +
                           ", the transaction claims " +
                           transaction.account_update.delta_commitment.to_hex());
  }
  if (const auto removed = delta.vault.remove_fungible(transaction.fee); !removed) {
    return fail(kCode, "the fee does not fit into the account's delta: " + removed.error().message);
  }
  return {};
}

// Rules 3 to 5; `transaction.id` is filled in.
Result<ProvenTransaction> complete(ProvenTransaction transaction) {
  const TxAccountUpdate& update = transaction.account_update;
  transaction.id = transaction_id(update.initial_commitment, update.final_commitment,
                                  transaction.input_notes.commitment(),
                                  transaction.output_notes.commitment(), transaction.fee);
  if (update.initial_commitment == update.final_commitment &&
      transaction.input_notes.notes.empty()) {
    return fail("EmptyTransaction",
                "proven transaction neither changed the account state, nor consumed any notes");
  }
  TRY(check_delta_commitment(transaction));
  return transaction;
}

}  // namespace

Result<ProvenTransaction> ProvenTransaction::make(
    TxAccountUpdate account_update, InputNoteCommitments input_notes, OutputNotes output_notes,
    BlockNum ref_block_num, const Word& ref_block_commitment, const FungibleAsset& fee,
    BlockNum expiration_block_num, ExecutionProof proof) {
  ProvenTransaction transaction{TransactionId(),
                                std::move(account_update),
                                std::move(input_notes),
                                std::move(output_notes),
                                ref_block_num,
                                ref_block_commitment,
                                fee,
                                expiration_block_num,
                                std::move(proof)};
  TRY(transaction.check_notes());
  return complete(std::move(transaction));
}

Result<void> ProvenTransaction::check_notes() const {
  if (output_notes.notes.empty()) return {};
  std::vector<const NoteHeader*> unauthenticated;
  for (const InputNoteCommitment& note : input_notes.notes) {
    if (note.header) unauthenticated.push_back(&*note.header);
  }
  if (unauthenticated.empty()) return {};
  std::vector<NoteId> created;
  created.reserve(output_notes.notes.size());
  for (const OutputNote& note : output_notes.notes) created.push_back(note.id());
  std::ranges::sort(created);
  for (const NoteId& consumed : note_ids(unauthenticated)) {
    if (std::ranges::binary_search(created, consumed)) {
      return fail("NoteCreatedAndConsumed", "note with id " + consumed.to_hex() +
                                                " is both created and consumed by the transaction");
    }
  }
  return {};
}

void ProvenTransaction::encode(ByteWriter& writer) const {
  account_update.encode(writer);
  input_notes.encode(writer);
  output_notes.encode(writer);
  ref_block_num.encode(writer);
  ref_block_commitment.encode(writer);
  fee.encode(writer);
  expiration_block_num.encode(writer);
  proof.encode(writer);
}

Result<ProvenTransaction> ProvenTransaction::decode(ByteReader& reader) {
  TxAccountUpdate account_update = TRY(TxAccountUpdate::decode(reader));
  InputNoteCommitments input_notes = TRY(InputNoteCommitments::decode(reader));
  OutputNotes output_notes = TRY(OutputNotes::decode(reader));
  const BlockNum ref_block_num = TRY(BlockNum::decode(reader));
  const Word ref_block_commitment = TRY(Word::decode(reader));
  const FungibleAsset fee = TRY(FungibleAsset::decode(reader));
  const BlockNum expiration_block_num = TRY(BlockNum::decode(reader));
  ExecutionProof proof = TRY(ExecutionProof::decode(reader));
  return as_invalid_value(complete(
      {TransactionId(), std::move(account_update), std::move(input_notes), std::move(output_notes),
       ref_block_num, ref_block_commitment, fee, expiration_block_num, std::move(proof)}));
}

}  // namespace miden
