// May this block follow the tip? What can be told from headers and body alone.
#pragma once

#include "chain/block_queries.hpp"

namespace miden {

// spec/store-rpc.md §5.1 and D-10: the signature is verified against the key of the chain, whatever
// the source of the block.

// Error: InvalidBlockTxCommitment.
Result<void> check_transactions(const SignedBlock& block);
// Errors: NewBlockInvalidBlockNum, NewBlockInvalidPrevCommitment.
Result<void> check_links(const BlockHeader& header, const SignedHeader& tip);
// `commitment` is the header's. Errors: ValidatorKeyChanged, InvalidSignature.
Result<void> check_signature(const SignedBlock& block, const Word& commitment,
                             const PublicKey& validator_key);

// Error: InvalidGenesis. spec/node-and-validator.md §3.2
Result<void> check_genesis(const SignedBlock& block);

}  // namespace miden
