// Blocks: body, signature, proof, and the trees a body commits to. spec/types.md §12, §13.
#pragma once

#include <vector>

#include "merkle/simple_smt.hpp"
#include "protocol/batch.hpp"
#include "protocol/block_header.hpp"

namespace miden {

struct BlockAccountUpdate {
  AccountId account_id;
  Word final_commitment;
  AccountUpdateDetails details;
  void encode(ByteWriter& writer) const;
  static Result<BlockAccountUpdate> decode(ByteReader& reader);
  friend bool operator==(const BlockAccountUpdate&, const BlockAccountUpdate&) = default;
};

// The surviving outputs of one batch with their index among all its outputs.
struct OutputNoteBatch {
  std::vector<std::pair<uint64_t, OutputNote>> notes;
  void encode(ByteWriter& writer) const;
  static Result<OutputNoteBatch> decode(ByteReader& reader);
  friend bool operator==(const OutputNoteBatch&, const OutputNoteBatch&) = default;
};

// batch_index * 1024 + index_in_batch.
uint16_t block_note_tree_index(size_t batch_index, size_t index_in_batch);
// Errors: InvalidNoteIndex (batch >= 64 or note >= 1024), DuplicateValuesForIndex.
Result<SimpleSmt> block_note_tree(const std::vector<OutputNoteBatch>& batches);

struct BlockBody {
  std::vector<BlockAccountUpdate> updated_accounts;
  std::vector<OutputNoteBatch> output_note_batches;
  std::vector<Nullifier> created_nullifiers;
  OrderedTransactionHeaders transactions;
  void encode(ByteWriter& writer) const;
  static Result<BlockBody> decode(ByteReader& reader);
  friend bool operator==(const BlockBody&, const BlockBody&) = default;
};

struct SignedBlock {
  BlockHeader header;
  BlockBody body;
  Signature signature;
  // Signature with the header's own key, transaction commitment, note root. Errors:
  // InvalidSignature, TxCommitmentMismatch, NoteRootMismatch. Decoding checks none of them.
  Result<void> validate() const;
  // Errors: GenesisBlockHasNoParent, ParentNumberMismatch, ParentCommitmentMismatch.
  Result<void> validate_parent(const BlockHeader& parent) const;
  void encode(ByteWriter& writer) const;
  static Result<SignedBlock> decode(ByteReader& reader);
  friend bool operator==(const SignedBlock&, const SignedBlock&) = default;
};

// Zero bytes in 0.15: presence is tracked by whoever holds it.
struct BlockProof {
  void encode(ByteWriter&) const {}
  static Result<BlockProof> decode(ByteReader&) { return BlockProof{}; }
};

// Tree keys and values. types.md §13.
Word account_tree_key(const AccountId& id);     // [0, 0, suffix, prefix]
Word nullifier_tree_value(BlockNum block_num);  // [block_num, 0, 0, 0]
// Zero: unspent (nullopt). Error: InvalidNullifierBlockNumber.
Result<std::optional<BlockNum>> nullifier_block(const Word& value);

// The state of an account and its path; for an id whose prefix another account holds, that account.
struct AccountWitness {
  AccountId id;
  Word commitment;        // zero: no account
  SparseMerklePath path;  // depth 64
  static Result<AccountWitness> make(AccountId id, const Word& commitment, SparseMerklePath path);
  SmtProof to_proof() const;
  void encode(ByteWriter& writer) const;
  static Result<AccountWitness> decode(ByteReader& reader);
  friend bool operator==(const AccountWitness&, const AccountWitness&) = default;
};

struct AccountUpdateWitness {
  Word initial_commitment;
  Word final_commitment;
  AccountWitness witness;
  AccountUpdateDetails details;
  void encode(ByteWriter& writer) const;
  static Result<AccountUpdateWitness> decode(ByteReader& reader);
};

}  // namespace miden
