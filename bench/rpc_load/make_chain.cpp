// Makes a node's data directory with a chain of random blocks, for rpc_load to ask about, and the
// genesis block for nodes that follow it.
//
// usage: make_chain DATA_DIRECTORY GENESIS_FILE BLOCKS ACCOUNTS
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include "chain/chain_state.hpp"
#include "chain/test_support/simulated_chain.hpp"
#include "engine/engine.hpp"

namespace miden {
namespace {

constexpr uint64_t kSeed = 1;

template <class T>
T expect(Result<T>&& result, std::string_view doing) {
  if (!result) throw std::runtime_error(fmt::format("{}: {}", doing, result.error().message));
  return take_value(std::move(result));
}

size_t number(std::string_view text) {
  size_t value = 0;
  if (std::from_chars(text.begin(), text.end(), value).ptr != text.end()) {
    throw std::runtime_error(fmt::format("{} is not a number", text));
  }
  return value;
}

void make(const std::filesystem::path& directory, const std::filesystem::path& genesis_file,
          size_t blocks, size_t accounts) {
  // One in ten is public.
  SimulatedChain model(kSeed,
                       {.new_private = accounts - accounts / 10, .new_public = accounts / 10},
                       false, make_reference_engine(0)->info().kernel_commitment);
  const Bytes genesis = to_bytes(model.blocks.front());
  std::ofstream(genesis_file, std::ios::binary)
      .write(reinterpret_cast<const char*>(genesis.data()),
             static_cast<std::streamsize>(genesis.size()));
  expect(ChainState::bootstrap(directory, model.blocks.front()), "bootstrapping");
  ChainOptions options;
  options.store.durability = StoreOptions::Durability::kRelaxed;
  const auto chain = expect(ChainState::open(directory, options), "opening");
  while (model.blocks.size() < blocks) {
    expect(chain->apply_block(model.next()), "applying a block");
  }
  expect(chain->apply_proofs({1}, std::vector<Bytes>(blocks - 1)), "applying the proofs");
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: {} DATA_DIRECTORY GENESIS_FILE BLOCKS ACCOUNTS\n", argv[0]);
    return 2;
  }
  try {
    miden::make(argv[1], argv[2], miden::number(argv[3]), miden::number(argv[4]));
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
  return 0;
}
