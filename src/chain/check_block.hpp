// May this block follow the tip? What can be told from headers and body alone.
#pragma once

#include "chain/block_queries.hpp"

namespace miden {

// Errors: InvalidBlockTxCommitment, NewBlockInvalidBlockNum, NewBlockInvalidPrevCommitment,
// ValidatorKeyChanged, InvalidSignature. spec/store-rpc.md §5.1 and D-10: the signature is verified
// against the key of the chain, whatever the source of the block.
Result<void> check_block_follows(const SignedBlock& block, const SignedHeader& tip);

// Error: InvalidGenesis. spec/node-and-validator.md §3.2
Result<void> check_genesis(const SignedBlock& block);

}  // namespace miden
