// `miden-node bootstrap --snapshot`: a data directory from a snapshot. docs/snapshots.md.
#pragma once

#include <filesystem>
#include <stop_token>

#include "chain/check_store.hpp"

namespace miden {

struct SnapshotBootstrap {
  std::filesystem::path data_directory;
  std::filesystem::path snapshot;
  // The commitment of the network's genesis block, from whom the operator trusts.
  Word genesis;
  // What is believed besides. Headers: that whoever made the snapshot kept its state honestly, as
  // far as that does not contradict the tip's header. Nothing: every block is applied again.
  enum class Checks { kHeaders, kEveryBlock };
  Checks checks = Checks::kHeaders;
};

// Makes the data directory, which must be missing or empty, and afterwards is a full node's at the
// snapshot's tip or, if this fails or is stopped, as it was before.
//
// Errors: SnapshotMissing, UnsupportedSnapshot, SnapshotDamaged (a file is missing, too much,
// changed, or not a regular file; or the store is not what snapshot.toml says), GenesisMismatch,
// those of prepare_empty_directory and adopt_stored_chain, for kEveryBlock those of
// ChainState::apply_blocks, Stopped.
Result<StoredTip> bootstrap_from_snapshot(const SnapshotBootstrap& options,
                                          const std::stop_token& stop);

}  // namespace miden
