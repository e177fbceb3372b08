// `miden-node recover`: blocks that the validator has signed and this node lacks.
// spec/store-rpc.md §10, node-and-validator.md §7.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>

#include "base/result.hpp"
#include "net/address.hpp"
#include "storage/store_options.hpp"

namespace miden {

struct RecoverOptions {
  std::filesystem::path data_directory;
  StoreOptions store;
  ServiceUrl validator_url;
  std::chrono::milliseconds validator_timeout = std::chrono::seconds(5);
  // How long a validator may be away or busy before this gives up; each block resets it.
  std::chrono::milliseconds patience = std::chrono::seconds(30);
};

// Brings the chain to the validator's tip as it is at the start. Nothing to do is a success. What
// was received before an error is kept, and the next run goes on from there.
//
// Errors: those of ChainState::open; ValidatorUnreachable; ValidatorForked (its blocks do not
// follow this chain: it is another network's, or one of the two was restored from a copy that the
// network has left); InvalidBlock; RecoveryStopped.
Result<void> run_recover(const RecoverOptions& options, const std::stop_token& stop);

}  // namespace miden
