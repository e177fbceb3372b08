#include <benchmark/benchmark.h>

#include <fstream>
#include <iterator>

#include "engine/engine.hpp"

namespace miden {
namespace {

Bytes fixture(const std::string& name) {
  std::ifstream file(std::string(MIDEN_ENGINE_FIXTURES) + "/" + name, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

const Engine& engine() {
  static const std::unique_ptr<Engine> engine = make_reference_engine(0);
  return *engine;
}

void verify_transaction(benchmark::State& state, const std::string& name) {
  const Bytes proven = fixture(name + ".proven");
  for (auto _ : state) {
    if (!engine().verify_transaction(proven)) state.SkipWithError("not valid");
  }
}
BENCHMARK_CAPTURE(verify_transaction, falcon, "falcon")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(verify_transaction, ecdsa, "ecdsa")->Unit(benchmark::kMillisecond);

void reexecute_transaction(benchmark::State& state, const std::string& name) {
  const Bytes inputs = fixture(name + ".inputs");
  for (auto _ : state) {
    if (!engine().reexecute_transaction(inputs)) state.SkipWithError("not executable");
  }
}
BENCHMARK_CAPTURE(reexecute_transaction, falcon, "falcon")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(reexecute_transaction, ecdsa, "ecdsa")->Unit(benchmark::kMillisecond);

void prove_transaction(benchmark::State& state, const std::string& name) {
  const Bytes inputs = fixture(name + ".inputs");
  for (auto _ : state) {
    if (!engine().prove_transaction(inputs)) state.SkipWithError("not provable");
  }
}
BENCHMARK_CAPTURE(prove_transaction, falcon, "falcon")->Unit(benchmark::kSecond)->UseRealTime();
BENCHMARK_CAPTURE(prove_transaction, ecdsa, "ecdsa")->Unit(benchmark::kSecond)->UseRealTime();

}  // namespace
}  // namespace miden
