// Which account, if any, is a network note for? spec/types.md §9.
#include "protocol/note.hpp"

#include <algorithm>

namespace miden {
namespace {

constexpr uint16_t kNetworkAccountTargetScheme = 2;
constexpr uint64_t kHintMask = (uint64_t{1} << 40) - 1;

enum HintTag : uint8_t { kNone = 0, kAlways = 1, kAfterBlock = 2, kOnBlockSlot = 3 };

bool is_valid_hint(uint64_t hint) {
  const uint64_t payload = hint >> 8;
  switch (hint & 0xff) {
    case kNone:
    case kAlways:
      return payload == 0;
    case kAfterBlock:
      return true;
    case kOnBlockSlot:
      return payload >> 24 == 0;
    default:
      return false;
  }
}

}  // namespace

std::optional<NetworkNoteTarget> network_note_target(NoteType type,
                                                     const NoteAttachments& attachments) {
  if (type != NoteType::kPublic) return std::nullopt;
  const auto attachment =
      std::ranges::find(attachments.items, kNetworkAccountTargetScheme, &NoteAttachment::scheme);
  if (attachment == attachments.items.end() || attachment->words.size() != 1) return std::nullopt;
  const Word& word = attachment->words.front();
  const auto account = AccountId::from_limbs(word[1], word[0]);
  const uint64_t hint = word[2].value() & kHintMask;
  if (!account || !account->is_public() || !is_valid_hint(hint)) return std::nullopt;
  return NetworkNoteTarget{*account, hint};
}

}  // namespace miden
