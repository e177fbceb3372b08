// The operator's description of a network's first block. spec/node-and-validator.md §4.2.
#pragma once

#include <cstdint>
#include <filesystem>

#include "engine/engine.hpp"

namespace miden {

struct GenesisConfig {
  uint32_t version = 1;
  uint32_t timestamp = 0;  // Unix seconds
  uint32_t verification_base_fee = 0;
  GenesisSpec accounts;  // account files already read
};

// Without a file: version 1, the given time, base fee 0, nothing but the native faucet MIDEN.
GenesisConfig default_genesis_config(uint32_t now);

// Reads the file and the account files it names, whose paths are relative to its folder. Unknown
// keys are refused, except inside an entry of `assets`. Errors: GenesisConfigRead,
// GenesisConfigParse (with line and column), AccountFileRead; the message is one line.
Result<GenesisConfig> read_genesis_config(const std::filesystem::path& file);

}  // namespace miden
