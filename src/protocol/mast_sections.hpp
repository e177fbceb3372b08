// Where the parts of an encoded MAST forest lie. spec/crypto.md §13.1.
#pragma once

#include <cstdint>

#include "base/serialize.hpp"

namespace miden {

enum class MastNodeKind : uint8_t {
  kJoin = 0,
  kSplit = 1,
  kLoop = 2,
  kBlock = 3,
  kCall = 4,
  kSyscall = 5,
  kDyn = 6,
  kDyncall = 7,
  kExternal = 8,
};

// One node's eight bytes: what it is and which nodes (or block data) it refers to.
struct MastNodeEntry {
  MastNodeKind kind = MastNodeKind::kExternal;
  uint32_t first = 0;   // left child, only child, or offset into the block data
  uint32_t second = 0;  // right child

  // How many of `first` and `second` are node ids.
  unsigned child_count() const;
  // Bits that mean nothing are written as zero.
  uint64_t pack() const;
  // Errors: InvalidValue (unknown kind, a number beyond 32 bits).
  static Result<MastNodeEntry> unpack(uint64_t bits);
};

// Everything before the advice map, borrowed.
struct MastSections {
  bool stripped = false;  // no debug information follows the advice map
  size_t internal_count = 0;
  size_t external_count = 0;
  ByteView roots;             // u32 each
  ByteView blocks;            // block data
  ByteView entries;           // 8 bytes a node
  ByteView external_digests;  // in node order
  ByteView internal_digests;  // in node order

  size_t node_count() const { return internal_count + external_count; }
  MastNodeEntry entry(size_t node) const;  // after the entries were checked

  // Checks the header and the sections' lengths, not what is in them. Forests without digests are
  // refused, as by the reference's trusted reader.
  static Result<MastSections> read(ByteReader& reader);
};

// Header and counts of a forest that carries debug information.
void write_mast_header(ByteWriter& writer, const MastSections& sections);

inline uint32_t read_u32(ByteView bytes, size_t index) {
  uint32_t value;
  std::memcpy(&value, bytes.data() + index * sizeof value, sizeof value);
  return value;
}

inline uint64_t read_u64(ByteView bytes, size_t index) {
  uint64_t value;
  std::memcpy(&value, bytes.data() + index * sizeof value, sizeof value);
  return value;
}

}  // namespace miden
