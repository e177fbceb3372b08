// Makes a chain of blocks that are all of one shape, for catch_up.py: a node's data directory to
// serve them from, and the genesis block for those who follow.
//
// usage: make_blocks empty|full BLOCKS DATA_DIRECTORY GENESIS_FILE
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

void make(bool is_full, uint32_t blocks, const std::filesystem::path& directory,
          const std::filesystem::path& genesis_file) {
  SimulatedChain model(kSeed, {.new_private = 2'000, .new_public = 300}, false,
                       make_reference_engine(0)->info().kernel_commitment);
  const Bytes genesis = to_bytes(model.blocks.front());
  std::ofstream(genesis_file, std::ios::binary)
      .write(reinterpret_cast<const char*>(genesis.data()),
             static_cast<std::streamsize>(genesis.size()));
  expect(ChainState::bootstrap(directory, model.blocks.front()), "bootstrapping");
  ChainOptions options;
  options.store.durability = StoreOptions::Durability::kRelaxed;
  const auto chain = expect(ChainState::open(directory, options), "opening");
  for (uint32_t n = 1; n <= blocks; ++n) {
    expect(chain->apply_block(is_full ? model.next(kFullBlock) : model.append({})),
           "applying a block");
  }
  expect(chain->apply_proofs({1}, std::vector<Bytes>(blocks)), "applying the proofs");
  fmt::print("{} transactions\n", model.transactions.size());
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  try {
    const std::string_view shape = argc == 5 ? argv[1] : "";
    uint32_t blocks = 0;
    const std::string_view count = argc == 5 ? argv[2] : "";
    const bool is_number =
        std::from_chars(count.begin(), count.end(), blocks).ptr == count.end() && blocks > 0;
    if ((shape != "empty" && shape != "full") || !is_number) {
      fmt::print(stderr, "usage: {} empty|full BLOCKS DATA_DIRECTORY GENESIS_FILE\n", argv[0]);
      return 2;
    }
    miden::make(shape == "full", blocks, argv[3], argv[4]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
  return 0;
}
