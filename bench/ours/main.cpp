// Our half of the benchmark; bench/reference/ is the other one. Reads names of measurements, a line
// each, and answers each with `name<TAB>seconds<TAB>result`: the least time of one operation, and
// what the operation gave, which must be the same on both sides.
//
// usage: bench_ours TRANSACTION BLOCKS FOLDER
//
// TRANSACTION: a ProvenTransaction. BLOCKS: written first, read by both sides. FOLDER: for stores.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>

#include "blocks.hpp"
#include "crypto/poseidon2.hpp"
#include "engine/engine.hpp"
#include "protocol/transaction.hpp"
#include "trees.hpp"
#include "words.hpp"

namespace miden {
namespace {

constexpr size_t kMerges = 1'000;
constexpr size_t kPairs = 1024;

// The shortest of so many runs.
template <class Operation>
double least(size_t repetitions, Operation operation) {
  double shortest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < repetitions; ++i) shortest = std::min(shortest, seconds_of(operation));
  return shortest;
}

// One hash after the other, each needing the one before.
Measured merge_chain() {
  Word word = Words(1).next();
  const double seconds = least(20, [&] {
    for (size_t i = 0; i < kMerges; ++i) word = merge(word, word);
  });
  return {seconds / kMerges, word.to_hex()};
}

// Hashes that do not need each other.
Measured merge_many(Poseidon2Backend backend) {
  Words words(1);
  std::vector<Word> pairs(2 * kPairs);
  for (Word& word : pairs) word = words.next();
  std::vector<Word> digests(kPairs);
  const double seconds = least(20, [&] { merge_batch_on(backend, pairs, digests); });
  Word all;
  for (const Word& digest : digests) all = merge(all, digest);
  return {seconds / kPairs, all.to_hex()};
}

class Bench {
 public:
  Bench(const char* transaction, const char* blocks, const char* folder)
      : blocks_(blocks), folder_(folder) {
    std::ifstream file(transaction, std::ios::binary);
    transaction_.assign(std::istreambuf_iterator<char>(file), {});
    if (transaction_.empty()) throw std::runtime_error(fmt::format("cannot read {}", transaction));
    write_blocks(blocks_);
  }

  Measured measure(std::string_view name) {
    if (name == "merge_chain") return merge_chain();
    if (name == "decode_transaction") return decode_transaction();
    if (name == "verify_transaction") return verify_transaction();
    if (name == "decode_block") return decode_block();
    if (name == "block_trees") return block_trees();
    if (name == "apply_block") return apply_block(StoreOptions::Durability::kRelaxed);
    if (name == "apply_block_synced") return apply_block(StoreOptions::Durability::kSync);
    if (name.starts_with("tree/")) return insert_batch(name);
    for (const Poseidon2Backend backend : available_poseidon2_backends()) {
      if (name == fmt::format("merge_batch/{}", name_of(backend))) return merge_many(backend);
    }
    throw std::runtime_error(fmt::format("unknown measurement {}", name));
  }

 private:
  Measured decode_transaction() const {
    std::optional<Result<ProvenTransaction>> decoded;
    const double seconds =
        least(200, [&] { decoded.emplace(from_bytes<ProvenTransaction>(transaction_)); });
    return {seconds, (*decoded)->id.to_hex()};
  }

  Measured decode_block() const {
    const Bytes bytes = read_blocks(blocks_).back();
    std::optional<Result<SignedBlock>> decoded;
    const double seconds = least(20, [&] { decoded.emplace(from_bytes<SignedBlock>(bytes)); });
    return {seconds, decoded->value().header.commitment().to_hex()};
  }

  Measured verify_transaction() {
    if (!engine_) engine_ = make_reference_engine(1);
    const double seconds = least(20, [&] { engine_->verify_transaction(transaction_).value(); });
    return {seconds, from_bytes<ProvenTransaction>(transaction_).value().id.to_hex()};
  }

  Measured block_trees() {
    if (!chain_trees_) chain_trees_ = std::make_unique<ChainTrees>(blocks_);
    return chain_trees_->apply_next();
  }

  Measured apply_block(StoreOptions::Durability durability) {
    std::unique_ptr<GrownChain>& chain = chains_[durability];
    if (!chain) {
      const char* name = durability == StoreOptions::Durability::kSync ? "synced" : "relaxed";
      chain = std::make_unique<GrownChain>(blocks_, folder_ / name, durability);
    }
    return chain->apply_next();
  }

  // tree/LEAVES/THREADS
  Measured insert_batch(std::string_view name) {
    const char* end = name.data() + name.size();
    size_t leaves = 0;
    size_t threads = 0;
    const char* slash = std::from_chars(name.data() + name.find('/') + 1, end, leaves).ptr;
    if (slash == end || std::from_chars(slash + 1, end, threads).ptr != end || leaves == 0) {
      throw std::runtime_error(fmt::format("unknown measurement {}", name));
    }
    if (!tree_ || tree_->leaves() != leaves) {
      tree_.reset();  // its memory first
      tree_ = std::make_unique<GrownTree>(leaves);
    }
    return tree_->insert_batch(threads);
  }

  Bytes transaction_;
  std::filesystem::path blocks_;
  std::filesystem::path folder_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<GrownTree> tree_;
  std::unique_ptr<ChainTrees> chain_trees_;
  std::map<StoreOptions::Durability, std::unique_ptr<GrownChain>> chains_;
};

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: bench_ours TRANSACTION BLOCKS FOLDER\n");
    return 1;
  }
  try {
    miden::Bench bench(argv[1], argv[2], argv[3]);
    std::cout << "backends";
    for (const auto backend : miden::available_poseidon2_backends()) {
      std::cout << '\t' << miden::name_of(backend);
    }
    std::cout << std::endl;
    for (std::string name; std::getline(std::cin, name);) {
      const miden::Measured measured = bench.measure(name);
      std::cout << fmt::format("{}\t{}\t{}", name, measured.seconds, measured.result) << std::endl;
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
  return 0;
}
