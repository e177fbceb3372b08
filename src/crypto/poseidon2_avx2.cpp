// Four permutations at once with AVX2.
#if defined(__x86_64__)

#include <immintrin.h>

#include "crypto/poseidon2_kernels.hpp"
#include "crypto/poseidon2_limbs.hpp"

namespace miden {
namespace {

// Everything here is inlined into the kernels, and no inline function of another header is called:
// its one copy in the program could be the one compiled here, for processors that have AVX2.

struct Lanes {
  static constexpr size_t kLanes = 4;
  static constexpr size_t kAbreast = 2;
  static LANE_CODE Lanes all(uint64_t x) { return {_mm256_set1_epi64x(static_cast<long long>(x))}; }
  static LANE_CODE Lanes load(const uint64_t* from) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))};
  }
  LANE_CODE void store(uint64_t* to) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), x);
  }

  __m256i x;
};

LANE_CODE Lanes add(Lanes a, Lanes b) { return {_mm256_add_epi64(a.x, b.x)}; }
LANE_CODE Lanes sub(Lanes a, Lanes b) { return {_mm256_sub_epi64(a.x, b.x)}; }
template <int k>
LANE_CODE Lanes low_bits(Lanes a) {
  return {_mm256_and_si256(a.x, Lanes::all((uint64_t{1} << k) - 1).x)};
}
LANE_CODE Lanes low_half(Lanes a) { return low_bits<32>(a); }
template <int k>
LANE_CODE Lanes left(Lanes a) {
  return {_mm256_slli_epi64(a.x, k)};
}
template <int k>
LANE_CODE Lanes right(Lanes a) {
  return {_mm256_srli_epi64(a.x, k)};
}

// The product of the low halves.
LANE_CODE Lanes mul32(Lanes a, Lanes b) { return {_mm256_mul_epu32(a.x, b.x)}; }
// The high half of every lane in the place of the low one; the high one is of no use.
LANE_CODE Lanes high_down(Lanes a) {
  return {_mm256_castps_si256(_mm256_movehdup_ps(_mm256_castsi256_ps(a.x)))};
}
// The low half of `a`, and the low half of `b` above it.
LANE_CODE Lanes joined(Lanes a, Lanes b) {
  const __m256i up = _mm256_castps_si256(_mm256_moveldup_ps(_mm256_castsi256_ps(b.x)));
  return {_mm256_blend_epi32(a.x, up, 0xaa)};
}

// AVX2 compares signed integers only: unsigned ones are compared with this bit flipped.
constexpr uint64_t kSign = uint64_t{1} << 63;
LANE_CODE Lanes flipped(Lanes a) { return {_mm256_xor_si256(a.x, Lanes::all(kSign).x)}; }
// 2^32 - 1 where a > b, else 0.
LANE_CODE Lanes epsilon_where_greater(Lanes flipped_a, Lanes flipped_b) {
  return right<32>(Lanes{_mm256_cmpgt_epi64(flipped_a.x, flipped_b.x)});
}

// a + b mod p, a given flipped and b < p: the correction for 2^64 cannot overflow again.
LANE_CODE Lanes add_to_flipped(Lanes a, Lanes b) {
  const Lanes sum = add(a, b);
  return flipped(add(sum, epsilon_where_greater(a, sum)));
}

LANE_CODE Lanes add_word(Lanes a, Lanes b) { return add_to_flipped(flipped(a), b); }

// n products side by side, step by step: the multiplications of one S-box wait for each other.
template <size_t n>
LANE_CODE void multiply(const Lanes* a, const Lanes* b, Lanes* out) {
  Lanes a_high[n], b_high[n], ll[n], lh[n], hl[n], high[n], low[n];
  each<n>([&](size_t i) { a_high[i] = high_down(a[i]); });
  each<n>([&](size_t i) { b_high[i] = high_down(b[i]); });
  each<n>([&](size_t i) { ll[i] = mul32(a[i], b[i]); });
  each<n>([&](size_t i) { hl[i] = mul32(a_high[i], b[i]); });
  each<n>([&](size_t i) { lh[i] = mul32(a[i], b_high[i]); });
  each<n>([&](size_t i) { high[i] = mul32(a_high[i], b_high[i]); });
  // No sum here reaches 2^64: (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
  each<n>([&](size_t i) { hl[i] = add(hl[i], right<32>(ll[i])); });
  each<n>([&](size_t i) { lh[i] = add(lh[i], low_half(hl[i])); });
  each<n>([&](size_t i) { high[i] = add(high[i], right<32>(hl[i])); });
  each<n>([&](size_t i) { high[i] = add(high[i], right<32>(lh[i])); });
  each<n>([&](size_t i) { low[i] = flipped(joined(ll[i], lh[i])); });
  // low + 2^64 hl + 2^96 hh = low - hh + (2^32 - 1) hl.
  each<n>([&](size_t i) {
    const Lanes difference = sub(low[i], right<32>(high[i]));
    low[i] = sub(difference, epsilon_where_greater(difference, low[i]));
  });
  each<n>([&](size_t i) { out[i] = add_to_flipped(low[i], mul32(high[i], Lanes::all(kEpsilon))); });
}

LANE_CODE Lanes canonical(Lanes word) {
  // - p = 2^32 - 1 (mod 2^64).
  return add(word, epsilon_where_greater(flipped(word), Lanes::all((Felt::kModulus - 1) ^ kSign)));
}

// Two groups of lanes while there are enough rows, then one.
template <size_t groups>
void hash_group(const uint64_t* rows, size_t length, size_t lanes, uint64_t domain,
                uint64_t* digests) {
  hash_lanes<groups, Lanes>(rows, length, lanes, domain, digests);
}

}  // namespace

void poseidon2_avx2(const Felt* elements, size_t length, size_t count, Felt domain, Word* digests) {
  const auto* rows = reinterpret_cast<const uint64_t*>(elements);
  auto* out = reinterpret_cast<uint64_t*>(digests);
  uint64_t domain_value;
  static_assert(sizeof domain == sizeof domain_value);
  __builtin_memcpy(&domain_value, &domain, sizeof domain_value);
  while (count > 0) {
    const size_t lanes = count < 2 * Lanes::kLanes ? count : 2 * Lanes::kLanes;
    const auto hash = lanes > Lanes::kLanes ? hash_group<2> : hash_group<1>;
    hash(rows, length, lanes, domain_value, out);
    rows += lanes * length;
    out += lanes * 4;
    count -= lanes;
  }
}

}  // namespace miden

#endif
