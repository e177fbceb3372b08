// `miden-node sequencer`: the chain's state, block production and the public API in one process.
// spec/node-and-validator.md §2.1.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>

#include "chain/chain_state.hpp"
#include "net/address.hpp"
#include "producer/block_producer.hpp"
#include "rpc/rpc_server.hpp"

namespace miden {

struct SequencerOptions {
  std::filesystem::path data_directory;
  StoreOptions store;
  RpcOptions rpc;
  ServiceUrl validator_url;
  std::chrono::milliseconds validator_timeout = std::chrono::seconds(30);
  std::optional<ServiceUrl> ntx_builder_url;  // none: GetNetworkNoteStatus is UNAVAILABLE
  ProvingOptions batch_proving;
  ProvingOptions block_proving;
  std::optional<SocketAddress> internal_listen;  // sequencer.Api; none: not served
  BlockProducerOptions producer;  // its kernel commitment and on_fatal are set by run_sequencer
};

// Serves until the stop is requested, or until production cannot go on. The ports are bound before
// the first block is made. Errors: those of ChainState::open, BindFailed, InvalidVersion,
// KernelMismatch (the chain is of another protocol release), ProductionFailed.
Result<void> run_sequencer(const SequencerOptions& options, std::stop_token stop);

// `miden-node bootstrap`: an empty store with the genesis block of `file`. Errors: GenesisFileRead,
// those of SignedBlock::decode and ChainState::bootstrap.
Result<void> bootstrap_node(const std::filesystem::path& data_directory,
                            const std::filesystem::path& file);

}  // namespace miden
