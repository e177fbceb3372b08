// Batches of transactions. spec/types.md §11.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "protocol/partial_blockchain.hpp"
#include "protocol/transaction.hpp"

namespace miden {

// H(per transaction: id ‖ [account prefix, account suffix, 0, 0]).
BatchId batch_id(const std::vector<std::pair<TransactionId, AccountId>>& transactions);
// Of these transactions in this order.
BatchId batch_id(std::span<const std::shared_ptr<const ProvenTransaction>> transactions);

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
  static Result<ProposedBatch> make(
      std::vector<std::shared_ptr<const ProvenTransaction>> transactions,
      BlockHeader reference_block, PartialBlockchain blockchain,
      std::map<NoteId, NoteInclusionProof> unauthenticated_note_proofs);
  const BatchId& id() const { return id_; }
  const std::vector<std::shared_ptr<const ProvenTransaction>>& transactions() const {
    return transactions_;
  }
  const BlockHeader& reference_block() const { return reference_block_; }
  const Word& reference_block_commitment() const { return reference_block_commitment_; }
  const PartialBlockchain& blockchain() const { return blockchain_; }
  const std::map<NoteId, NoteInclusionProof>& note_proofs() const { return note_proofs_; }
  const std::map<AccountId, BatchAccountUpdate>& account_updates() const {
    return account_updates_;
  }
  // Ascending by nullifier.
  const InputNoteCommitments& input_notes() const { return input_notes_; }
  const std::vector<OutputNote>& output_notes() const { return output_notes_; }  // ascending by id
  BlockNum expiration_block_num() const { return expiration_block_num_; }
  void encode(ByteWriter& writer) const;
  static Result<ProposedBatch> decode(ByteReader& reader);  // runs make

 private:
  ProposedBatch(std::vector<std::shared_ptr<const ProvenTransaction>> transactions,
                BlockHeader reference_block, PartialBlockchain blockchain,
                std::map<NoteId, NoteInclusionProof> note_proofs)
      : transactions_(std::move(transactions)),
        reference_block_(std::move(reference_block)),
        reference_block_commitment_(reference_block_.commitment()),
        blockchain_(std::move(blockchain)),
        note_proofs_(std::move(note_proofs)) {}
  // The rules of types.md §11.1 in this order.
  Result<void> check_ids() const;               // 1, 2
  Result<void> check_reference_blocks() const;  // 3 to 5
  Result<void> aggregate_accounts();            // 6, 7
  Result<void> find_expiration();               // 8
  Result<void> gather_notes();                  // 9 to 12

  BatchId id_;
  std::vector<std::shared_ptr<const ProvenTransaction>> transactions_;
  BlockHeader reference_block_;
  Word reference_block_commitment_;
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

  // The rearrangement that "proving" a batch yields once every transaction's proof has been
  // verified.
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
