#include "protocol/mast_sections.hpp"

#include <algorithm>

namespace miden {
namespace {

constexpr std::string_view kMagic = "MAST";
constexpr uint8_t kFlagStripped = 0x01;
constexpr uint8_t kFlagHashless = 0x02;
constexpr std::array<uint8_t, 3> kVersion = {0, 0, 3};
constexpr uint64_t kMaxNodes = (uint64_t{1} << 30) - 1;
constexpr uint64_t kPayloadMask = (uint64_t{1} << 60) - 1;
constexpr uint64_t kIdMask = (uint64_t{1} << 30) - 1;

Result<uint8_t> read_header(ByteReader& reader) {
  const ByteView magic = TRY(reader.bytes(kMagic.size()));
  if (as_string_view(magic) != kMagic) return invalid_value("a MAST forest must start with MAST");
  const uint8_t flags = TRY(reader.u8());
  const ByteView version = TRY(reader.bytes(kVersion.size()));
  if (!std::ranges::equal(version, kVersion)) return invalid_value("unsupported MAST version");
  if ((flags & ~(kFlagStripped | kFlagHashless)) != 0) {
    return invalid_value("unknown flags in the MAST header");
  }
  if ((flags & kFlagHashless) != 0) {
    return invalid_value("a MAST forest without node digests is not accepted here");
  }
  return flags;
}

}  // namespace

unsigned MastNodeEntry::child_count() const {
  switch (kind) {
    case MastNodeKind::kJoin:
    case MastNodeKind::kSplit:
      return 2;
    case MastNodeKind::kLoop:
    case MastNodeKind::kCall:
    case MastNodeKind::kSyscall:
      return 1;
    default:
      return 0;
  }
}

uint64_t MastNodeEntry::pack() const {
  const uint64_t payload = child_count() == 2 ? uint64_t{first} << 30 | second : first;
  return static_cast<uint64_t>(kind) << 60 | payload;
}

Result<MastNodeEntry> MastNodeEntry::unpack(uint64_t bits) {
  const auto tag = static_cast<uint8_t>(bits >> 60);
  const uint64_t payload = bits & kPayloadMask;
  if (tag > static_cast<uint8_t>(MastNodeKind::kExternal)) {
    return invalid_value("unknown kind of MAST node: " + std::to_string(tag));
  }
  MastNodeEntry entry;
  entry.kind = static_cast<MastNodeKind>(tag);
  if (entry.child_count() == 2) {
    entry.first = static_cast<uint32_t>(payload >> 30);
    entry.second = static_cast<uint32_t>(payload & kIdMask);
  } else if (entry.child_count() == 1 || entry.kind == MastNodeKind::kBlock) {
    if (payload > UINT32_MAX) return invalid_value("a MAST node's payload does not fit 32 bits");
    entry.first = static_cast<uint32_t>(payload);
  }
  return entry;
}

MastNodeEntry MastSections::entry(size_t node) const {
  return *MastNodeEntry::unpack(read_u64(entries, node));
}

Result<MastSections> MastSections::read(ByteReader& reader) {
  MastSections sections;
  sections.stripped = (TRY(read_header(reader)) & kFlagStripped) != 0;
  const uint64_t internal = TRY(reader.vint());
  const uint64_t external = TRY(reader.vint());
  if (internal > kMaxNodes || external > kMaxNodes || internal + external > kMaxNodes) {
    return invalid_value("too many MAST nodes");
  }
  sections.internal_count = static_cast<size_t>(internal);
  sections.external_count = static_cast<size_t>(external);
  sections.roots = TRY(reader.bytes(4 * TRY(reader.count(4))));
  sections.blocks = TRY(reader.length_prefixed());
  sections.entries = TRY(reader.bytes(8 * (internal + external)));
  sections.external_digests = TRY(reader.bytes(32 * external));
  sections.internal_digests = TRY(reader.bytes(32 * internal));
  return sections;
}

void write_mast_header(ByteWriter& writer, const MastSections& sections) {
  writer.bytes(as_bytes(kMagic));
  writer.u8(0);
  writer.bytes(kVersion);
  writer.vint(sections.internal_count);
  writer.vint(sections.external_count);
}

}  // namespace miden
