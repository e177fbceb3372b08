// Options that several of miden-node's commands have. spec/node-and-validator.md §1.1.
#pragma once

#include <filesystem>

#include "command_line.hpp"
#include "rpc/rpc_server.hpp"
#include "storage/store_options.hpp"

namespace miden {

void add_data_directory(CLI::App& command, std::filesystem::path& directory);

// The reference keeps three RocksDBs and an SQL database. Here is one database: of each kind of
// value the largest given counts, of the durability modes the last.
struct StoreSettings {
  StoreOptions store;
  unsigned ignored_pool_size = 0;
};

void add_store_options(CLI::App& command, StoreSettings& settings);

// What the command line says about the public API; `checked` makes RpcOptions of it.
struct RpcSettings {
  RpcSettings();
  // Error: AuthHeader.
  Result<RpcOptions> checked() const;

  RpcOptions rpc;
  uint64_t replenish_per_second = 16;
};

void add_rpc_options(CLI::App& command, RpcSettings& settings);

}  // namespace miden
