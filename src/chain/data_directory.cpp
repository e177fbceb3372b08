#include "chain/data_directory.hpp"

namespace miden {

Result<void> prepare_empty_directory(const std::filesystem::path& directory) {
  std::error_code error;
  if (std::filesystem::is_directory(directory, error)) {
    if (std::filesystem::is_empty(directory)) return {};
    return fail("DataDirectoryNotEmpty", directory.string() + " exists but is not empty");
  }
  if (std::filesystem::exists(directory, error)) {
    return fail("DataDirectoryNotEmpty", directory.string() + " exists but is not a directory");
  }
  if (!std::filesystem::create_directory(directory, error)) {
    return fail("DataDirectoryMissing",
                "cannot create " + directory.string() + ": " + error.message());
  }
  return {};
}

}  // namespace miden
