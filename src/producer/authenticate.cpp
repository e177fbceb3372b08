#include "producer/authenticate.hpp"

namespace miden {

Result<AuthenticatedTransaction> authenticate(const StateView& view,
                                              std::shared_ptr<const ProvenTransaction> transaction,
                                              size_t encoded_size) {
  std::vector<Nullifier> nullifiers;
  std::vector<NoteId> unauthenticated_notes;
  for (const InputNoteCommitment& note : transaction->input_notes.notes) {
    nullifiers.push_back(note.nullifier);
    if (note.header) unauthenticated_notes.push_back(note.header->id());
  }
  const TransactionStanding standing =
      view.transaction_standing(transaction->account_id(), nullifiers, unauthenticated_notes);
  if (!standing.account_id_prefix_is_unique) {
    return fail("AccountIdPrefixTaken",
                "another account has the id prefix of " + transaction->account_id().to_hex());
  }

  ChainAnswers answers{.height = standing.tip,
                       .account_commitment = standing.account_commitment,
                       .spent = {},
                       .found_notes = {standing.found_unauthenticated_notes.begin(),
                                       standing.found_unauthenticated_notes.end()}};
  for (const auto& [nullifier, spent_at] : standing.nullifiers) {
    if (spent_at) answers.spent.push_back(nullifier);
  }
  return AuthenticatedTransaction::make(std::move(transaction), answers, encoded_size);
}

}  // namespace miden
