// Blocks. spec/types.md §15.5.
#pragma once

#include "net/convert_account.hpp"
#include "protocol/block.hpp"
#include "types/blockchain.pb.h"

namespace miden {

::blockchain::BlockNumber to_message(BlockNum block_num);
::blockchain::BlockHeader to_message(const BlockHeader& header);
::blockchain::BlockSignature to_message(const Signature& signature);
::blockchain::SignedBlock to_message(const SignedBlock& block);

Result<BlockHeader> from_message(const ::blockchain::BlockHeader& header);
Result<PublicKey> from_message(const ::blockchain::ValidatorPublicKey& key);
Result<FeeParameters> from_message(const ::blockchain::FeeParameters& parameters);
Result<Signature> from_message(const ::blockchain::BlockSignature& signature);
Result<BlockBody> from_message(const ::blockchain::BlockBody& body);
// Nothing of what a block must fulfil is checked: see SignedBlock::validate.
Result<SignedBlock> from_message(const ::blockchain::SignedBlock& block);

}  // namespace miden
