// When may a note be tried? Its author's hint, and the back-off after failed attempts.
// spec/ntx-builder.md §5.2, §6.5.
#pragma once

#include <optional>

#include "protocol/ids.hpp"

namespace miden {

// May a note with this hint (NetworkNoteTarget::execution_hint, which is a stranger's) be consumed
// by a transaction whose reference block this is?
bool hint_allows(uint64_t execution_hint, BlockNum reference_block);

// The first block from `from` on that the hint allows; nullopt: there is none.
std::optional<BlockNum> next_allowed(uint64_t execution_hint, BlockNum from);

// How many blocks must lie behind the last of `attempts` failed attempts: more than this.
uint32_t backoff_blocks(uint32_t attempts);
// No attempt yet, or enough blocks behind the last one.
bool backoff_is_over(uint32_t attempts, std::optional<BlockNum> last_attempt,
                     BlockNum reference_block);

// The first block from `from` on that back-off and hint allow; nullopt: there is none.
std::optional<BlockNum> next_try(uint64_t execution_hint, uint32_t attempts,
                                 std::optional<BlockNum> last_attempt, BlockNum from);

}  // namespace miden
