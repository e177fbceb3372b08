#include "protocol/batch.hpp"

#include <algorithm>

#include "protocol/constants.hpp"
#include "protocol/first_repeated.hpp"
#include "protocol/note_tracker.hpp"

namespace miden {

namespace {

std::string block_name(BlockNum block_num) { return "block " + std::to_string(block_num.value); }

// How the reference's decoders report that a batch breaks a rule: the text gets their prefix.
template <class T>
Result<T> as_unknown_error(Result<T> result) {
  if (!result) result.error().message.insert(0, "unknown error: ");
  return result;
}

}  // namespace

BatchId batch_id(const std::vector<std::pair<TransactionId, AccountId>>& transactions) {
  return BatchId(transactions_commitment(transactions));
}

BatchId batch_id(std::span<const std::shared_ptr<const ProvenTransaction>> transactions) {
  std::vector<std::pair<TransactionId, AccountId>> ids;
  ids.reserve(transactions.size());
  for (const auto& transaction : transactions) {
    ids.emplace_back(transaction->id, transaction->account_id());
  }
  return batch_id(ids);
}

void BatchAccountUpdate::encode(ByteWriter& writer) const {
  account_id.encode(writer);
  initial_commitment.encode(writer);
  final_commitment.encode(writer);
  details.encode(writer);
}

Result<BatchAccountUpdate> BatchAccountUpdate::decode(ByteReader& reader) {
  const AccountId account_id = TRY(AccountId::decode(reader));
  const Word initial = TRY(Word::decode(reader));
  const Word final = TRY(Word::decode(reader));
  return BatchAccountUpdate{account_id, initial, final, TRY(AccountUpdateDetails::decode(reader))};
}

Result<ProposedBatch> ProposedBatch::make(
    std::vector<std::shared_ptr<const ProvenTransaction>> transactions, BlockHeader reference_block,
    PartialBlockchain blockchain,
    std::map<NoteId, NoteInclusionProof> unauthenticated_note_proofs) {
  ProposedBatch batch(std::move(transactions), std::move(reference_block), std::move(blockchain),
                      std::move(unauthenticated_note_proofs));
  TRY(batch.check_ids());
  TRY(batch.check_reference_blocks());
  TRY(batch.aggregate_accounts());
  TRY(batch.find_expiration());
  TRY(batch.gather_notes());
  batch.id_ = batch_id(batch.transactions_);
  return batch;
}

Result<void> ProposedBatch::check_ids() const {
  if (transactions_.empty()) {
    return fail("EmptyTransactionBatch", "a batch needs at least one transaction");
  }
  std::vector<TransactionId> ids;
  ids.reserve(transactions_.size());
  for (const auto& transaction : transactions_) ids.push_back(transaction->id);
  if (const auto repeated = first_repeated(ids)) {
    return fail("DuplicateTransaction",
                "transaction " + repeated->to_hex() + " is in the batch twice");
  }
  return {};
}

Result<void> ProposedBatch::check_reference_blocks() const {
  if (blockchain_.chain_length() != reference_block_.block_num.value) {
    return fail("InconsistentChainLength",
                "the chain's length is " + std::to_string(blockchain_.chain_length()) +
                    ", the reference block is " + block_name(reference_block_.block_num));
  }
  if (const Word peaks = blockchain_.chain_commitment();
      peaks != reference_block_.chain_commitment) {
    return fail("InconsistentChainRoot", "the chain's commitment is " + peaks.to_hex() +
                                             ", the reference block's is " +
                                             reference_block_.chain_commitment.to_hex());
  }
  for (const auto& transaction : transactions_) {
    const BlockNum block_num = transaction->ref_block_num;
    Word commitment = reference_block_commitment_;
    if (block_num != reference_block_.block_num) {
      if (blockchain_.find(block_num) == nullptr) {
        return fail("MissingTransactionReferenceBlock",
                    block_name(block_num) + ", which transaction " + transaction->id.to_hex() +
                        " refers to, is not in the partial chain");
      }
      // A header of the partial chain hashes to its leaf.
      commitment = blockchain_.mmr().tracked_leaf(block_num.value).value_or(Word());
    }
    if (commitment != transaction->ref_block_commitment) {
      return fail("TransactionReferenceBlockCommitmentMismatch",
                  "transaction " + transaction->id.to_hex() + " refers to " +
                      block_name(block_num) + " as " + transaction->ref_block_commitment.to_hex() +
                      ", the chain has " + commitment.to_hex());
    }
  }
  return {};
}

Result<void> ProposedBatch::aggregate_accounts() {
  for (const auto& transaction : transactions_) {
    const TxAccountUpdate& update = transaction->account_update;
    const auto [entry, is_first] = account_updates_.try_emplace(
        update.account_id, update.account_id, update.initial_commitment, update.final_commitment,
        update.details);
    if (is_first) continue;
    BatchAccountUpdate& aggregate = entry->second;
    const auto refuse = [&](const std::string& reason) {
      return fail("AccountUpdateError", "transaction " + transaction->id.to_hex() +
                                            " cannot follow on account " +
                                            update.account_id.to_hex() + ": " + reason);
    };
    if (aggregate.final_commitment != update.initial_commitment) {
      return refuse("it starts from another state than the last left");
    }
    if (const auto merged = aggregate.details.merge(update.details); !merged) {
      return refuse(merged.error().message);
    }
    aggregate.final_commitment = update.final_commitment;
  }
  if (account_updates_.size() > kMaxAccountsPerBatch) {
    return fail("TooManyAccountUpdates", std::to_string(account_updates_.size()) +
                                             " accounts are updated, at most " +
                                             std::to_string(kMaxAccountsPerBatch) + " may be");
  }
  return {};
}

Result<void> ProposedBatch::find_expiration() {
  expiration_block_num_ = {UINT32_MAX};
  for (const auto& transaction : transactions_) {
    if (transaction->expiration_block_num <= reference_block_.block_num) {
      return fail("ExpiredTransaction", "transaction " + transaction->id.to_hex() + " expires at " +
                                            block_name(transaction->expiration_block_num) +
                                            ", not after the reference block " +
                                            std::to_string(reference_block_.block_num.value));
    }
    expiration_block_num_ = std::min(expiration_block_num_, transaction->expiration_block_num);
  }
  return {};
}

Result<void> ProposedBatch::gather_notes() {
  std::vector<Nullifier> nullifiers;
  std::vector<NoteContainer> containers;
  containers.reserve(transactions_.size());
  for (const auto& transaction : transactions_) {
    containers.push_back({transaction->input_notes.notes, transaction->output_notes.notes});
    for (const InputNoteCommitment& note : transaction->input_notes.notes) {
      nullifiers.push_back(note.nullifier);
    }
  }
  // The tracker does not see the nullifiers of erased notes again, hence this check of all of them.
  if (const auto repeated = first_repeated(nullifiers)) {
    return fail("DuplicateInputNote",
                "the note with nullifier " + repeated->to_hex() + " is consumed twice");
  }
  TrackedNotes notes = TRY(track_notes(containers, note_proofs_, blockchain_, reference_block_));
  if (notes.inputs.size() > kMaxInputNotesPerBatch) {
    return fail("TooManyInputNotes", std::to_string(notes.inputs.size()) +
                                         " input notes remain, at most " +
                                         std::to_string(kMaxInputNotesPerBatch) + " may");
  }
  if (notes.outputs.size() > kMaxOutputNotesPerBatch) {
    return fail("TooManyOutputNotes", std::to_string(notes.outputs.size()) +
                                          " output notes remain, at most " +
                                          std::to_string(kMaxOutputNotesPerBatch) + " may");
  }
  for (auto& [nullifier, note] : notes.inputs) input_notes_.notes.push_back(std::move(note));
  for (const auto& [id, output] : notes.outputs) output_notes_.push_back(*output.second);
  return {};
}

void ProposedBatch::encode(ByteWriter& writer) const {
  writer.vint(transactions_.size());
  for (const auto& transaction : transactions_) transaction->encode(writer);
  reference_block_.encode(writer);
  blockchain_.encode(writer);
  encode_map(writer, note_proofs_);
}

Result<ProposedBatch> ProposedBatch::decode(ByteReader& reader) {
  const size_t count = TRY(reader.count(1));
  std::vector<std::shared_ptr<const ProvenTransaction>> transactions;
  for (size_t i = 0; i < count; ++i) {
    transactions.push_back(
        std::make_shared<const ProvenTransaction>(TRY(ProvenTransaction::decode(reader))));
  }
  const BlockHeader reference_block = TRY(BlockHeader::decode(reader));
  PartialBlockchain blockchain = TRY(PartialBlockchain::decode(reader));
  std::map<NoteId, NoteInclusionProof> note_proofs =
      TRY((decode_map<NoteId, NoteInclusionProof>(reader)));
  return as_unknown_error(make(std::move(transactions), reference_block, std::move(blockchain),
                               std::move(note_proofs)));
}

ProvenBatch ProvenBatch::of(const ProposedBatch& proposed) {
  OrderedTransactionHeaders headers;
  headers.transactions.reserve(proposed.transactions().size());
  for (const auto& transaction : proposed.transactions()) {
    headers.transactions.push_back(TransactionHeader::of(*transaction));
  }
  return {proposed.id(),
          proposed.reference_block_commitment(),
          proposed.reference_block().block_num,
          proposed.account_updates(),
          proposed.input_notes(),
          proposed.output_notes(),
          proposed.expiration_block_num(),
          std::move(headers)};
}

void ProvenBatch::encode(ByteWriter& writer) const {
  id.encode(writer);
  reference_block_commitment.encode(writer);
  reference_block_num.encode(writer);
  encode_map(writer, account_updates);
  input_notes.encode(writer);
  encode_vec(writer, output_notes);
  expiration_block_num.encode(writer);
  transactions.encode(writer);
}

Result<ProvenBatch> ProvenBatch::decode(ByteReader& reader) {
  const BatchId id = TRY(BatchId::decode(reader));
  const Word reference_block_commitment = TRY(Word::decode(reader));
  const BlockNum reference_block_num = TRY(BlockNum::decode(reader));
  std::map<AccountId, BatchAccountUpdate> account_updates =
      TRY((decode_map<AccountId, BatchAccountUpdate>(reader)));
  InputNoteCommitments input_notes = TRY(InputNoteCommitments::decode(reader));
  std::vector<OutputNote> output_notes = TRY(decode_vec<OutputNote>(reader));
  const BlockNum expiration_block_num = TRY(BlockNum::decode(reader));
  OrderedTransactionHeaders transactions = TRY(OrderedTransactionHeaders::decode(reader));
  if (expiration_block_num <= reference_block_num) {
    return fail("InvalidBatchExpirationBlockNum",
                "unknown error: the batch expires at " + block_name(expiration_block_num) +
                    ", not after its reference block " + std::to_string(reference_block_num.value));
  }
  return ProvenBatch{id,
                     reference_block_commitment,
                     reference_block_num,
                     std::move(account_updates),
                     std::move(input_notes),
                     std::move(output_notes),
                     expiration_block_num,
                     std::move(transactions)};
}

OrderedTransactionHeaders OrderedBatches::transactions() const {
  OrderedTransactionHeaders all;
  for (const ProvenBatch& batch : batches) {
    const auto& headers = batch.transactions.transactions;
    all.transactions.insert(all.transactions.end(), headers.begin(), headers.end());
  }
  return all;
}

Result<OrderedBatches> OrderedBatches::decode(ByteReader& reader) {
  return OrderedBatches{TRY(decode_vec<ProvenBatch>(reader))};
}

}  // namespace miden
