// How proposals and the requests about them travel. spec/types.md §12.1.
#include "protocol/proposed_block.hpp"

namespace miden {

void BlockInputs::encode(ByteWriter& writer) const {
  prev_block_header.encode(writer);
  blockchain.encode(writer);
  encode_map(writer, account_witnesses);
  encode_map(writer, nullifier_witnesses);
  encode_map(writer, note_proofs);
}

Result<BlockInputs> BlockInputs::decode(ByteReader& reader) {
  const BlockHeader prev_block_header = TRY(BlockHeader::decode(reader));
  PartialBlockchain blockchain = TRY(PartialBlockchain::decode(reader));
  auto account_witnesses = TRY((decode_map<AccountId, AccountWitness>(reader)));
  auto nullifier_witnesses = TRY((decode_map<Nullifier, SmtProof>(reader)));
  auto note_proofs = TRY((decode_map<NoteId, NoteInclusionProof>(reader)));
  return BlockInputs{prev_block_header, std::move(blockchain), std::move(account_witnesses),
                     std::move(nullifier_witnesses), std::move(note_proofs)};
}

void ProposedBlock::encode(ByteWriter& writer) const {
  batches.encode(writer);
  writer.u32(timestamp);
  writer.vint(updated_accounts.size());
  for (const auto& [account_id, update] : updated_accounts) {
    account_id.encode(writer);
    update.encode(writer);
  }
  encode_vec(writer, output_note_batches);
  encode_map(writer, created_nullifiers);
  blockchain.encode(writer);
  prev_block_header.encode(writer);
}

Result<ProposedBlock> ProposedBlock::decode(ByteReader& reader) {
  OrderedBatches batches = TRY(OrderedBatches::decode(reader));
  const uint32_t timestamp = TRY(reader.u32());
  const size_t accounts = TRY(reader.count(AccountId::kWireSize));
  std::vector<std::pair<AccountId, AccountUpdateWitness>> updated_accounts;
  for (size_t i = 0; i < accounts; ++i) {
    const AccountId account_id = TRY(AccountId::decode(reader));
    updated_accounts.emplace_back(account_id, TRY(AccountUpdateWitness::decode(reader)));
  }
  auto output_note_batches = TRY(decode_vec<OutputNoteBatch>(reader));
  auto created_nullifiers = TRY((decode_map<Nullifier, SmtProof>(reader)));
  PartialBlockchain blockchain = TRY(PartialBlockchain::decode(reader));
  const BlockHeader prev_block_header = TRY(BlockHeader::decode(reader));
  return ProposedBlock{std::move(batches),
                       timestamp,
                       std::move(updated_accounts),
                       std::move(output_note_batches),
                       std::move(created_nullifiers),
                       std::move(blockchain),
                       prev_block_header};
}

void BlockProofRequest::encode(ByteWriter& writer) const {
  batches.encode(writer);
  header.encode(writer);
  inputs.encode(writer);
}

Result<BlockProofRequest> BlockProofRequest::decode(ByteReader& reader) {
  OrderedBatches batches = TRY(OrderedBatches::decode(reader));
  const BlockHeader header = TRY(BlockHeader::decode(reader));
  BlockInputs inputs = TRY(BlockInputs::decode(reader));
  return BlockProofRequest{std::move(batches), header, std::move(inputs)};
}

}  // namespace miden
