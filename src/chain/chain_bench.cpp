// Applying full blocks to a grown chain, and the queries that clients and block production wait
// for.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "chain/chain_state.hpp"
#include "chain/test_support/simulated_chain.hpp"

namespace miden {
namespace {

constexpr size_t kAccounts = 100'000;
constexpr size_t kPublicAccounts = 2'000;

// One chain for all benchmarks: building it takes longest.
struct GrownChain {
  GrownChain() {
    std::string path = std::filesystem::temp_directory_path() / "chain_bench_XXXXXX";
    if (mkdtemp(path.data()) == nullptr) std::abort();
    root = path;
    ChainState::bootstrap(root / "data", model.blocks.front()).value();
    reopen(StoreOptions::Durability::kRelaxed);
    for (uint32_t i = 0; i < kRetainedBlocks + 5; ++i) append();
  }
  ~GrownChain() {
    chain.reset();
    std::filesystem::remove_all(root);
  }

  void reopen(StoreOptions::Durability durability) {
    chain.reset();
    ChainOptions options;
    options.store.durability = durability;
    chain = ChainState::open(root / "data", options).value();
  }
  // Seconds that applying took.
  double append() {
    const SignedBlock& block = model.next(kFullBlock);
    const auto start = std::chrono::steady_clock::now();
    chain->apply_block(block).value();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  SimulatedChain model{
      1, {.new_private = kAccounts - kPublicAccounts, .new_public = kPublicAccounts}, false};
  std::filesystem::path root;
  std::unique_ptr<ChainState> chain;
};

GrownChain& grown() {
  static GrownChain chain;
  return chain;
}

void apply_full_block(benchmark::State& state, StoreOptions::Durability durability) {
  grown().reopen(durability);
  for (auto _ : state) state.SetIterationTime(grown().append());
}
BENCHMARK_CAPTURE(apply_full_block, relaxed, StoreOptions::Durability::kRelaxed)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(apply_full_block, sync, StoreOptions::Durability::kSync)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

void apply_empty_block(benchmark::State& state) {
  grown().reopen(StoreOptions::Durability::kRelaxed);
  const BlockShape empty{0, 0, 0, 0, 0, 0, 0, 0, 0};
  for (auto _ : state) {
    const SignedBlock& block = grown().model.next(empty);
    const auto start = std::chrono::steady_clock::now();
    grown().chain->apply_block(block).value();
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
}
BENCHMARK(apply_empty_block)->UseManualTime()->Unit(benchmark::kMicrosecond);

// GetAccount's witness, `range(0)` blocks behind the tip.
void account_witness(benchmark::State& state) {
  const auto view = grown().chain->view();
  const BlockNum at{view->tip().value - static_cast<uint32_t>(state.range(0))};
  auto account = grown().model.state.commitments.begin();
  for (auto _ : state) {
    benchmark::DoNotOptimize(view->account_witness(account->first, at).value());
    if (++account == grown().model.state.commitments.end()) {
      account = grown().model.state.commitments.begin();
    }
  }
}
BENCHMARK(account_witness)->Arg(0)->Arg(10)->Arg(50)->Unit(benchmark::kMicrosecond);

void account_details(benchmark::State& state) {
  const auto view = grown().chain->view();
  const BlockNum at{view->tip().value - static_cast<uint32_t>(state.range(0))};
  const AccountDetailsRequest everything{Word(), Word(), AccountDetailsRequest::AllMaps{}};
  auto account = grown().model.state.accounts.begin();
  for (auto _ : state) {
    benchmark::DoNotOptimize(view->account(account->first, at, &everything));
    if (++account == grown().model.state.accounts.end()) {
      account = grown().model.state.accounts.begin();
    }
  }
}
BENCHMARK(account_details)->Arg(0)->Arg(50)->Unit(benchmark::kMicrosecond);

void transaction_standing(benchmark::State& state) {
  const auto view = grown().chain->view();
  const AccountId account = grown().model.state.commitments.begin()->first;
  std::vector<Nullifier> nullifiers;
  std::vector<NoteId> notes;
  for (size_t i = 0; i < 4; ++i) {
    nullifiers.push_back(grown().model.nullifiers[i * 97].first);
    notes.push_back(grown().model.notes[i * 97].note.id());
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(view->transaction_standing(account, nullifiers, notes));
  }
}
BENCHMARK(transaction_standing)->Unit(benchmark::kMicrosecond);

void block_inputs(benchmark::State& state) {
  const auto view = grown().chain->view();
  std::set<AccountId> accounts;
  for (const auto& [id, commitment] : grown().model.state.commitments) {
    if (id.suffix().value() % 400 == 0) accounts.insert(id);
  }
  std::set<Nullifier> nullifiers;
  for (uint64_t i = 0; i < 256; ++i) nullifiers.insert(Nullifier(grown().model.random_word()));
  for (auto _ : state) {
    benchmark::DoNotOptimize(view->block_inputs(accounts, nullifiers, {}, {{1}, {2}}).value());
  }
  state.counters["accounts"] = static_cast<double>(accounts.size());
}
BENCHMARK(block_inputs)->Unit(benchmark::kMillisecond);

void sync_notes(benchmark::State& state) {
  const auto view = grown().chain->view();
  for (auto _ : state) {
    benchmark::DoNotOptimize(view->sync_notes({{0}, view->tip()}, {1}));
  }
}
BENCHMARK(sync_notes)->Unit(benchmark::kMillisecond);

void open_and_close(benchmark::State& state) {
  for (auto _ : state) grown().reopen(StoreOptions::Durability::kRelaxed);
}
BENCHMARK(open_and_close)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace miden
