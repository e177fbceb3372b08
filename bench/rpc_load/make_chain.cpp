// Makes a node's data directory with a chain of random blocks, for rpc_load to ask about.
//
// usage: make_chain FOLDER BLOCKS ACCOUNTS
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

void make(const std::filesystem::path& folder, size_t blocks, size_t accounts) {
  // One in ten is public.
  SimulatedChain model(kSeed,
                       {.new_private = accounts - accounts / 10, .new_public = accounts / 10},
                       false, make_reference_engine(0)->info().kernel_commitment);
  expect(ChainState::bootstrap(folder, model.blocks.front()), "bootstrapping");
  ChainOptions options;
  options.store.durability = StoreOptions::Durability::kRelaxed;
  const auto chain = expect(ChainState::open(folder, options), "opening");
  while (model.blocks.size() < blocks) {
    expect(chain->apply_block(model.next()), "applying a block");
  }
  for (uint32_t i = 1; i < blocks; ++i) {
    expect(chain->apply_proof({i}, {}), "applying a proof");
  }
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: {} FOLDER BLOCKS ACCOUNTS\n", argv[0]);
    return 2;
  }
  try {
    miden::make(argv[1], miden::number(argv[2]), miden::number(argv[3]));
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
  return 0;
}
