// What a node does for every transaction it is sent and every block it makes, without proofs.
#include <benchmark/benchmark.h>

#include "protocol/test_support/block_world.hpp"

namespace miden {
namespace {

ProvenTransaction payment(uint64_t n) {
  return transaction({.account = private_account(1000 + n),
                      .final = 1000 + n,
                      .inputs = {authenticated(100000 + n)},
                      .outputs = {private_note(2 * n), public_note(2 * n + 1)}});
}

void decode_proven_transaction(benchmark::State& state) {
  const Bytes bytes = to_bytes(payment(1));
  for (auto _ : state) benchmark::DoNotOptimize(from_bytes<ProvenTransaction>(bytes));
}
BENCHMARK(decode_proven_transaction);

// A block's worth of transactions in batches of eight.
std::vector<ProvenBatch> full_batches(uint64_t count) {
  std::vector<ProvenBatch> batches;
  for (uint64_t b = 0; b < count; ++b) {
    BatchSpec spec{.id = b + 1};
    OrderedTransactionHeaders headers;
    for (uint64_t t = 0; t < 8; ++t) {
      const ProvenTransaction one = payment(8 * b + t);
      const auto& [inputs] = one.input_notes;
      const auto& [outputs] = one.output_notes;
      spec.inputs.insert(spec.inputs.end(), inputs.begin(), inputs.end());
      spec.outputs.insert(spec.outputs.end(), outputs.begin(), outputs.end());
      spec.accounts.push_back(account_step(one.account_id(), 0, 9));
      headers.transactions.push_back(TransactionHeader::of(one));
    }
    batches.push_back(batch(spec));
    batches.back().transactions = std::move(headers);
  }
  return batches;
}

void propose_block(benchmark::State& state) {
  const BlockWorld world;
  const auto batches = full_batches(static_cast<uint64_t>(state.range(0)));
  const BlockInputs inputs = world.inputs(batches);
  for (auto _ : state) {
    benchmark::DoNotOptimize(ProposedBlock::make_at(inputs, batches, world.next_timestamp()));
  }
}
BENCHMARK(propose_block)->Arg(8)->Arg(64)->Unit(benchmark::kMicrosecond);

void build_block(benchmark::State& state) {
  const BlockWorld world;
  const auto batches = full_batches(static_cast<uint64_t>(state.range(0)));
  const ProposedBlock block =
      ProposedBlock::make_at(world.inputs(batches), batches, world.next_timestamp()).value();
  for (auto _ : state) benchmark::DoNotOptimize(block.build(word(17)));
}
BENCHMARK(build_block)->Arg(8)->Arg(64)->Unit(benchmark::kMicrosecond);

void verify_proposed_block(benchmark::State& state) {
  const BlockWorld world;
  const auto batches = full_batches(static_cast<uint64_t>(state.range(0)));
  const ProposedBlock block =
      ProposedBlock::make_at(world.inputs(batches), batches, world.next_timestamp()).value();
  for (auto _ : state) benchmark::DoNotOptimize(block.verify());
}
BENCHMARK(verify_proposed_block)->Arg(64)->Unit(benchmark::kMicrosecond);

void decode_block_body(benchmark::State& state) {
  const BlockWorld world;
  const auto batches = full_batches(static_cast<uint64_t>(state.range(0)));
  const auto built = ProposedBlock::make_at(world.inputs(batches), batches, world.next_timestamp())
                         .value()
                         .build(word(17))
                         .value();
  const Bytes bytes = to_bytes(built.second);
  for (auto _ : state) benchmark::DoNotOptimize(from_bytes<BlockBody>(bytes));
}
BENCHMARK(decode_block_body)->Arg(64)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace miden
