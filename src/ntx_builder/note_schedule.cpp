#include "ntx_builder/note_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace miden {
namespace {

constexpr uint64_t kBlockNumbers = uint64_t{1} << 32;

enum HintTag : uint8_t { kNone = 0, kAlways = 1, kAfterBlock = 2, kOnBlockSlot = 3 };

// The blocks of a round: `start` after the round's first, so many of them. Lengths are a stranger's
// bytes: the reference's arithmetic wraps, and its shifts take the count modulo 32.
struct Slots {
  uint32_t round;   // blocks
  uint32_t slot;    // blocks
  uint32_t offset;  // of the slot, in blocks

  explicit Slots(uint64_t hint)
      : round(uint32_t{1} << (hint >> 24 & 31)),
        slot(uint32_t{1} << (hint >> 16 & 31)),
        offset(static_cast<uint32_t>(hint >> 8 & 0xff) * slot) {}

  bool contain(uint32_t block) const {
    const uint32_t start = block / round * round + offset;
    return start <= block && block < start + slot;
  }

  std::optional<BlockNum> next(uint32_t from) const {
    // A slot that begins behind its round's end is never inside its round. Where the sum wraps,
    // only in the last rounds of all, the slot is never there either: `offset` is a multiple of
    // `slot`, so a start that has wrapped ends before its round, and an end that has wrapped lies
    // before its start.
    if (offset >= round) return std::nullopt;
    for (uint64_t first = from / round * round; first < kBlockNumbers; first += round) {
      const uint64_t start = first + offset;
      if (start + slot >= kBlockNumbers) return std::nullopt;
      const uint64_t end = std::min(start + slot, first + round);
      const uint64_t block = std::max<uint64_t>(start, from);
      if (block < end) return BlockNum{static_cast<uint32_t>(block)};
      // In the next round `from` lies before the slot: there is no third turn.
    }
    return std::nullopt;
  }
};

uint32_t payload(uint64_t hint) { return static_cast<uint32_t>(hint >> 8); }

}  // namespace

bool hint_allows(uint64_t execution_hint, BlockNum reference_block) {
  switch (execution_hint & 0xff) {
    case kAfterBlock:
      return reference_block.value >= payload(execution_hint);
    case kOnBlockSlot:
      return Slots(execution_hint).contain(reference_block.value);
    default:  // none and always; others are no network notes
      return true;
  }
}

std::optional<BlockNum> next_allowed(uint64_t execution_hint, BlockNum from) {
  switch (execution_hint & 0xff) {
    case kAfterBlock:
      return BlockNum{std::max(from.value, payload(execution_hint))};
    case kOnBlockSlot:
      return Slots(execution_hint).next(from.value);
    default:
      return from;
  }
}

uint32_t backoff_blocks(uint32_t attempts) {
  const double blocks = std::round(std::exp(0.25 * attempts));
  constexpr uint32_t kMost = std::numeric_limits<uint32_t>::max();
  return blocks < kMost ? static_cast<uint32_t>(blocks) : kMost;
}

bool backoff_is_over(uint32_t attempts, std::optional<BlockNum> last_attempt,
                     BlockNum reference_block) {
  if (attempts == 0) return true;
  if (!last_attempt || reference_block < *last_attempt) return false;
  return reference_block.value - last_attempt->value > backoff_blocks(attempts);
}

std::optional<BlockNum> next_try(uint64_t execution_hint, uint32_t attempts,
                                 std::optional<BlockNum> last_attempt, BlockNum from) {
  if (attempts == 0) return next_allowed(execution_hint, from);
  const uint64_t waited =
      uint64_t{last_attempt.value_or(from).value} + backoff_blocks(attempts) + 1;
  if (waited >= kBlockNumbers) return std::nullopt;
  return next_allowed(execution_hint, std::max(from, BlockNum{static_cast<uint32_t>(waited)}));
}

}  // namespace miden
