// A proven transaction together with what one view of the chain said about its inputs.
// spec/block-production.md §5.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "protocol/transaction.hpp"

namespace miden {

// The chain's answers for one transaction, all of them from the same block height.
struct ChainAnswers {
  BlockNum height;
  std::optional<Word> account_commitment;  // none: the account does not exist
  std::vector<Nullifier> spent;            // of the transaction's nullifiers, those already spent
  std::vector<NoteId> found_notes;         // of its unauthenticated input notes, those in the chain
};

// What admission looks at. Everything that needs hashing is done here, by whoever submits, so that
// the mempool's owner only compares words. The fields below `transaction` are derived from it.
struct AuthenticatedTransaction {
  std::shared_ptr<const ProvenTransaction> transaction;
  TransactionId id;
  AccountId account_id;
  Word initial_commitment;
  Word final_commitment;
  std::vector<Nullifier> nullifiers;
  std::vector<NoteId> unauthenticated_notes;  // neither proven by the transaction nor in the chain
  std::vector<NoteId> output_notes;
  BlockNum expiration_block_num;
  size_t encoded_size = 0;  // bytes of the serialized transaction

  std::optional<Word> account_in_chain;  // at authentication_height; none: no such account
  BlockNum authentication_height;

  // Errors: NullifiersAlreadyExist when the chain has a nullifier already; NoteCreatedAndConsumed,
  // which decoding lets through (§20 D17). The account's commitment is only carried: transactions
  // in flight may supersede it. `encoded_size` 0: the transaction is serialized to learn it.
  static Result<AuthenticatedTransaction> make(std::shared_ptr<const ProvenTransaction> transaction,
                                               const ChainAnswers& answers,
                                               size_t encoded_size = 0);
};

}  // namespace miden
