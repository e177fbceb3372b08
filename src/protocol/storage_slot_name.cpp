// Names of storage slots and the ids derived from them. spec/types.md §6.5.
#include "crypto/blake3.hpp"
#include "protocol/account_storage.hpp"
#include "protocol/decoding.hpp"

namespace miden {
namespace {

constexpr size_t kMaxLength = 255;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// What may not stand where a component starts.
Result<void> check_component_start(std::string_view rest) {
  if (rest.empty() || rest.front() == ':') {
    return fail("UnexpectedColon", "slot names must be separated by double colons");
  }
  if (rest.front() == '_') {
    return fail("UnexpectedUnderscore", "slot name components must not start with an underscore");
  }
  return {};
}

// In the reference's order of scanning, so that the same error comes first.
Result<void> check_name(std::string_view text) {
  const auto too_short = [] {
    return fail("TooShort",
                "slot names must contain at least 2 components separated by double colons");
  };
  if (text.empty()) return too_short();
  if (text.size() > kMaxLength) {
    return fail("TooLong", "slot names must contain at most 255 characters");
  }
  TRY(check_component_start(text));
  size_t components = 1;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != ':') {
      if (!is_name_character(text[i])) {
        return fail("InvalidCharacter",
                    "slot name must only contain characters a..z, A..Z, 0..9, double colon or "
                    "underscore");
      }
      ++i;
      continue;
    }
    if (!text.substr(i).starts_with("::")) {
      return fail("UnexpectedColon", "slot names must be separated by double colons");
    }
    i += 2;
    TRY(check_component_start(text.substr(i)));
    ++components;
  }
  if (components < 2) return too_short();
  return {};
}

}  // namespace

std::string StorageSlotId::to_hex() const {
  Bytes big_endian;
  for (const uint64_t limb : {prefix.value(), suffix.value()}) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      big_endian.push_back(static_cast<uint8_t>(limb >> shift));
    }
  }
  return "0x" + miden::to_hex(big_endian);
}

void StorageSlotId::encode(ByteWriter& writer) const {
  suffix.encode(writer);
  prefix.encode(writer);
}

Result<StorageSlotId> StorageSlotId::decode(ByteReader& reader) {
  StorageSlotId id;
  id.suffix = TRY(Felt::decode(reader));
  id.prefix = TRY(Felt::decode(reader));
  return id;
}

Result<StorageSlotName> StorageSlotName::parse(std::string_view text) {
  TRY(check_name(text));
  const Word hash = hash_string_to_word(text);
  StorageSlotName name;
  name.text_ = text;
  name.id_ = {.prefix = hash[1], .suffix = hash[0]};
  return name;
}

void StorageSlotName::encode(ByteWriter& writer) const {
  writer.u8(static_cast<uint8_t>(text_.size()));
  writer.bytes(as_bytes(text_));
}

Result<StorageSlotName> StorageSlotName::decode(ByteReader& reader) {
  const ByteView text = TRY(reader.bytes(TRY(reader.u8())));
  return as_invalid_value(parse(as_string_view(text)));
}

}  // namespace miden
