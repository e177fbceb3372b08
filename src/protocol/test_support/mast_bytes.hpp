// MAST forests as bytes, part by part, so that a test can damage or misplace any of them.
#pragma once

#include <vector>

#include "crypto/word.hpp"

namespace miden {

inline uint64_t node_entry(uint64_t tag, uint64_t first = 0, uint64_t second = 0) {
  return tag << 60 | (tag <= 1 ? first << 30 | second : first);
}

// A basic block of one batch: operations with their operands, eight group sizes, padding flags.
inline Bytes block_bytes(size_t operation_count, const Bytes& operations,
                         const std::vector<unsigned>& group_sizes, uint8_t padding = 0) {
  ByteWriter writer;
  writer.vint(operation_count);
  writer.bytes(operations);
  writer.u32(1);
  for (size_t i = 0; i < 8; i += 2) {
    const auto size = [&](size_t group) {
      return group < group_sizes.size() ? group_sizes[group] : 0u;
    };
    writer.u8(static_cast<uint8_t>(size(i) | size(i + 1) << 4));
  }
  writer.u8(padding);
  return std::move(writer).take();
}

// PUSH followed by its operand.
inline Bytes push_bytes(uint64_t value) {
  ByteWriter writer;
  writer.u8(0x5b);
  writer.u64(value);
  return std::move(writer).take();
}

inline Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

struct ForestParts {
  uint8_t flags = 0;
  size_t internal_count = 0;
  size_t external_count = 0;
  std::vector<uint32_t> roots;
  Bytes blocks;
  std::vector<uint64_t> entries;
  std::vector<Word> external_digests;
  std::vector<Word> internal_digests;
  Bytes advice_map = {0x01};
  Bytes debug_info;

  Bytes bytes() const {
    ByteWriter writer;
    writer.bytes(as_bytes("MAST"));
    writer.u8(flags);
    writer.bytes(Bytes{0, 0, 3});
    writer.vint(internal_count);
    writer.vint(external_count);
    writer.vint(roots.size());
    for (const uint32_t root : roots) writer.u32(root);
    writer.length_prefixed(blocks);
    for (const uint64_t entry : entries) writer.u64(entry);
    encode_items(writer, external_digests);
    encode_items(writer, internal_digests);
    writer.bytes(advice_map);
    writer.bytes(debug_info);
    return std::move(writer).take();
  }
};

// Debug information of a forest of `nodes` nodes that has none. spec/crypto.md §13.4.
inline Bytes empty_debug_info(size_t nodes) {
  ByteWriter writer;
  for (int i = 0; i < 7; ++i) writer.vint(0);
  writer.vint(nodes + 1);
  for (size_t i = 0; i <= nodes; ++i) writer.vint(0);
  for (int i = 0; i < 15; ++i) writer.vint(0);
  return std::move(writer).take();
}

}  // namespace miden
