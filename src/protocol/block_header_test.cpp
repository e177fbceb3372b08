#include "protocol/block_header.hpp"

#include <gtest/gtest.h>

#include "crypto/poseidon2.hpp"
#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/test_chain.hpp"

namespace miden {
namespace {

// The account and values of types.md §16.
BlockHeader vector_header() {
  BlockHeader header = test_header(0);
  header.prev_block_commitment = header.chain_commitment = header.account_root = Word();
  header.nullifier_root = header.note_root = header.tx_commitment = Word();
  header.tx_kernel_commitment = Word();
  header.timestamp = 0;
  header.fee_parameters = {*AccountId::from_limbs(Felt::from_canonical(0x7ffffffffffffff1),
                                                  Felt::from_canonical(0x7fffffffffffff00)),
                           0};
  return header;
}

TEST(BlockHeader, HashesToThePublishedVectors) {
  const Word sub_commitment = hash_elements(sub_commitment_preimage(vector_header(), Word()));
  EXPECT_EQ(sub_commitment.to_hex(),
            "0x2e492212319ec2fe2eb50454ef341ab52e02b9ca536df333baab263ec4d27c90");
  EXPECT_EQ(merge(sub_commitment, Word()).to_hex(),
            "0xd4a1f30c9858313fa64fb0e8b35d1d01929a06bdd5b62420364dea5222c87c83");
}

TEST(BlockHeader, CommitsToEveryField) {
  const BlockHeader original = test_header(5);
  const std::vector<std::function<void(BlockHeader&)>> changes = {
      [](BlockHeader& h) { h.version = 9; },
      [](BlockHeader& h) { h.prev_block_commitment = word(90); },
      [](BlockHeader& h) { h.block_num = {9}; },
      [](BlockHeader& h) { h.chain_commitment = word(90); },
      [](BlockHeader& h) { h.account_root = word(90); },
      [](BlockHeader& h) { h.nullifier_root = word(90); },
      [](BlockHeader& h) { h.note_root = word(90); },
      [](BlockHeader& h) { h.tx_commitment = word(90); },
      [](BlockHeader& h) { h.tx_kernel_commitment = word(90); },
      [](BlockHeader& h) { h.validator_key = SecretKey::generate().public_key(); },
      [](BlockHeader& h) { h.fee_parameters.fee_faucet_id = public_account(3); },
      [](BlockHeader& h) { h.fee_parameters.verification_base_fee = 9; },
      [](BlockHeader& h) { h.timestamp = 9; },
  };
  std::set<Word> commitments = {original.commitment()};
  for (const auto& change : changes) {
    BlockHeader changed = original;
    change(changed);
    commitments.insert(changed.commitment());
  }
  EXPECT_EQ(commitments.size(), changes.size() + 1);
}

TEST(BlockHeader, TakesTwoHundredEightyEightBytesInTheSerializersOrder) {
  const BlockHeader header = test_header(5);
  const Bytes bytes = to_bytes(header);
  ASSERT_EQ(bytes.size(), 288u);
  ByteWriter expected;
  expected.u32(0);
  header.prev_block_commitment.encode(expected);
  expected.u32(5);
  for (const uint64_t n : {12, 13, 14, 15, 16, 17}) word(n).encode(expected);
  expected.bytes(header.validator_key.to_wire());
  expected.bytes(public_account(99).to_wire());
  expected.u32(500);
  expected.u32(1005);
  EXPECT_EQ(to_hex(bytes), to_hex(expected.view()));
  EXPECT_EQ(from_bytes<BlockHeader>(bytes), header);
}

TEST(BlockHeader, StandsDamagedBytes) { expect_robust_encoding(test_header(5)); }

TEST(BlockCommitments, AreTheHeadersOwnWhateverTheirKeys) {
  std::vector<BlockHeader> headers;
  for (uint32_t n = 0; n < 19; ++n) {
    headers.push_back(test_header(n));
    if (n % 5 == 4) headers.back().validator_key = SecretKey::generate().public_key();
  }
  std::vector<const BlockHeader*> pointers;
  std::vector<Word> expected;
  for (const BlockHeader& header : headers) {
    pointers.push_back(&header);
    expected.push_back(header.commitment());
  }
  EXPECT_EQ(block_commitments(pointers), expected);
  EXPECT_TRUE(block_commitments({}).empty());
}

}  // namespace
}  // namespace miden
