// Words and numbers that name things.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

#include "crypto/word.hpp"

namespace miden {

using NoteId = TaggedWord<struct NoteIdTag>;
using NoteDetailsCommitment = TaggedWord<struct NoteDetailsCommitmentTag>;
using NoteScriptRoot = TaggedWord<struct NoteScriptRootTag>;
using Nullifier = TaggedWord<struct NullifierTag>;
using TransactionId = TaggedWord<struct TransactionIdTag>;
using BatchId = TaggedWord<struct BatchIdTag>;
// A storage map's key as the account's code uses it; the tree's key is its hash.
using StorageMapKey = TaggedWord<struct StorageMapKeyTag>;

// The top 16 bits of element 3, by which clients ask for nullifiers.
inline uint16_t nullifier_prefix(const Nullifier& nullifier) {
  return static_cast<uint16_t>(nullifier.word[3].value() >> 48);
}

struct BlockNum {
  uint32_t value = 0;

  friend constexpr auto operator<=>(const BlockNum&, const BlockNum&) = default;
  constexpr BlockNum next() const { return {value + 1}; }
  void encode(ByteWriter& writer) const { writer.u32(value); }
  static Result<BlockNum> decode(ByteReader& reader) { return BlockNum{TRY(reader.u32())}; }
};
inline constexpr BlockNum kGenesis{0};

}  // namespace miden

template <>
struct std::hash<miden::BlockNum> {
  size_t operator()(miden::BlockNum n) const noexcept { return n.value; }
};
