#include "protocol/account_id.hpp"

#include <algorithm>

#include "crypto/poseidon2.hpp"
#include "protocol/bech32.hpp"
#include "protocol/decoding.hpp"

namespace miden {
namespace {

constexpr uint64_t kVersion = 1;
constexpr uint8_t kAddressTypeAccountId = 232;
// Digits of base 32 that 16 bytes take; 27 would hold 16 bytes too and are refused.
constexpr size_t kBech32Digits = 26;

std::unexpected<Error> unknown_version(uint64_t version) {
  return fail("UnknownAccountIdVersion",
              "`" + std::to_string(version) + "` is not a known account ID version");
}

uint64_t read_big_endian(ByteView bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

}  // namespace

Result<AccountId> AccountId::from_limbs(Felt prefix, Felt suffix) {
  if ((prefix.value() & 0xf) != kVersion) return unknown_version(prefix.value() & 0xf);
  if (suffix.value() >> 63 != 0) {
    return fail("AccountIdSuffixMostSignificantBitMustBeZero",
                "the highest bit of an account ID's suffix must be zero");
  }
  if ((suffix.value() & 0xff) != 0) {
    return fail("AccountIdSuffixLeastSignificantByteMustBeZero",
                "the lowest byte of an account ID's suffix must be zero");
  }
  return AccountId(prefix, suffix);
}

Result<AccountId> AccountId::from_wire(ByteView fifteen_bytes) {
  if (fifteen_bytes.size() < kWireSize) return ByteReader::end_of_file();
  if ((fifteen_bytes[7] & 0xf) != kVersion) return unknown_version(fifteen_bytes[7] & 0xf);
  const uint64_t prefix = read_big_endian(fifteen_bytes.first(8));
  const uint64_t suffix = read_big_endian(fifteen_bytes.subspan(8, 7)) << 8;
  if (prefix >= Felt::kModulus) {
    return fail("AccountIdInvalidPrefixFieldElement",
                "an account ID's prefix must be a field element");
  }
  if (suffix >= Felt::kModulus) {
    return fail("AccountIdInvalidSuffixFieldElement",
                "an account ID's suffix must be a field element");
  }
  return from_limbs(Felt::from_canonical(prefix), Felt::from_canonical(suffix));
}

Result<AccountId> AccountId::parse(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) {
    const std::string_view digits = text.substr(2);
    const auto bytes = miden::from_hex(digits);
    if (!bytes || bytes->size() != kWireSize) {
      return fail("AccountIdHexParseError", "an account ID has 0x and 30 hexadecimal digits");
    }
    return from_wire(*bytes);
  }
  const Bytes data = TRY(decode_bech32m(text));
  const size_t digits = text.size() - text.rfind('1') - 1 - 6;
  if (digits != kBech32Digits) {
    return fail("Bech32DecodeError", "expected 16 bytes of data in the bech32 string");
  }
  if (data.front() != kAddressTypeAccountId) {
    return fail("Bech32DecodeError",
                "`" + std::to_string(data.front()) + "` is not a known address type");
  }
  return from_wire(ByteView(data).subspan(1));
}

Result<AccountId> AccountId::derive(const Word& seed, const Word& code_commitment,
                                    const Word& storage_commitment) {
  const Word digest = hash_words(std::array{seed, code_commitment, storage_commitment, Word()});
  return from_limbs(digest[1], Felt::from_canonical(digest[0].value() & ~uint64_t{0xff}));
}

std::array<uint8_t, AccountId::kWireSize> AccountId::to_wire() const {
  std::array<uint8_t, kWireSize> wire;
  for (size_t i = 0; i < 8; ++i) {
    wire[i] = static_cast<uint8_t>(prefix_.value() >> (56 - 8 * i));
  }
  for (size_t i = 0; i < 7; ++i) {
    wire[8 + i] = static_cast<uint8_t>(suffix_.value() >> (56 - 8 * i));
  }
  return wire;
}

std::string AccountId::to_hex() const { return "0x" + miden::to_hex(to_wire()); }

std::string AccountId::to_bech32(std::string_view human_readable_part) const {
  std::array<uint8_t, kWireSize + 1> data;
  data[0] = kAddressTypeAccountId;
  std::ranges::copy(to_wire(), data.begin() + 1);
  return encode_bech32m(human_readable_part, data);
}

void AccountId::encode(ByteWriter& writer) const { writer.bytes(to_wire()); }

Result<AccountId> AccountId::decode(ByteReader& reader) {
  return as_invalid_value(from_wire(TRY(reader.bytes(kWireSize))));
}

}  // namespace miden
