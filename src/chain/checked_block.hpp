// A block of which everything has been checked that can be told without the chain's state.
#pragma once

#include "protocol/block.hpp"

namespace miden {

// For blocks that come from elsewhere in numbers: hashing, decoding and verifying a signature are
// done here, on any thread and in any order, and not again when the block's turn comes.
class CheckedBlock {
 public:
  // `bytes`: SignedBlock. `validator_key`: the chain's, which every block of it names and is signed
  // with. Errors: those of SignedBlock::decode, InvalidBlockTxCommitment, ValidatorKeyChanged,
  // InvalidSignature.
  static Result<CheckedBlock> decode(ByteView bytes, const PublicKey& validator_key);

  const BlockHeader& header() const { return block_.header; }
  const SignedBlock& block() const { return block_; }
  const Word& commitment() const { return commitment_; }
  // As it is stored.
  const Bytes& bytes() const { return bytes_; }

 private:
  explicit CheckedBlock(SignedBlock block);

  SignedBlock block_;
  Word commitment_;
  Bytes bytes_;
};

}  // namespace miden
