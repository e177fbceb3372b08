// A real chain of random blocks with the model that made it, shared by the tests of all methods.
#pragma once

#include <gtest/gtest.h>

#include "chain/test_support/chain_directory.hpp"
#include "chain/test_support/simulated_chain.hpp"
#include "net/status.hpp"

namespace miden {

struct ChainWorld {
  static constexpr uint64_t kSeed = 20251125;
  static constexpr uint32_t kBlocks = 12;
  static constexpr uint32_t kProven = 5;

  ChainWorld() : model(kSeed) {
    directory.bootstrap(model.blocks.front());
    chain = directory.open();
    for (uint32_t i = 1; i <= kBlocks; ++i) apply(*chain, model.next());
    for (uint32_t i = 1; i <= kProven; ++i) EXPECT_TRUE(chain->apply_proof({i}, {}));
  }

  static ChainWorld& shared() {
    static ChainWorld world;
    return world;
  }
  // The one that all methods are asked.
  static const StateView& view() {
    static const auto view = shared().chain->view();
    return *view;
  }

  const Account& any_public_account() const { return model.state.accounts.begin()->second; }
  AccountId any_private_account() const {
    for (const auto& [id, commitment] : model.state.commitments) {
      if (!id.is_public()) return id;
    }
    std::abort();
  }

  SimulatedChain model;
  ChainDirectory directory;
  std::unique_ptr<ChainState> chain;
};

// "CODE: message" of a refusal, with the details byte where there is one; "OK" else.
template <class T>
std::string outcome(const Answer<T>& answer) {
  if (answer) return "OK";
  std::string text = std::string(to_string(answer.error().code)) + ": " + answer.error().message;
  for (const char byte : answer.error().details) text += " [" + std::to_string(byte) + "]";
  return text;
}

}  // namespace miden
