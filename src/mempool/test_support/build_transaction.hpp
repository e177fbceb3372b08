// Transactions for tests of the mempool: small numbers instead of hashes.
//
//   Tx(1).on(7).from(0).to(1).spends({5}).creates({6}).expires(100)
#pragma once

#include <initializer_list>
#include <memory>
#include <vector>

#include "mempool/authenticated_transaction.hpp"

namespace miden {

inline Word word(uint64_t n) { return n == 0 ? Word() : Word::of(n, 0, 0, 0); }
inline TransactionId tx_id(uint64_t n) { return TransactionId(word(n)); }
inline NoteId note_id(uint64_t n) { return NoteId(word(n)); }
inline Nullifier nullifier(uint64_t n) { return Nullifier(word(n)); }
// Accounts with one `n` share their prefix when `suffix` differs.
inline AccountId account_id(uint64_t n, uint64_t suffix = 0) {
  return *AccountId::from_limbs(Felt::from_canonical(n << 8 | 1),
                                Felt::from_canonical(suffix << 8));
}

// Unless told otherwise: an existing account of its own, from state 1 of the chain to state 2 + n.
class Tx {
 public:
  explicit Tx(uint64_t n)
      : tx_{.transaction = nullptr,
            .id = tx_id(n),
            .account_id = miden::account_id(n),
            .initial_commitment = word(1),
            .final_commitment = word(2 + n),
            .nullifiers = {},
            .unauthenticated_notes = {},
            .output_notes = {},
            .expiration_block_num = BlockNum{1'000'000},
            .encoded_size = 1,
            .account_in_chain = word(1),
            .authentication_height = kGenesis} {}

  Tx& on(uint64_t account, uint64_t suffix = 0) {
    tx_.account_id = miden::account_id(account, suffix);
    return *this;
  }
  Tx& from(uint64_t state) {
    tx_.initial_commitment = word(state);
    return *this;
  }
  Tx& to(uint64_t state) {
    tx_.final_commitment = word(state);
    return *this;
  }
  // The account's state in the chain; 0: it is not there.
  Tx& in_chain(uint64_t state) {
    tx_.account_in_chain = state == 0 ? std::nullopt : std::optional(word(state));
    return *this;
  }
  Tx& spends(std::initializer_list<uint64_t> nullifiers) {
    for (const uint64_t n : nullifiers) tx_.nullifiers.push_back(nullifier(n));
    return *this;
  }
  // Unauthenticated input notes.
  Tx& consumes(std::initializer_list<uint64_t> notes) {
    for (const uint64_t n : notes) {
      tx_.unauthenticated_notes.push_back(note_id(n));
      tx_.nullifiers.push_back(nullifier(1'000'000 + n));
    }
    return *this;
  }
  Tx& creates(std::initializer_list<uint64_t> notes) {
    for (const uint64_t n : notes) tx_.output_notes.push_back(note_id(n));
    return *this;
  }
  Tx& expires(uint32_t block_num) {
    tx_.expiration_block_num = BlockNum{block_num};
    return *this;
  }
  Tx& authenticated_at(uint32_t height) {
    tx_.authentication_height = BlockNum{height};
    return *this;
  }
  Tx& weighs(size_t bytes) {
    tx_.encoded_size = bytes;
    return *this;
  }

  // The proven transaction behind it has an id, which is all that tests look at.
  AuthenticatedTransaction build() const {
    AuthenticatedTransaction tx = tx_;
    tx.transaction = std::make_shared<ProvenTransaction>(
        ProvenTransaction{.id = tx.id,
                          .account_update = {.account_id = tx.account_id,
                                             .initial_commitment = tx.initial_commitment,
                                             .final_commitment = tx.final_commitment,
                                             .delta_commitment = {},
                                             .details = {}},
                          .input_notes = {},
                          .output_notes = {},
                          .ref_block_num = {},
                          .ref_block_commitment = {},
                          .fee = {.faucet = tx.account_id},
                          .expiration_block_num = tx.expiration_block_num,
                          .proof = {}});
    return tx;
  }
  operator AuthenticatedTransaction() const { return build(); }

 private:
  AuthenticatedTransaction tx_;
};

}  // namespace miden
