// Literal values for tests: whatever differs is told apart by one small number.
#pragma once

#include "protocol/account_delta.hpp"
#include "protocol/batch.hpp"
#include "protocol/note.hpp"
#include "protocol/transaction.hpp"

namespace miden {

inline Word word(uint64_t n) { return Word::of(n, 0, 0, 0); }

inline AccountId private_account(uint64_t n) {
  return *AccountId::from_limbs(Felt::from_canonical(n << 8 | 0x01), Felt::from_canonical(n << 8));
}
inline AccountId public_account(uint64_t n) {
  return *AccountId::from_limbs(Felt::from_canonical(n << 8 | 0x11), Felt::from_canonical(n << 8));
}
// Same prefix, hence same leaf of the account tree, as private_account(n).
inline AccountId private_account_beside(uint64_t n) {
  return *AccountId::from_limbs(Felt::from_canonical(n << 8 | 0x01),
                                Felt::from_canonical((n + 1) << 8));
}

inline FungibleAsset coins(uint64_t amount) {
  return *FungibleAsset::make(public_account(99), amount);
}

// Code of external nodes with these digests, all of them procedures: the smallest there is. Advice
// makes it as large as a test needs.
inline MastForest forest_of(const std::vector<Word>& procedures, size_t advice_felts = 0) {
  constexpr uint8_t kStrippedVersion3[] = {1, 0, 0, 3};
  ByteWriter writer;
  writer.bytes(as_bytes("MAST"));
  writer.bytes(kStrippedVersion3);
  writer.vint(0);
  writer.vint(procedures.size());
  writer.vint(procedures.size());
  for (uint32_t i = 0; i < procedures.size(); ++i) writer.u32(i);
  writer.vint(0);
  for (size_t i = 0; i < procedures.size(); ++i) writer.u64(uint64_t{8} << 60);
  for (const Word& digest : procedures) digest.encode(writer);
  writer.vint(advice_felts == 0 ? 0 : 1);
  if (advice_felts > 0) {
    word(1).encode(writer);
    writer.vint(advice_felts);
    for (size_t i = 0; i < advice_felts; ++i) writer.u64(i);
  }
  return *from_bytes<MastForest>(writer.view());
}

inline AccountCode account_code() {
  return {forest_of({word(501), word(502)}), {word(501), word(502)}};
}

inline Note note(uint64_t n, NoteType type) {
  const NoteScript script = *NoteScript::make(forest_of({word(601)}), 0);
  return Note({type, private_account(77), static_cast<uint32_t>(n)},
              {NoteAssets{}, {script, NoteStorage{{Felt::from_canonical(n)}}, word(n)}},
              NoteAttachments{});
}

inline OutputNote private_note(uint64_t n) {
  const Note whole = note(n, NoteType::kPrivate);
  return *OutputNote::from_private(whole.header(), whole.attachments());
}
inline OutputNote public_note(uint64_t n) {
  return *OutputNote::from_public(note(n, NoteType::kPublic));
}

inline Nullifier nullifier(uint64_t n) { return note(n, NoteType::kPrivate).nullifier(); }
inline InputNoteCommitment authenticated(uint64_t n) { return {nullifier(n), std::nullopt}; }
inline InputNoteCommitment unauthenticated(uint64_t n) {
  return {nullifier(n), private_note(n).header()};
}

// A private account's transaction, unless `account` says otherwise; `make` must accept it.
struct TransactionSpec {
  AccountId account = private_account(1);
  uint64_t initial = 1;
  uint64_t final = 2;
  std::vector<InputNoteCommitment> inputs = {};
  std::vector<OutputNote> outputs = {};
  BlockNum ref_block_num = {};
  Word ref_block_commitment = {};
  uint32_t expiration = 1000;
};

inline ProvenTransaction transaction(const TransactionSpec& spec) {
  const Result<ProvenTransaction> made = ProvenTransaction::make(
      *TxAccountUpdate::make(spec.account, word(spec.initial), word(spec.final), word(7), {}),
      *InputNoteCommitments::make(spec.inputs), *OutputNotes::make(spec.outputs),
      spec.ref_block_num, spec.ref_block_commitment, coins(3), {spec.expiration},
      ExecutionProof{{1, 2, 3}, 1, {}});
  return made.value();
}

}  // namespace miden
