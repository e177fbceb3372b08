#include "mempool/authenticated_transaction.hpp"

#include <algorithm>

namespace miden {

Result<AuthenticatedTransaction> AuthenticatedTransaction::make(
    std::shared_ptr<const ProvenTransaction> transaction, const ChainAnswers& answers,
    size_t encoded_size) {
  if (!answers.spent.empty()) {
    std::string list;
    for (const Nullifier& nullifier : answers.spent) {
      if (!list.empty()) list += ", ";
      list += nullifier.to_hex();
    }
    return fail("NullifiersAlreadyExist", "nullifiers already exist: " + list);
  }
  TRY(transaction->check_notes());

  AuthenticatedTransaction made{
      .transaction = transaction,
      .id = transaction->id,
      .account_id = transaction->account_id(),
      .initial_commitment = transaction->account_update.initial_commitment,
      .final_commitment = transaction->account_update.final_commitment,
      .nullifiers = {},
      .unauthenticated_notes = {},
      .output_notes = {},
      .expiration_block_num = transaction->expiration_block_num,
      .encoded_size = encoded_size != 0 ? encoded_size : to_bytes(*transaction).size(),
      .account_in_chain = answers.account_commitment,
      .authentication_height = answers.height,
  };
  for (const InputNoteCommitment& note : transaction->input_notes.notes) {
    made.nullifiers.push_back(note.nullifier);
    if (!note.header) continue;
    const NoteId id = note.header->id();
    if (std::ranges::find(answers.found_notes, id) == answers.found_notes.end()) {
      made.unauthenticated_notes.push_back(id);
    }
  }
  for (const OutputNote& note : transaction->output_notes.notes) {
    made.output_notes.push_back(note.id());
  }
  return made;
}

}  // namespace miden
