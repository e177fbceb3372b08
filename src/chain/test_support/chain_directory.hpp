// A data directory that goes with the test.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "chain/chain_state.hpp"

namespace miden {

class ChainDirectory {
 public:
  ChainDirectory() {
    std::string path = ::testing::TempDir() + "chain_test_XXXXXX";
    if (mkdtemp(path.data()) == nullptr) std::abort();
    root_ = path;
  }
  ~ChainDirectory() { std::filesystem::remove_all(root_); }
  ChainDirectory(const ChainDirectory&) = delete;
  ChainDirectory& operator=(const ChainDirectory&) = delete;

  std::filesystem::path root() const { return root_; }
  std::filesystem::path data() const { return root_ / "data"; }

  void bootstrap(const SignedBlock& genesis) const {
    const Result<void> result = ChainState::bootstrap(data(), genesis);
    ASSERT_TRUE(result) << result.error().message;
  }
  // Without syncing: tests kill processes, not machines.
  std::unique_ptr<ChainState> open(ChainOptions options = {}) const {
    options.store.durability = StoreOptions::Durability::kRelaxed;
    auto chain = ChainState::open(data(), options);
    if (!chain) ADD_FAILURE() << chain.error().message;
    return *std::move(chain);
  }

 private:
  std::filesystem::path root_;
};

inline void apply(ChainState& chain, const SignedBlock& block) {
  const Result<void> result = chain.apply_block(block);
  ASSERT_TRUE(result) << "block " << block.header.block_num.value << ": " << result.error().code
                      << ": " << result.error().message;
}

// The error's code, or "ok".
template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "ok" : std::string(result.error().code);
}

}  // namespace miden
