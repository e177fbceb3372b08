// Names of accounts. spec/types.md §6.1.
#pragma once

#include <array>
#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "crypto/word.hpp"

namespace miden {

enum class AccountType : uint8_t { kPrivate = 0, kPublic = 1 };

// Only valid ids exist: version 1, both limbs field elements, the suffix's top bit and low byte
// zero.
class AccountId {
 public:
  static constexpr size_t kWireSize = 15;

  // Errors: UnknownAccountIdVersion, AccountIdSuffixMostSignificantBitMustBeZero,
  // AccountIdSuffixLeastSignificantByteMustBeZero.
  static Result<AccountId> from_limbs(Felt prefix, Felt suffix);
  // Also AccountIdInvalidPrefixFieldElement, AccountIdInvalidSuffixFieldElement.
  static Result<AccountId> from_wire(ByteView fifteen_bytes);
  // "0x" (or "0X") and 30 digits, or bech32m with any human-readable part. Also
  // AccountIdHexParseError, Bech32DecodeError.
  static Result<AccountId> parse(std::string_view text);
  // The id that a seed gives for the code and storage it starts with. Errors as from_limbs.
  static Result<AccountId> derive(const Word& seed, const Word& code_commitment,
                                  const Word& storage_commitment);

  Felt prefix() const { return prefix_; }
  Felt suffix() const { return suffix_; }
  AccountType type() const {
    return (prefix_.value() >> 4 & 1) != 0 ? AccountType::kPublic : AccountType::kPrivate;
  }
  bool is_public() const { return type() == AccountType::kPublic; }
  std::array<uint8_t, kWireSize> to_wire() const;
  std::string to_hex() const;  // "0x" and 30 lower-case digits
  std::string to_bech32(std::string_view human_readable_part) const;

  // As the 128-bit number prefix * 2^64 + suffix.
  friend auto operator<=>(const AccountId&, const AccountId&) = default;

  // 15 bytes: prefix big endian, then the suffix's upper seven bytes big endian.
  void encode(ByteWriter& writer) const;
  static Result<AccountId> decode(ByteReader& reader);

 private:
  AccountId(Felt prefix, Felt suffix) : prefix_(prefix), suffix_(suffix) {}
  Felt prefix_;
  Felt suffix_;
};

}  // namespace miden

template <>
struct std::hash<miden::AccountId> {
  size_t operator()(const miden::AccountId& id) const noexcept {
    return id.prefix().value() * 0x9e3779b97f4a7c15 ^ id.suffix().value();
  }
};
