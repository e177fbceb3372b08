// The tree that everything stands on: batches of new leaves, changed leaves and openings in trees
// of 100,000 and 1,000,000 leaves, and what hashing alone costs.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <thread>

#include "crypto/poseidon2.hpp"
#include "merkle/memory_smt_store.hpp"
#include "merkle/smt.hpp"

namespace miden {
namespace {

Word random_word(std::mt19937_64& random) {
  Word word;
  for (Felt& element : word.elements) element = Felt::reduce(random());
  return word;
}

std::vector<SmtEntry> random_entries(std::mt19937_64& random, size_t count) {
  std::vector<SmtEntry> entries(count);
  for (SmtEntry& entry : entries) entry = {random_word(random), random_word(random)};
  std::ranges::sort(entries, {}, &SmtEntry::key);
  return entries;
}

// Pieces of every loop on as many threads.
class Threads final : public Executor {
 public:
  explicit Threads(size_t count) : count_(count) {}
  size_t concurrency() const override { return count_; }
  void parallel_for(size_t count, size_t grain,
                    const std::function<void(size_t, size_t)>& body) override {
    const size_t size = std::max(grain, (count + count_ - 1) / count_);
    std::vector<std::jthread> threads;
    for (size_t begin = size; begin < count; begin += size) {
      threads.emplace_back(body, begin, std::min(count, begin + size));
    }
    if (count > 0) body(0, std::min(count, size));
  }

 private:
  size_t count_;
};

const MemorySmtStore& tree_of(size_t leaves) {
  static std::map<size_t, MemorySmtStore> trees;
  MemorySmtStore& tree = trees[leaves];
  if (tree.leaf_rows().empty()) {
    std::mt19937_64 random(1);
    SerialExecutor serial;
    tree.apply(smt_update(tree, random_entries(random, leaves), serial).value());
  }
  return tree;
}

void update_tree(benchmark::State& state, const MemorySmtStore& tree,
                 const std::vector<SmtEntry>& entries) {
  SerialExecutor serial;
  Threads threads(static_cast<size_t>(state.range(2)));
  Executor& executor = state.range(2) == 1 ? static_cast<Executor&>(serial) : threads;
  for (auto _ : state) {
    benchmark::DoNotOptimize(smt_update(tree, entries, executor).value());
  }
  state.SetLabel(std::string(name_of(poseidon2_backend())));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(entries.size()));
}

void InsertNewLeaves(benchmark::State& state) {
  std::mt19937_64 random(2);
  update_tree(state, tree_of(static_cast<size_t>(state.range(0))),
              random_entries(random, static_cast<size_t>(state.range(1))));
}
BENCHMARK(InsertNewLeaves)
    ->ArgNames({"tree", "batch", "threads"})
    ->ArgsProduct({{100'000, 1'000'000}, {1, 100, 10'000}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void ChangeLeaves(benchmark::State& state) {
  const MemorySmtStore& tree = tree_of(static_cast<size_t>(state.range(0)));
  std::mt19937_64 random(3);
  std::vector<SmtEntry> entries;
  for (const auto& [index, row] : tree.leaf_rows()) {
    entries.push_back({from_bytes<SmtLeaf>(row)->entries[0].key, random_word(random)});
  }
  std::ranges::shuffle(entries, random);
  entries.resize(static_cast<size_t>(state.range(1)));
  std::ranges::sort(entries, {}, &SmtEntry::key);
  update_tree(state, tree, entries);
}
BENCHMARK(ChangeLeaves)
    ->ArgNames({"tree", "batch", "threads"})
    ->ArgsProduct({{100'000, 1'000'000}, {10'000}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void BuildTree(benchmark::State& state) {
  std::mt19937_64 random(4);
  const MemorySmtStore empty;
  update_tree(state, empty, random_entries(random, static_cast<size_t>(state.range(0))));
}
BENCHMARK(BuildTree)
    ->ArgNames({"leaves", "", "threads"})
    ->ArgsProduct({{10, 1'000, 100'000}, {0}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

// Half of the keys present.
void OpenLeaves(benchmark::State& state) {
  const MemorySmtStore& tree = tree_of(static_cast<size_t>(state.range(0)));
  std::mt19937_64 random(5);
  std::vector<Word> keys;
  while (keys.size() < static_cast<size_t>(state.range(1))) {
    Word key = random_word(random);
    if (keys.size() % 2 == 0) {
      auto row = tree.leaf_rows().lower_bound(key[3].value());
      if (row == tree.leaf_rows().end()) row = tree.leaf_rows().begin();
      key = from_bytes<SmtLeaf>(row->second)->entries[0].key;
    }
    keys.push_back(key);
  }
  for (auto _ : state) benchmark::DoNotOptimize(smt_open_many(tree, keys).value());
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(keys.size()));
}
BENCHMARK(OpenLeaves)
    ->ArgNames({"tree", "batch"})
    ->ArgsProduct({{100'000, 1'000'000}, {1, 1'000}})
    ->Unit(benchmark::kMicrosecond);

// The floor under all of these: pairs merged in batches that stay in the cache.
void MergePairs(benchmark::State& state) {
  std::mt19937_64 random(6);
  std::vector<Word> pairs(512);
  for (Word& word : pairs) word = random_word(random);
  std::vector<Word> digests(256);
  for (auto _ : state) {
    merge_batch(pairs, digests);
    benchmark::DoNotOptimize(digests.data());
  }
  state.SetLabel(std::string(name_of(poseidon2_backend())));
  state.SetItemsProcessed(state.iterations() * 256);
}
BENCHMARK(MergePairs);

}  // namespace
}  // namespace miden
