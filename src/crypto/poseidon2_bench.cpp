#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "crypto/poseidon2.hpp"

namespace miden {
namespace {

std::vector<Word> random_words(size_t count) {
  std::mt19937_64 random(1);
  std::vector<Word> words(count);
  for (Word& word : words) {
    for (Felt& element : word.elements) element = Felt::reduce(random());
  }
  return words;
}

void set_time_per_permutation(benchmark::State& state, size_t permutations) {
  state.counters["per_permutation"] = benchmark::Counter(
      static_cast<double>(permutations) * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// One hash after the other, each needing the one before.
void merge_chain(benchmark::State& state) {
  Word word = random_words(1)[0];
  for (auto _ : state) {
    word = merge(word, word);
    benchmark::DoNotOptimize(word);
  }
  set_time_per_permutation(state, 1);
}
BENCHMARK(merge_chain);

void merge_many(benchmark::State& state, Poseidon2Backend backend) {
  const auto count = static_cast<size_t>(state.range(0));
  const std::vector<Word> pairs = random_words(2 * count);
  std::vector<Word> digests(count);
  for (auto _ : state) {
    merge_batch_on(backend, pairs, digests);
    benchmark::DoNotOptimize(digests.data());
  }
  set_time_per_permutation(state, count);
}

const bool kRegistered = [] {
  for (const Poseidon2Backend backend : available_poseidon2_backends()) {
    benchmark::RegisterBenchmark(("merge_batch/" + std::string(name_of(backend))).c_str(),
                                 [backend](benchmark::State& state) { merge_many(state, backend); })
        ->Arg(8)
        ->Arg(32)
        ->Arg(1024);
  }
  return true;
}();

}  // namespace
}  // namespace miden
