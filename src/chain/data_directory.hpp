// What lies where in a chain's data directory.
#pragma once

#include <filesystem>

#include "base/result.hpp"

namespace miden {

inline std::filesystem::path store_directory(const std::filesystem::path& data_directory) {
  return data_directory / "store";
}

// Takes an empty directory or creates a missing one (its last component only). Errors:
// DataDirectoryNotEmpty, DataDirectoryMissing (no parent).
Result<void> prepare_empty_directory(const std::filesystem::path& directory);

}  // namespace miden
