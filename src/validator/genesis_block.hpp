// Block 0 of a network. spec/node-and-validator.md §4.4, types.md §14.
#pragma once

#include "crypto/ecdsa.hpp"
#include "engine/engine.hpp"
#include "protocol/block.hpp"
#include "validator/genesis_config.hpp"

namespace miden {

// The header over the accounts in their order, signed by the validator, with signature and body
// checked. Errors: those of Account::decode, DeltaFromAccountWithSeed (a public account that is not
// deployed yet), DuplicateIdPrefix (two accounts whose ids share a prefix).
Result<SignedBlock> build_genesis_block(const GenesisConfig& config,
                                        const GenesisAccounts& accounts,
                                        const Word& tx_kernel_commitment, const SecretKey& key);

}  // namespace miden
