#include <benchmark/benchmark.h>

#include "crypto/ecdsa.hpp"

namespace miden {
namespace {

const Word kMessage = Word::of(1, 2, 3, 4);

void sign(benchmark::State& state) {
  const SecretKey key = SecretKey::generate();
  for (auto _ : state) benchmark::DoNotOptimize(key.sign(kMessage));
}
BENCHMARK(sign);

void verify(benchmark::State& state) {
  const SecretKey key = SecretKey::generate();
  const PublicKey public_key = key.public_key();
  const Signature signature = key.sign(kMessage);
  for (auto _ : state) benchmark::DoNotOptimize(public_key.verify(kMessage, signature));
}
BENCHMARK(verify);

void recover(benchmark::State& state) {
  const Signature signature = SecretKey::generate().sign(kMessage);
  for (auto _ : state) benchmark::DoNotOptimize(PublicKey::recover(kMessage, signature));
}
BENCHMARK(recover);

void decode_public_key(benchmark::State& state) {
  const Bytes wire = to_bytes(SecretKey::generate().public_key());
  for (auto _ : state) benchmark::DoNotOptimize(from_bytes<PublicKey>(wire));
}
BENCHMARK(decode_public_key);

}  // namespace
}  // namespace miden
