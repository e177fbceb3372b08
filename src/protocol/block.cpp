#include "protocol/block.hpp"

#include "protocol/constants.hpp"
#include "protocol/decoding.hpp"

namespace miden {

void BlockAccountUpdate::encode(ByteWriter& writer) const {
  account_id.encode(writer);
  final_commitment.encode(writer);
  details.encode(writer);
}

Result<BlockAccountUpdate> BlockAccountUpdate::decode(ByteReader& reader) {
  const AccountId account_id = TRY(AccountId::decode(reader));
  const Word final_commitment = TRY(Word::decode(reader));
  return BlockAccountUpdate{account_id, final_commitment,
                            TRY(AccountUpdateDetails::decode(reader))};
}

void OutputNoteBatch::encode(ByteWriter& writer) const {
  writer.vint(notes.size());
  for (const auto& [index, note] : notes) {
    writer.vint(index);
    note.encode(writer);
  }
}

Result<OutputNoteBatch> OutputNoteBatch::decode(ByteReader& reader) {
  const size_t count = TRY(reader.count(2));
  OutputNoteBatch batch;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t index = TRY(reader.vint());
    batch.notes.emplace_back(index, TRY(OutputNote::decode(reader)));
  }
  return batch;
}

uint16_t block_note_tree_index(size_t batch_index, size_t index_in_batch) {
  return static_cast<uint16_t>(batch_index * kMaxOutputNotesPerBatch + index_in_batch);
}

Result<SimpleSmt> block_note_tree(const std::vector<OutputNoteBatch>& batches) {
  std::vector<std::pair<uint64_t, Word>> leaves;
  for (size_t batch_index = 0; batch_index < batches.size(); ++batch_index) {
    for (const auto& [index, note] : batches[batch_index].notes) {
      if (batch_index >= kMaxBatchesPerBlock || index >= kMaxOutputNotesPerBatch) {
        return fail("InvalidNoteIndex", "a block has no place for note " + std::to_string(index) +
                                            " of batch " + std::to_string(batch_index));
      }
      leaves.emplace_back(block_note_tree_index(batch_index, index), note.id().word);
    }
  }
  return SimpleSmt::from_leaves(kBlockNoteTreeDepth, std::move(leaves));
}

void BlockBody::encode(ByteWriter& writer) const {
  encode_vec(writer, updated_accounts);
  encode_vec(writer, output_note_batches);
  encode_vec(writer, created_nullifiers);
  transactions.encode(writer);
}

Result<BlockBody> BlockBody::decode(ByteReader& reader) {
  BlockBody body;
  body.updated_accounts = TRY(decode_vec<BlockAccountUpdate>(reader));
  body.output_note_batches = TRY(decode_vec<OutputNoteBatch>(reader));
  body.created_nullifiers = TRY(decode_vec<Nullifier>(reader));
  body.transactions = TRY(OrderedTransactionHeaders::decode(reader));
  return body;
}

Result<void> SignedBlock::validate() const {
  if (!header.validator_key.verify(header.commitment(), signature)) {
    return fail("InvalidSignature", "the block is not signed with its header's validator key " +
                                        header.validator_key.to_hex());
  }
  if (const Word committed = body.transactions.commitment(); committed != header.tx_commitment) {
    return fail("TxCommitmentMismatch", "the header's transaction commitment is " +
                                            header.tx_commitment.to_hex() + ", the body's " +
                                            committed.to_hex());
  }
  const SimpleSmt notes = TRY(block_note_tree(body.output_note_batches));
  if (notes.root() != header.note_root) {
    return fail("NoteRootMismatch", "the header's note root is " + header.note_root.to_hex() +
                                        ", the body's " + notes.root().to_hex());
  }
  return {};
}

Result<void> SignedBlock::validate_parent(const BlockHeader& parent) const {
  if (header.block_num == kGenesis) {
    return fail("GenesisBlockHasNoParent",
                "block 0 cannot follow block " + std::to_string(parent.block_num.value));
  }
  if (header.block_num.value - 1 != parent.block_num.value) {
    return fail("ParentNumberMismatch", "block " + std::to_string(header.block_num.value) +
                                            " does not follow block " +
                                            std::to_string(parent.block_num.value));
  }
  if (const Word commitment = parent.commitment(); commitment != header.prev_block_commitment) {
    return fail("ParentCommitmentMismatch",
                "the block follows " + header.prev_block_commitment.to_hex() +
                    ", the parent's commitment is " + commitment.to_hex());
  }
  return {};
}

void SignedBlock::encode(ByteWriter& writer) const {
  header.encode(writer);
  body.encode(writer);
  signature.encode(writer);
}

Result<SignedBlock> SignedBlock::decode(ByteReader& reader) {
  const BlockHeader header = TRY(BlockHeader::decode(reader));
  BlockBody body = TRY(BlockBody::decode(reader));
  const Signature signature = TRY(Signature::decode(reader));
  return SignedBlock{header, std::move(body), signature};
}

Word account_tree_key(const AccountId& id) { return {Felt(), Felt(), id.suffix(), id.prefix()}; }

Word nullifier_tree_value(BlockNum block_num) { return Word::of(block_num.value, 0, 0, 0); }

Result<std::optional<BlockNum>> nullifier_block(const Word& value) {
  if (value.is_zero()) return std::nullopt;
  if (value[0].value() > UINT32_MAX || value != Word(value[0], Felt(), Felt(), Felt())) {
    return fail("InvalidNullifierBlockNumber", value.to_hex() + " is not a block number");
  }
  return BlockNum{static_cast<uint32_t>(value[0].value())};
}

Result<AccountWitness> AccountWitness::make(AccountId id, const Word& commitment,
                                            SparseMerklePath path) {
  if (path.depth != kSmtDepth) {
    return fail("WitnessMerklePathDepthDoesNotMatchAccountTreeDepth",
                "the path of account " + id.to_hex() + " has depth " + std::to_string(path.depth) +
                    ", the account tree has 64");
  }
  return AccountWitness{id, commitment, std::move(path)};
}

SmtProof AccountWitness::to_proof() const {
  const Word key = account_tree_key(id);
  SmtLeaf leaf{leaf_index_of(key), {}};
  if (!commitment.is_zero()) leaf.entries.push_back({key, commitment});
  return {path, std::move(leaf)};
}

void AccountWitness::encode(ByteWriter& writer) const {
  id.encode(writer);
  commitment.encode(writer);
  path.encode(writer);
}

Result<AccountWitness> AccountWitness::decode(ByteReader& reader) {
  const AccountId id = TRY(AccountId::decode(reader));
  const Word commitment = TRY(Word::decode(reader));
  return as_invalid_value(make(id, commitment, TRY(SparseMerklePath::decode(reader))));
}

void AccountUpdateWitness::encode(ByteWriter& writer) const {
  initial_commitment.encode(writer);
  final_commitment.encode(writer);
  witness.encode(writer);
  details.encode(writer);
}

Result<AccountUpdateWitness> AccountUpdateWitness::decode(ByteReader& reader) {
  const Word initial = TRY(Word::decode(reader));
  const Word final = TRY(Word::decode(reader));
  AccountWitness witness = TRY(AccountWitness::decode(reader));
  AccountUpdateDetails details = TRY(AccountUpdateDetails::decode(reader));
  return AccountUpdateWitness{initial, final, std::move(witness), std::move(details)};
}

}  // namespace miden
