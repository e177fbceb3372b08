// A chain in a directory of its own, a validator and a producer over it.
#pragma once

#include <gtest/gtest.h>

#include <thread>

#include "chain/test_support/chain_directory.hpp"
#include "producer/block_producer.hpp"
#include "producer/test_support/fakes.hpp"
#include "protocol/test_support/test_chain.hpp"
#include "protocol/test_support/values.hpp"

namespace miden {

inline constexpr std::chrono::seconds kPatience(20);

// Block 0 of a chain without accounts.
inline SignedBlock empty_genesis() {
  BlockHeader header = test_header(0);
  header.prev_block_commitment = Word();
  header.chain_commitment = PartialBlockchain().chain_commitment();
  header.account_root = Smt().root();
  header.nullifier_root = Smt().root();
  header.note_root = block_note_tree({})->root();
  header.tx_commitment = Word();
  const Signature signature = validator_secret().sign(header.commitment());
  return {std::move(header), BlockBody{}, signature};
}

inline BlockProducerOptions quick_options() {
  BlockProducerOptions options;
  options.batch_interval = std::chrono::milliseconds(50);
  options.block_interval = std::chrono::milliseconds(40);
  options.max_concurrent_proofs = 2;
  options.tx_kernel_commitment = word(17);
  options.first_retry = std::chrono::milliseconds(5);
  options.longest_retry = std::chrono::milliseconds(40);
  return options;
}

class ProducerWorld {
 public:
  explicit ProducerWorld(BlockProducerOptions options = quick_options())
      : options_(std::move(options)) {
    options_.on_fatal = [this](const std::string& why) {
      const std::scoped_lock lock(fatal_mutex_);
      fatal_ = why;
    };
    directory_.bootstrap(empty_genesis());
    chain = directory_.open();
  }
  ~ProducerWorld() {
    producer.reset();
    EXPECT_EQ(fatal(), "");
  }

  void start() {
    make_producer();
    producer->start();
  }
  // Accepts, but makes nothing of it.
  void make_producer() {
    producer =
        std::make_unique<BlockProducer>(*chain, validator, batch_prover, block_prover, options_);
  }
  // As after the end of the process, orderly or not: what was in memory is gone.
  void stop() {
    producer.reset();
    chain.reset();
    chain = directory_.open();
  }

  // On a private account that the transaction creates in state 1000 + account. The state keeps ids
  // apart, which do not cover the account.
  std::shared_ptr<const ProvenTransaction> creating(uint64_t account,
                                                    TransactionSpec spec = {}) const {
    spec.account = private_account(account);
    spec.initial = 0;
    spec.final = 1000 + account;
    return made(spec);
  }
  std::shared_ptr<const ProvenTransaction> made(TransactionSpec spec) const {
    const SignedHeader tip = chain->view()->tip_header();
    spec.ref_block_num = tip.header.block_num;
    spec.ref_block_commitment = tip.header.commitment();
    return std::make_shared<const ProvenTransaction>(transaction(spec));
  }

  void accept(const std::shared_ptr<const ProvenTransaction>& transaction) {
    const Answer<BlockNum> answer = producer->submit(transaction);
    EXPECT_TRUE(answer) << answer.error().message;
  }

  std::optional<Word> state_of(uint64_t account) const {
    return chain->view()->transaction_standing(private_account(account), {}, {}).account_commitment;
  }
  bool is_committed(const std::shared_ptr<const ProvenTransaction>& transaction) const {
    return chain->view()
               ->transaction_standing(transaction->account_id(), {}, {})
               .account_commitment == transaction->account_update.final_commitment;
  }
  testing::AssertionResult await(const std::function<bool()>& condition) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (!fatal().empty()) return testing::AssertionFailure() << "production ended: " << fatal();
      if (std::chrono::steady_clock::now() > deadline) {
        return testing::AssertionFailure() << "not within patience";
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return testing::AssertionSuccess();
  }
  testing::AssertionResult await_commit(
      const std::shared_ptr<const ProvenTransaction>& transaction) const {
    return await([&] { return is_committed(transaction); });
  }
  testing::AssertionResult await_blocks(uint32_t count) const {
    const uint32_t target = chain->tip().value + count;
    return await([&] { return chain->tip().value >= target; });
  }
  std::string fatal() const {
    const std::scoped_lock lock(fatal_mutex_);
    return fatal_;
  }
  void expect_fatal() {
    const std::scoped_lock lock(fatal_mutex_);
    fatal_.clear();
  }

  // Every block of the chain is the one that the validator signed.
  void expect_the_validators_chain() const {
    for (const auto& [block_num, block] : validator->blocks()) {
      if (block_num > chain->tip()) continue;
      EXPECT_EQ(chain->view()->block(block_num), to_bytes(block)) << block_num.value;
    }
  }

  std::shared_ptr<FakeValidator> validator =
      std::make_shared<FakeValidator>(empty_genesis(), validator_secret(), word(17));
  std::shared_ptr<FakeBatchProver> batch_prover = std::make_shared<FakeBatchProver>();
  std::shared_ptr<FakeBlockProver> block_prover = std::make_shared<FakeBlockProver>();

 private:
  ChainDirectory directory_;
  BlockProducerOptions options_;
  mutable std::mutex fatal_mutex_;  // guards fatal_
  std::string fatal_;

 public:
  std::unique_ptr<ChainState> chain;
  std::unique_ptr<BlockProducer> producer;
};

}  // namespace miden
