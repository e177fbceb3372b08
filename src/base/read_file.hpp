// A whole file, for the few that an operator names.
#pragma once

#include <filesystem>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace miden {

// Error: FileRead, whose message is the system's reason alone ("Is a directory"); the caller says
// which file and what it was for.
Result<Bytes> read_file(const std::filesystem::path& path);

}  // namespace miden
