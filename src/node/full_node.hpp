// `miden-node full`: a copy of the chain that serves the whole public API from its own state.
// spec/node-and-validator.md §2.1, §5, §6.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>

#include "node/submit_authenticated.hpp"
#include "rpc/rpc_server.hpp"
#include "sync/chain_follower.hpp"

namespace miden {

struct FullNodeOptions {
  std::filesystem::path data_directory;
  StoreOptions store;
  RpcOptions rpc;
  ChainFollower::Options sync;  // its on_fatal is set by run_full_node
  uint32_t ready_threshold = 10;
  // Submissions are handed to the sequencer, authenticated. None: to the source that is followed.
  std::optional<SubmitAuthenticated::Options> authenticated;
};

// Serves and follows until the stop is requested, or until a disk fails. Errors: those of
// ChainState::open, BindFailed, InvalidVersion, SyncFailed.
Result<void> run_full_node(const FullNodeOptions& options, std::stop_token stop);

}  // namespace miden
