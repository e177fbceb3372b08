// A genesis block that an operator names (genesis.dat).
#pragma once

#include <filesystem>

#include "protocol/block.hpp"

namespace miden {

// Whether it is a genesis block at all is not asked here. Errors: GenesisFileRead, those of
// SignedBlock::decode.
Result<SignedBlock> read_genesis_file(const std::filesystem::path& file);

}  // namespace miden
