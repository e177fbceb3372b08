#include "chain/checked_block.hpp"

#include "chain/check_block.hpp"

namespace miden {

CheckedBlock::CheckedBlock(SignedBlock block)
    : block_(std::move(block)), commitment_(block_.header.commitment()), bytes_(to_bytes(block_)) {}

Result<CheckedBlock> CheckedBlock::decode(ByteView bytes, const PublicKey& validator_key) {
  CheckedBlock checked(TRY(from_bytes<SignedBlock>(bytes)));
  TRY(check_transactions(checked.block_));
  TRY(check_signature(checked.block_, checked.commitment_, validator_key));
  return checked;
}

}  // namespace miden
