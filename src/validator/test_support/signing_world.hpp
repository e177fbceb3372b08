// A chain of empty blocks that a validator has signed, and proposals for its next block.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/read_file.hpp"
#include "engine/engine.hpp"
#include "merkle/smt.hpp"
#include "protocol/proposed_block.hpp"
#include "protocol/test_support/test_chain.hpp"
#include "validator/validator.hpp"

namespace miden {

inline const std::shared_ptr<const Engine>& test_engine() {
  static const std::shared_ptr<const Engine> engine = make_reference_engine(0);
  return engine;
}

// One of the files that engine/fixtures made with the reference crates.
inline Bytes engine_fixture(const std::string& name) {
  const auto contents = read_file(std::string(MIDEN_ENGINE_FIXTURES) + "/" + name);
  EXPECT_TRUE(contents) << name;
  return contents.value_or(Bytes());
}

// The error's code, or "ok".
template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "ok" : std::string(result.error().code);
}
template <class T>
std::string message_of(const Result<T>& result) {
  return result ? "ok" : result.error().message;
}

// Goes with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string path = ::testing::TempDir() + "validator_test_XXXXXX";
    if (mkdtemp(path.data()) == nullptr) std::abort();
    path_ = path;
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Block 0 of a chain without accounts.
inline SignedBlock genesis_without_accounts() {
  BlockHeader header = test_header(0);
  header.prev_block_commitment = Word();
  header.chain_commitment = PartialBlockchain().chain_commitment();
  header.account_root = Smt().root();
  header.nullifier_root = Smt().root();
  header.note_root = block_note_tree({})->root();
  header.tx_commitment = Word();
  header.tx_kernel_commitment = test_engine()->info().kernel_commitment;
  const Signature signature = validator_secret().sign(header.commitment());
  return {std::move(header), BlockBody{}, signature};
}

// A block of a given size that only the store looks at.
inline SignedBlock stored_block(uint32_t block_num, size_t nullifiers = 0) {
  SignedBlock block = genesis_without_accounts();
  block.header.block_num = {block_num};
  block.header.timestamp += block_num;
  for (size_t n = 0; n < nullifiers; ++n) {
    block.body.created_nullifiers.emplace_back(word(1'000'000 * (block_num + 1) + n));
  }
  block.signature = validator_secret().sign(block.header.commitment());
  return block;
}

// What the sequencer knows of the chain.
class ProposingChain {
 public:
  // An empty block on the tip; its timestamp tells two of them apart.
  ProposedBlock propose(uint32_t seconds_after_tip = 1) const {
    return ProposedBlock::make_at({tip_, before_tip_, {}, {}, {}}, {},
                                  tip_.timestamp + seconds_after_tip)
        .value();
  }
  static BlockHeader header_of(const ProposedBlock& proposal) {
    return proposal.build(test_engine()->info().kernel_commitment).value().first;
  }
  void append(const BlockHeader& header) {
    before_tip_.add(tip_, true).value();
    tip_ = header;
  }
  const BlockHeader& tip() const { return tip_; }

 private:
  BlockHeader tip_ = genesis_without_accounts().header;
  PartialBlockchain before_tip_;
};

// A validator with a store of its own.
class SigningWorld {
 public:
  explicit SigningWorld(Validator::Options options = {}) : options_(options) {
    ValidatorStore::create(folder_ / "store", genesis_without_accounts()).value();
    open();
  }
  // As after the end of the process.
  void restart(Validator::Options options) {
    options_ = options;
    validator.reset();
    open();
  }
  // Signs an empty block on the tip and takes it into the chain.
  void sign_next() {
    const ProposedBlock proposal = chain.propose();
    const auto answer = validator->sign(to_bytes(proposal));
    ASSERT_TRUE(answer) << answer.error().message;
    chain.append(ProposingChain::header_of(proposal));
  }
  std::filesystem::path store_directory() const { return folder_ / "store"; }

  ProposingChain chain;
  std::unique_ptr<Validator> validator;

 private:
  void open() {
    validator = Validator::make(ValidatorStore::open(folder_ / "store").value(), validator_secret(),
                                test_engine(), options_)
                    .value();
  }
  TestFolder folder_;
  Validator::Options options_;
};

}  // namespace miden
