// What the owner of the mempool pays for an event. spec/block-production.md §23.2 (b).
#include <benchmark/benchmark.h>

#include "mempool/mempool.hpp"
#include "mempool/test_support/build_transaction.hpp"

namespace miden {
namespace {

MempoolOptions unbounded(size_t batch) {
  MempoolOptions options;
  options.transaction_capacity = 10'000'000;
  options.max_transactions_per_batch = batch;
  options.max_batches_per_block = 64;
  return options;
}

// One account each, one note in, one note out.
AuthenticatedTransaction transaction(uint64_t n) { return Tx(n).spends({n}).creates({n}); }

std::vector<AuthenticatedTransaction> transactions(uint64_t count) {
  std::vector<AuthenticatedTransaction> list;
  for (uint64_t n = 1; n <= count; ++n) list.push_back(transaction(n));
  return list;
}

void Admit(benchmark::State& state) {
  const auto list = transactions(100'000);
  for (auto _ : state) {
    Mempool mempool(unbounded(8), kGenesis);
    for (const auto& tx : list) benchmark::DoNotOptimize(mempool.admit(tx));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(list.size()));
}
BENCHMARK(Admit)->Unit(benchmark::kMillisecond);

// All batches out of 100,000 waiting transactions.
void SelectBatches(benchmark::State& state) {
  const auto list = transactions(100'000);
  for (auto _ : state) {
    state.PauseTiming();
    Mempool mempool(unbounded(static_cast<size_t>(state.range(0))), kGenesis);
    for (const auto& tx : list) benchmark::DoNotOptimize(mempool.admit(tx));
    state.ResumeTiming();
    while (auto batch = mempool.select_any_batch()) benchmark::DoNotOptimize(batch);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(list.size()));
}
BENCHMARK(SelectBatches)->Arg(8)->Arg(1024)->Unit(benchmark::kMillisecond);

// A look for a full batch that finds a partial one, which happens several times a second.
void LookForAFullBatch(benchmark::State& state) {
  Mempool mempool(unbounded(1024), kGenesis);
  for (const auto& tx : transactions(1000)) benchmark::DoNotOptimize(mempool.admit(tx));
  for (auto _ : state) benchmark::DoNotOptimize(mempool.select_full_batch());
}
BENCHMARK(LookForAFullBatch)->Unit(benchmark::kMicrosecond);

// 10,000 transactions in batches that all build on the first, which fails.
void RevertEverything(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    Mempool mempool(unbounded(8), kGenesis);
    for (uint64_t n = 1; n <= 10'000; ++n) {
      benchmark::DoNotOptimize(mempool.admit(Tx(n).on(7).from(n).to(n + 1)));
    }
    const auto first = mempool.select_any_batch();
    while (mempool.select_any_batch()) {
    }
    state.ResumeTiming();
    mempool.batch_failed(first->attempt, Failure{});
  }
}
BENCHMARK(RevertEverything)->Unit(benchmark::kMillisecond);

// A block commits while 100,000 transactions wait.
void CommitABlock(benchmark::State& state) {
  Mempool mempool(unbounded(8), kGenesis);
  for (const auto& tx : transactions(100'000)) benchmark::DoNotOptimize(mempool.admit(tx));
  for (auto _ : state) {
    const auto block = mempool.select_block();
    benchmark::DoNotOptimize(mempool.block_committed(block->block_num));
  }
}
BENCHMARK(CommitABlock)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace miden
