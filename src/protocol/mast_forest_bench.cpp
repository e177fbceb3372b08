// Reading code: a forest as the assembler leaves it, with and without debug information.
#include <benchmark/benchmark.h>

#include "protocol/mast_forest.hpp"
#include "protocol/test_support/mast_bytes.hpp"

namespace miden {
namespace {

constexpr size_t kBlocks = 256;

// Blocks of nine operations, each under a loop.
Bytes forest_bytes(const Bytes& debug_info) {
  const Bytes block = block_bytes(9, push_bytes(5) + Bytes(8, 0x22), {9});
  ForestParts parts;
  parts.internal_count = 2 * kBlocks;
  for (uint32_t i = 0; i < kBlocks; ++i) {
    parts.entries.push_back(node_entry(3, parts.blocks.size()));
    parts.entries.push_back(node_entry(2, 2 * i));
    parts.blocks = parts.blocks + block;
    parts.roots.push_back(2 * i + 1);
  }
  parts.internal_digests.assign(parts.internal_count, Word::of(1, 2, 3, 4));
  parts.debug_info = debug_info;
  return parts.bytes();
}

// One assembly operation an instruction, over 64 different strings.
Bytes assembly_debug_info() {
  ByteWriter strings;
  ByteWriter offsets;
  for (int i = 0; i < 64; ++i) {
    offsets.vint(strings.size());
    strings.string("miden::contracts::procedure_" + std::to_string(i));
  }
  ByteWriter records;
  ByteWriter record_offsets;
  ByteWriter rows;
  constexpr uint32_t kOperations = 9 * kBlocks;
  for (uint32_t i = 0; i < kOperations; ++i) {
    record_offsets.u32(static_cast<uint32_t>(records.size()));
    records.bytes(Bytes{1, 1});
    records.vint(i < 64 ? 0 : i % 64);
    records.u64(i);
    records.vint(i % 64);
    records.vint(i % 64);
    rows.vint(i % 9);
    rows.u32(i);
  }
  ByteWriter writer;
  for (int i = 0; i < 5 + 3 + 4 + 1; ++i) writer.vint(0);
  writer.length_prefixed(records.view());
  writer.vint(64);
  writer.bytes(offsets.view());
  writer.length_prefixed(strings.view());
  writer.vint(kOperations);
  writer.bytes(record_offsets.view());
  writer.vint(kOperations);
  writer.bytes(rows.view());
  writer.vint(2 * kBlocks + 1);
  for (uint32_t node = 0; node <= 2 * kBlocks; ++node) writer.vint((node + 1) / 2 * 9);
  for (int i = 0; i < 1 + 3; ++i) writer.vint(0);
  return std::move(writer).take();
}

void decode(benchmark::State& state, const Bytes& bytes) {
  for (auto _ : state) {
    const auto forest = from_bytes<MastForest>(bytes);
    if (!forest) state.SkipWithError(forest.error().message.c_str());
    benchmark::DoNotOptimize(forest);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.size()));
}

void decode_forest(benchmark::State& state) {
  decode(state, forest_bytes(empty_debug_info(2 * kBlocks)));
}
BENCHMARK(decode_forest);

void decode_forest_with_debug_info(benchmark::State& state) {
  decode(state, forest_bytes(assembly_debug_info()));
}
BENCHMARK(decode_forest_with_debug_info);

void forget_debug_info(benchmark::State& state) {
  const MastForest forest = *from_bytes<MastForest>(forest_bytes(assembly_debug_info()));
  for (auto _ : state) benchmark::DoNotOptimize(forest.without_debug_info());
}
BENCHMARK(forget_debug_info);

}  // namespace
}  // namespace miden
