// Batches of transactions. spec/types.md §11.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "protocol/partial_blockchain.hpp"
#include "protocol/transaction.hpp"

namespace miden {

// H(per transaction: id ‖ [account prefix, account suffix, 0, 0]).
BatchId batch_id(const std::vector<std::pair<TransactionId, AccountId>>& transactions);

struct BatchAccountUpdate {
  AccountId account_id;
  Word initial_commitment;
  Word final_commitment;
  AccountUpdateDetails details;
  void encode(ByteWriter& writer) const;
  static Result<BatchAccountUpdate> decode(ByteReader& reader);
  friend bool operator==(const BatchAccountUpdate&, const BatchAccountUpdate&) = default;
};

// Transactions are shared: the mempool, batches and their proofs hold the same ones.
class ProposedBatch {
 public:
  // All checks of types.md §11.1 in their order; the error codes are named there.
  static Result<ProposedBatch> make(std::vector<std::shared_ptr<const ProvenTransaction>> transactions,
                                    BlockHeader reference_block, PartialBlockchain blockchain,
                                    std::map<NoteId, NoteInclusionProof> unauthenticated_note_proofs);
  const BatchId& id() const { return id_; }
  const std::vector<std::shared_ptr<const ProvenTransaction>>& transactions() const { return transactions_; }
  const BlockHeader& reference_block() const { return reference_block_; }
  const PartialBlockchain& blockchain() const { return blockchain_; }
  const std::map<NoteId, NoteInclusionProof>& note_proofs() const { return note_proofs_; }
  const std::map<AccountId, BatchAccountUpdate>& account_updates() const { return account_updates_; }
  const InputNoteCommitments& input_notes() const { return input_notes_; }    // ascending by nullifier
  const std::vector<OutputNote>& output_notes() const { return output_notes_; }  // ascending by id
  BlockNum expiration_block_num() const { return expiration_block_num_; }
  void encode(ByteWriter& writer) const;
  static Result<ProposedBatch> decode(ByteReader& reader);  // runs make

 private:
  ProposedBatch() = default;
  BatchId id_;
  std::vector<std::shared_ptr<const ProvenTransaction>> transactions_;
  BlockHeader reference_block_;
  PartialBlockchain blockchain_;
  std::map<NoteId, NoteInclusionProof> note_proofs_;
  std::map<AccountId, BatchAccountUpdate> account_updates_;
  InputNoteCommitments input_notes_;
  std::vector<OutputNote> output_notes_;
  BlockNum expiration_block_num_;
};

struct ProvenBatch {
  BatchId id;
  Word reference_block_commitment;
  BlockNum reference_block_num;
  std::map<AccountId, BatchAccountUpdate> account_updates;
  InputNoteCommitments input_notes;
  std::vector<OutputNote> output_notes;
  BlockNum expiration_block_num;
  OrderedTransactionHeaders transactions;

  // The rearrangement that "proving" a batch yields once every transaction's proof has been verified.
  static ProvenBatch of(const ProposedBatch& proposed);
  void encode(ByteWriter& writer) const;
  // Error: InvalidBatchExpirationBlockNum.
  static Result<ProvenBatch> decode(ByteReader& reader);
  friend bool operator==(const ProvenBatch&, const ProvenBatch&) = default;
};

struct OrderedBatches {
  std::vector<ProvenBatch> batches;
  OrderedTransactionHeaders transactions() const;  // of all batches, in order
  void encode(ByteWriter& writer) const { encode_vec(writer, batches); }
  static Result<OrderedBatches> decode(ByteReader& reader);
};

}  // namespace miden
