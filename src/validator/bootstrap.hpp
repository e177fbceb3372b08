// `miden-validator bootstrap`: a new network's first block and the validator's empty store.
// spec/node-and-validator.md §4.1.
#pragma once

#include <filesystem>
#include <optional>

#include "crypto/ecdsa.hpp"
#include "engine/engine.hpp"

namespace miden {

struct BootstrapOptions {
  std::filesystem::path genesis_block_directory;  // receives genesis.dat
  std::filesystem::path accounts_directory;       // receives the generated accounts' .mac files
  std::filesystem::path data_directory;
  std::optional<std::filesystem::path> genesis_config_file;
};

// All three directories must be absent or empty (they may be one and the same); they are created
// when everything else has succeeded, so that a refusal leaves nothing behind. Account files are
// readable by their owner alone. Errors: DirectoryNotEmpty, DirectoryMissing (no parent), those of
// the configuration and of the engine, KeyFileExists, FileWriteFailed.
Result<void> bootstrap_validator(const BootstrapOptions& options, const SecretKey& key,
                                 const Engine& engine);

}  // namespace miden
