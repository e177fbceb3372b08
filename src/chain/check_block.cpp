#include "chain/check_block.hpp"

#include <string>

namespace miden {

Result<void> check_transactions(const SignedBlock& block) {
  const Word commitment = block.body.transactions.commitment();
  if (block.header.tx_commitment == commitment) return {};
  return fail("InvalidBlockTxCommitment", "the block's transactions have commitment " +
                                              commitment.to_hex() + ", its header says " +
                                              block.header.tx_commitment.to_hex());
}

Result<void> check_links(const BlockHeader& header, const SignedHeader& tip) {
  const BlockNum expected = tip.header.block_num.next();
  if (header.block_num != expected) {
    return fail("NewBlockInvalidBlockNum",
                "block " + std::to_string(expected.value) + " comes next, block " +
                    std::to_string(header.block_num.value) + " was given");
  }
  if (header.prev_block_commitment != tip.commitment) {
    return fail("NewBlockInvalidPrevCommitment",
                "the block follows " + header.prev_block_commitment.to_hex() +
                    ", the chain's tip is " + tip.commitment.to_hex());
  }
  return {};
}

Result<void> check_signature(const SignedBlock& block, const Word& commitment,
                             const PublicKey& validator_key) {
  if (block.header.validator_key != validator_key) {
    return fail("ValidatorKeyChanged", "the block names another validator key than the chain");
  }
  if (!validator_key.verify(commitment, block.signature)) {
    return fail("InvalidSignature", "the block is not signed by the chain's validator");
  }
  return {};
}

Result<void> check_genesis(const SignedBlock& block) {
  const BlockHeader& header = block.header;
  if (header.block_num != kGenesis) {
    return fail("InvalidGenesis", "the genesis block has number " +
                                      std::to_string(header.block_num.value) + " instead of 0");
  }
  if (!header.validator_key.verify(header.commitment(), block.signature)) {
    return fail("InvalidGenesis", "the genesis block's signature does not fit its validator key");
  }
  return {};
}

}  // namespace miden
