// `miden-node snapshot create`: a copy of a node's chain, of a running node or of one at rest.
#pragma once

#include <filesystem>
#include <stop_token>

#include "node/snapshot_description.hpp"

namespace miden {

struct TakenSnapshot {
  SnapshotDescription description;
  // Its table files are the store's own, by hard links; else they were copied.
  bool shares_files = false;
};

// Writes the chain in `data_directory` to `target`, which must not exist or be an empty directory;
// its parent must exist. A running node is asked for it and is not held up. The target is there
// whole or, whatever happens, not at all: until then it is `target`.partial.
//
// Errors: SnapshotTarget (exists, lies in the data directory, has no parent, or one is being made
// there), those of RequestedCheckpoint::ask and ChainState::open, Stopped.
Result<TakenSnapshot> take_snapshot(const std::filesystem::path& data_directory,
                                    const std::filesystem::path& target,
                                    const std::stop_token& stop);

}  // namespace miden
