#include "protocol/block_header.hpp"

#include <algorithm>

#include "crypto/poseidon2.hpp"

namespace miden {

void FeeParameters::encode(ByteWriter& writer) const {
  fee_faucet_id.encode(writer);
  writer.u32(verification_base_fee);
}

Result<FeeParameters> FeeParameters::decode(ByteReader& reader) {
  const AccountId fee_faucet_id = TRY(AccountId::decode(reader));
  const uint32_t verification_base_fee = TRY(reader.u32());
  return FeeParameters{fee_faucet_id, verification_base_fee};
}

std::array<Felt, 40> sub_commitment_preimage(const BlockHeader& header,
                                             const Word& validator_key_commitment) {
  const FeeParameters& fees = header.fee_parameters;
  const Word words[] = {
      header.prev_block_commitment,
      header.chain_commitment,
      header.account_root,
      header.nullifier_root,
      header.tx_commitment,
      header.tx_kernel_commitment,
      validator_key_commitment,
      Word::of(header.block_num.value, header.version, header.timestamp, 0),
      Word(Felt(), Felt::from_canonical(fees.verification_base_fee), fees.fee_faucet_id.suffix(),
           fees.fee_faucet_id.prefix()),
      Word(),
  };
  std::array<Felt, 40> preimage;
  auto out = preimage.begin();
  for (const Word& word : words) out = std::ranges::copy(word.elements, out).out;
  return preimage;
}

Word BlockHeader::sub_commitment() const {
  return hash_elements(sub_commitment_preimage(*this, validator_key.commitment()));
}

Word BlockHeader::commitment() const { return merge(sub_commitment(), note_root); }

std::vector<Word> block_commitments(std::span<const BlockHeader* const> headers) {
  std::vector<Felt> preimages;
  preimages.reserve(headers.size() * 40);
  Word key_commitment;
  for (size_t i = 0; i < headers.size(); ++i) {
    if (i == 0 || headers[i]->validator_key != headers[i - 1]->validator_key) {
      key_commitment = headers[i]->validator_key.commitment();
    }
    const auto preimage = sub_commitment_preimage(*headers[i], key_commitment);
    preimages.insert(preimages.end(), preimage.begin(), preimage.end());
  }
  std::vector<Word> sub_commitments(headers.size());
  hash_elements_batch(preimages, 40, sub_commitments);

  std::vector<Word> pairs(headers.size() * 2);
  for (size_t i = 0; i < headers.size(); ++i) {
    pairs[2 * i] = sub_commitments[i];
    pairs[2 * i + 1] = headers[i]->note_root;
  }
  std::vector<Word> commitments(headers.size());
  merge_batch(pairs, commitments);
  return commitments;
}

void BlockHeader::encode(ByteWriter& writer) const {
  writer.u32(version);
  prev_block_commitment.encode(writer);
  block_num.encode(writer);
  chain_commitment.encode(writer);
  account_root.encode(writer);
  nullifier_root.encode(writer);
  note_root.encode(writer);
  tx_commitment.encode(writer);
  tx_kernel_commitment.encode(writer);
  validator_key.encode(writer);
  fee_parameters.encode(writer);
  writer.u32(timestamp);
}

Result<BlockHeader> BlockHeader::decode(ByteReader& reader) {
  return BlockHeader{
      .version = TRY(reader.u32()),
      .prev_block_commitment = TRY(Word::decode(reader)),
      .block_num = TRY(BlockNum::decode(reader)),
      .chain_commitment = TRY(Word::decode(reader)),
      .account_root = TRY(Word::decode(reader)),
      .nullifier_root = TRY(Word::decode(reader)),
      .note_root = TRY(Word::decode(reader)),
      .tx_commitment = TRY(Word::decode(reader)),
      .tx_kernel_commitment = TRY(Word::decode(reader)),
      .validator_key = TRY(PublicKey::decode(reader)),
      .fee_parameters = TRY(FeeParameters::decode(reader)),
      .timestamp = TRY(reader.u32()),
  };
}

}  // namespace miden
