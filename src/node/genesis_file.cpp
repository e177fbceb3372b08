#include "node/genesis_file.hpp"

#include <fmt/format.h>

#include "base/read_file.hpp"

namespace miden {

Result<SignedBlock> read_genesis_file(const std::filesystem::path& file) {
  const auto bytes = read_file(file);
  if (!bytes) {
    return fail("GenesisFileRead", fmt::format("failed to read genesis block file {}: {}",
                                               file.string(), bytes.error().message));
  }
  auto genesis = from_bytes<SignedBlock>(*bytes);
  if (!genesis) {
    return fail(genesis.error().code, fmt::format("{} is not a signed block: {}", file.string(),
                                                  genesis.error().message));
  }
  return genesis;
}

}  // namespace miden
