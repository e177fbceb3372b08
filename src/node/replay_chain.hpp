// A chain made again from another store's blocks and proofs, with nothing else of it believed.
#pragma once

#include <filesystem>
#include <stop_token>

#include "base/result.hpp"

namespace miden {

// `from` is a data directory whose headers have been checked (check_headers); `to` must not exist
// and becomes one with the same chain, in which every block was checked and applied as if a peer
// had sent it. Errors: StorageDiverged (a block is missing or unreadable), those of
// CheckedBlock::decode and ChainState::apply_blocks, with the block's number in the text, Stopped.
Result<void> replay_chain(const std::filesystem::path& from, const std::filesystem::path& to,
                          const std::stop_token& stop);

}  // namespace miden
