// The field with p = 2^64 - 2^32 + 1 elements ("Goldilocks"). spec/crypto.md §1.
#pragma once

#include <compare>
#include <cstdint>

#include "base/serialize.hpp"

namespace miden {

// A field element, always in canonical form: two equal elements are equal integers.
class Felt {
 public:
  static constexpr uint64_t kModulus = 0xffffffff00000001;

  constexpr Felt() = default;
  // Any integer below p; for constants and for values whose range is known (u32, lengths).
  static constexpr Felt from_canonical(uint64_t value) { return Felt(value); }
  // Any 64-bit integer, taken mod p.
  static constexpr Felt reduce(uint64_t value) {
    return Felt(value >= kModulus ? value - kModulus : value);
  }
  // Error: InvalidValue when value >= p.
  static Result<Felt> parse(uint64_t value) {
    if (value >= kModulus) return invalid_felt(value);
    return Felt(value);
  }

  constexpr uint64_t value() const { return value_; }

  friend constexpr auto operator<=>(Felt, Felt) = default;
  friend constexpr Felt operator+(Felt a, Felt b) {
    const uint64_t sum = a.value_ + b.value_;
    const bool wrapped = sum < a.value_ || sum >= kModulus;
    return Felt(wrapped ? sum - kModulus : sum);
  }
  friend constexpr Felt operator-(Felt a, Felt b) {
    const uint64_t difference = a.value_ - b.value_;
    return Felt(a.value_ < b.value_ ? difference + kModulus : difference);
  }
  friend constexpr Felt operator*(Felt a, Felt b) {
    return reduce128(static_cast<unsigned __int128>(a.value_) * b.value_);
  }

  // 8 bytes little endian; decoding refuses values >= p.
  void encode(ByteWriter& writer) const { writer.u64(value_); }
  static Result<Felt> decode(ByteReader& reader) { return parse(TRY(reader.u64())); }

 private:
  explicit constexpr Felt(uint64_t value) : value_(value) {}
  static std::unexpected<Error> invalid_felt(uint64_t value);
  // 2^64 = 2^32 - 1 and 2^96 = -1 (mod p).
  static constexpr Felt reduce128(unsigned __int128 product) {
    constexpr uint64_t kEpsilon = 0xffffffff;
    const auto low = static_cast<uint64_t>(product);
    const auto high = static_cast<uint64_t>(product >> 64);
    uint64_t t = low - (high >> 32);
    if (low < (high >> 32)) t -= kEpsilon;
    const uint64_t u = (high & kEpsilon) * kEpsilon;
    const uint64_t sum = t + u;
    return reduce(sum < t ? sum + kEpsilon : sum);
  }
  uint64_t value_ = 0;
};

static_assert(sizeof(Felt) == 8);

}  // namespace miden
