// Four permutations at once with AVX2, two such groups in turn: one group's S-box chain waits for
// itself.
//
// An element is held in one of two forms:
//   word     any 64-bit integer, mod p. What is multiplied.
//   summand  lo + hi * 2^32, lo and hi plain integers, not negative. What linear layers add: no
//   carry
//            until both grow towards 2^62.
// 2^64 = 2^32 - 1 and 2^96 = -1 (mod p). AVX2 compares signed integers only: words are shifted by
// 2^63 for it.
#if defined(__x86_64__)

#include <immintrin.h>

#include "crypto/poseidon2_folded_constants.hpp"
#include "crypto/poseidon2_kernels.hpp"

namespace miden {
namespace {

// Everything is inlined into the kernels, and no inline function of another header is called: its
// one copy in the program could be the one compiled here, for processors that have AVX2.
#define VECTOR_CODE inline __attribute__((always_inline))

using Vector = __m256i;

constexpr size_t kLanes = 4;
constexpr uint64_t kEpsilon = 0xffffffff;
constexpr uint64_t kSign = uint64_t{1} << 63;

struct Element {
  Vector lo;
  Vector hi;
};

struct Limbs {
  uint64_t lo;
  uint64_t hi;
};

VECTOR_CODE Vector all(uint64_t x) { return _mm256_set1_epi64x(static_cast<long long>(x)); }
VECTOR_CODE Element all(const Limbs& x) { return {all(x.lo), all(x.hi)}; }
VECTOR_CODE Vector add(Vector a, Vector b) { return _mm256_add_epi64(a, b); }
VECTOR_CODE Vector sub(Vector a, Vector b) { return _mm256_sub_epi64(a, b); }
VECTOR_CODE Vector flipped(Vector a) { return _mm256_xor_si256(a, all(kSign)); }
// The product of the low halves.
VECTOR_CODE Vector mul32(Vector a, Vector b) { return _mm256_mul_epu32(a, b); }
VECTOR_CODE Vector low_half(Vector a) { return _mm256_and_si256(a, all(kEpsilon)); }
template <int k>
VECTOR_CODE Vector left(Vector a) {
  return _mm256_slli_epi64(a, k);
}
template <int k>
VECTOR_CODE Vector right(Vector a) {
  return _mm256_srli_epi64(a, k);
}
// The high half of every lane in the place of the low one, and the reverse; the rest is of no use.
VECTOR_CODE Vector high_down(Vector a) {
  return _mm256_castps_si256(_mm256_movehdup_ps(_mm256_castsi256_ps(a)));
}
VECTOR_CODE Vector low_up(Vector a) {
  return _mm256_castps_si256(_mm256_moveldup_ps(_mm256_castsi256_ps(a)));
}
VECTOR_CODE Element add(const Element& a, const Element& b) {
  return {add(a.lo, b.lo), add(a.hi, b.hi)};
}
VECTOR_CODE Element sub(const Element& a, const Element& b) {
  return {sub(a.lo, b.lo), sub(a.hi, b.hi)};
}
template <int k>
VECTOR_CODE Element left(const Element& a) {
  return {left<k>(a.lo), left<k>(a.hi)};
}

template <size_t n, class Body>
VECTOR_CODE void each(Body body) {
#pragma GCC unroll 12
  for (size_t i = 0; i < n; ++i) body(i);
}

// flipped(a + b): a is given flipped, b is below p, so that 2^64 is passed at most once.
VECTOR_CODE Vector add_to_flipped(Vector a, Vector b) {
  const Vector sum = add(a, b);
  return add(sum, right<32>(_mm256_cmpgt_epi64(a, sum)));
}

// n products side by side: the multiplications of one S-box wait for each other.
template <size_t n>
VECTOR_CODE void multiply(const Vector* a, const Vector* b, Vector* out) {
  Vector a_high[n], b_high[n], ll[n], lh[n], hl[n], high[n], low[n];
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
  each<n>([&](size_t i) { low[i] = flipped(_mm256_blend_epi32(ll[i], low_up(lh[i]), 0xaa)); });
  // low + 2^64 hl + 2^96 hh = low - hh + (2^32 - 1) hl.
  each<n>([&](size_t i) {
    const Vector difference = sub(low[i], right<32>(high[i]));
    low[i] = sub(difference, right<32>(_mm256_cmpgt_epi64(difference, low[i])));
  });
  each<n>(
      [&](size_t i) { out[i] = flipped(add_to_flipped(low[i], mul32(high[i], all(kEpsilon)))); });
}

template <size_t n>
VECTOR_CODE void pow7(Vector* x) {
  Vector x2[n], x3[n], x4[n];
  multiply<n>(x, x, x2);
  multiply<n>(x2, x, x3);
  multiply<n>(x2, x2, x4);
  multiply<n>(x3, x4, x);
}

VECTOR_CODE Element split(Vector word) { return {low_half(word), right<32>(word)}; }

// A summand's value: lo + (hi mod 2^32) 2^32 + (hi / 2^32) (2^32 - 1). Needs lo < 2^62, hi < 2^62.
VECTOR_CODE Vector word_of(const Element& a) {
  const Vector rest = add(a.lo, mul32(right<32>(a.hi), all(kEpsilon)));
  return flipped(add_to_flipped(flipped(left<32>(a.hi)), rest));
}

// The same value with lo < 2^32 and hi < 2^33.
VECTOR_CODE Element normalized(const Element& a) {
  const Vector lo = add(a.lo, mul32(right<32>(a.hi), all(kEpsilon)));
  return {low_half(lo), add(low_half(a.hi), right<32>(lo))};
}

VECTOR_CODE Vector canonical(Vector word) {
  const Vector above = _mm256_cmpgt_epi64(flipped(word), all((Felt::kModulus - 1) ^ kSign));
  // - p = 2^32 - 1 (mod 2^64).
  return add(word, right<32>(above));
}

consteval Limbs split(Felt x) { return {x.value() & kEpsilon, x.value() >> 32}; }

struct LimbsRound {
  Limbs of[12];
};

consteval LimbsRound split_round(const Poseidon2Round& round) {
  LimbsRound limbs{};
  for (size_t i = 0; i < 12; ++i) limbs.of[i] = split(felt(round[i]));
  return limbs;
}

// Zero mod p, each limb above 2^34: 4 (2^32, -1) + 8 (1, 2^32 - 1).
constexpr Limbs kZero = {(uint64_t{4} << 32) + 8, (uint64_t{8} << 32) - 12};
static_assert(felt(kZero.lo) + felt(uint64_t{1} << 32) * felt(kZero.hi) == felt(0));

struct Constants {
  LimbsRound initial[4];
  LimbsRound terminal[4];
  // kZero + the constant that the next internal round adds to element 0.
  Limbs internal[22];
};

consteval Constants split_constants() {
  Constants constants{};
  for (size_t r = 0; r < 4; ++r) {
    constants.initial[r] = split_round(kExternalInitialConstants[r]);
    constants.terminal[r] = split_round(kExternalTerminalConstants[r]);
  }
  for (size_t r = 0; r < 22; ++r) {
    const Limbs next = split(r + 1 < 22 ? felt(kInternalConstants[r + 1]) : Felt());
    constants.internal[r] = {kZero.lo + next.lo, kZero.hi + next.hi};
  }
  return constants;
}

constexpr Constants kConstants = split_constants();
constexpr Limbs kFirstInternalConstant = split(felt(kInternalConstants[0]));
constexpr uint64_t kInverse3 = inverse(felt(3)).value();

// One limb of the 4x4 matrix on a chunk: row i is (x0 + x1 + x2 + x3) + x[i] + 2 x[i+1]; in place.
VECTOR_CODE void chunk_matrix(Vector* x) {
  const Vector x01 = add(x[0], x[1]);
  const Vector x23 = add(x[2], x[3]);
  const Vector sum = add(x01, x23);
  const Vector sum1 = add(sum, x[1]);
  const Vector sum3 = add(sum, x[3]);
  x[1] = add(add(sum1, x[2]), x[2]);
  x[3] = add(add(sum3, x[0]), x[0]);
  x[0] = add(sum1, x01);
  x[2] = add(sum3, x23);
}

// One limb of the external matrix; no bound grows by more than 28.
VECTOR_CODE void external_matrix_limb(Vector* x) {
  chunk_matrix(x);
  chunk_matrix(x + 4);
  chunk_matrix(x + 8);
  each<4>([&](size_t i) {
    const Vector column = add(add(x[i], x[i + 4]), x[i + 8]);
    x[i] = add(x[i], column);
    x[i + 4] = add(x[i + 4], column);
    x[i + 8] = add(x[i + 8], column);
  });
}

// Words to summands: limbs below 2^37.
VECTOR_CODE void external_matrix(const Vector* s, Element* out) {
  Vector limb[12];
  each<12>([&](size_t i) { limb[i] = low_half(s[i]); });
  external_matrix_limb(limb);
  each<12>([&](size_t i) { out[i].lo = limb[i]; });
  each<12>([&](size_t i) { limb[i] = right<32>(s[i]); });
  external_matrix_limb(limb);
  each<12>([&](size_t i) { out[i].hi = limb[i]; });
}

VECTOR_CODE void add_constants(const Element* s, const LimbsRound& constants, Vector* out) {
  each<12>([&](size_t i) { out[i] = word_of(add(s[i], all(constants.of[i]))); });
}

VECTOR_CODE void sbox_layer(Vector* s) {
  for (size_t i = 0; i < 12; i += 2) pow7<2>(s + i);
}

// sum + a / 2^k. A low part t of lo: t / 2^k = t 2^(32-k) (1 - 2^32); a low part t of hi, 2^32 t /
// 2^k. From sum.hi less than 2^32 is subtracted.
template <int k>
VECTOR_CODE Element add_divided(const Element& sum, const Element& a) {
  constexpr uint64_t kLow = (uint64_t{1} << k) - 1;
  const Vector from_lo = left<32 - k>(_mm256_and_si256(a.lo, all(kLow)));
  const Vector from_hi = left<32 - k>(_mm256_and_si256(a.hi, all(kLow)));
  return {add(add(sum.lo, right<k>(a.lo)), add(from_lo, from_hi)),
          sub(add(sum.hi, right<k>(a.hi)), from_lo)};
}

template <int k>
VECTOR_CODE Element divided(const Element& a) {
  return add_divided<k>(all(kZero), a);
}

// a - b for normalized summands.
VECTOR_CODE Element difference(const Element& a, const Element& b) {
  return sub(add(a, all(kZero)), b);
}

// The internal rounds; poseidon2_scalar.cpp explains the pairs and the order of things.
struct InternalState {
  struct Pair {
    Element sum;
    Element before;
  };
  Pair halves, threes, fours, quarters;
  Element one, two, eighth;
  Vector first;  // a word, its constant added

  VECTOR_CODE void start(const Element* summands) {
    Element s[12];
    first = word_of(add(summands[0], all(kFirstInternalConstant)));
    each<11>([&](size_t i) { s[i + 1] = normalized(summands[i + 1]); });
    one = s[1];
    two = s[2];
    eighth = s[11];
    halves = {add(s[3], s[6]), left<1>(difference(s[3], s[6]))};
    Vector third = word_of(difference(s[4], s[7]));
    const Vector inverse3 = all(kInverse3);
    multiply<1>(&third, &inverse3, &third);
    threes = {add(s[4], s[7]), split(third)};
    fours = {add(s[5], s[8]), divided<2>(difference(s[5], s[8]))};
    quarters = {add(s[9], s[10]), left<2>(difference(s[9], s[10]))};
  }

  VECTOR_CODE void round(const Limbs& constant) {
    const Element others = add(add(add(halves.sum, threes.sum), add(fours.sum, quarters.sum)),
                               add(add(one, two), eighth));
    pow7<1>(&first);
    const Element y = split(first);
    first = word_of(sub(add(others, all(constant)), y));
    // kZero: hi stays above what the divisions subtract.
    const Element sum = add(normalized(add(others, y)), all(kZero));
    const Element twice = add(sum, sum);
    halves = {add_divided<2>(twice, halves.before), halves.sum};
    threes = {add(twice, add(left<3>(threes.before), threes.before)), threes.sum};
    fours = {add(twice, left<4>(fours.before)), fours.sum};
    quarters = {add_divided<4>(twice, quarters.before), quarters.sum};
    one = add(one, sum);
    two = add(sum, add(two, two));
    eighth = add_divided<3>(sum, eighth);
  }

  // What grows from round to round. From below 2^37, eleven rounds bring `fours`, the fastest, to
  // 2^60.
  VECTOR_CODE void normalize() {
    threes = {normalized(threes.sum), normalized(threes.before)};
    fours = {normalized(fours.sum), normalized(fours.before)};
    two = normalized(two);
  }

  VECTOR_CODE void finish(Vector* out) const {
    Element s[12];
    const auto take_apart = [&](size_t a, size_t b, const Element& sum, const Element& apart) {
      const Element p = normalized(sum);
      const Element d = normalized(apart);
      s[a] = divided<1>(add(p, d));
      s[b] = divided<1>(difference(p, d));
    };
    take_apart(3, 6, halves.sum, divided<1>(halves.before));
    take_apart(4, 7, threes.sum, add(left<1>(threes.before), threes.before));
    take_apart(5, 8, fours.sum, left<2>(fours.before));
    take_apart(9, 10, quarters.sum, divided<2>(quarters.before));
    s[0] = split(first);
    s[1] = one;
    s[2] = two;
    s[11] = eighth;
    add_constants(s, kConstants.terminal[0], out);
  }
};

// Words in, summands out. `groups` states of four lanes each, round by round in turn.
template <size_t groups>
void permute(Vector (*s)[12], Element (*out)[12]) {
  each<groups>([&](size_t g) { external_matrix(s[g], out[g]); });
  for (const LimbsRound& constants : kConstants.initial) {
    for (size_t g = 0; g < groups; ++g) {
      add_constants(out[g], constants, s[g]);
      sbox_layer(s[g]);
      external_matrix(s[g], out[g]);
    }
  }
  InternalState internal[groups];
  for (size_t g = 0; g < groups; ++g) internal[g].start(out[g]);
  for (size_t r = 0; r < 22; ++r) {
    for (size_t g = 0; g < groups; ++g) internal[g].round(kConstants.internal[r]);
    if (r != 10) continue;
    for (size_t g = 0; g < groups; ++g) internal[g].normalize();
  }
  for (size_t g = 0; g < groups; ++g) internal[g].finish(s[g]);
  for (size_t r = 0; r < 4; ++r) {
    for (size_t g = 0; g < groups; ++g) {
      if (r > 0) add_constants(out[g], kConstants.terminal[r], s[g]);
      sbox_layer(s[g]);
      external_matrix(s[g], out[g]);
    }
  }
}

// The sponge of spec/crypto.md §3.2 on the first `lanes` of `rows` of `length` elements each.
template <size_t groups>
void hash_lanes(const uint64_t* rows, size_t length, size_t lanes, uint64_t domain,
                uint64_t* digests) {
  constexpr size_t kRate = 8;
  constexpr size_t kAllLanes = groups * kLanes;
  Vector s[groups][12];
  Element out[groups][12];
  for (size_t g = 0; g < groups; ++g) {
    s[g][8] = all(length % kRate);
    s[g][9] = all(domain);
    s[g][10] = s[g][11] = all(0);
  }
  for (size_t absorbed = 0;;) {
    const size_t taken = length - absorbed < kRate ? length - absorbed : kRate;
    alignas(32) uint64_t columns[kRate][kAllLanes] = {};
    for (size_t lane = 0; lane < lanes; ++lane) {
      for (size_t i = 0; i < taken; ++i) columns[i][lane] = rows[lane * length + absorbed + i];
    }
    for (size_t g = 0; g < groups; ++g) {
      for (size_t i = 0; i < kRate; ++i) {
        s[g][i] = _mm256_load_si256(reinterpret_cast<const Vector*>(&columns[i][g * kLanes]));
      }
    }
    permute<groups>(s, out);
    absorbed += taken;
    if (absorbed == length) break;
    for (size_t g = 0; g < groups; ++g) {
      for (size_t i = kRate; i < 12; ++i) s[g][i] = word_of(out[g][i]);
    }
  }
  alignas(32) uint64_t columns[4][kAllLanes];
  for (size_t g = 0; g < groups; ++g) {
    for (size_t i = 0; i < 4; ++i) {
      _mm256_store_si256(reinterpret_cast<Vector*>(&columns[i][g * kLanes]),
                         canonical(word_of(out[g][i])));
    }
  }
  for (size_t lane = 0; lane < lanes; ++lane) {
    for (size_t i = 0; i < 4; ++i) digests[4 * lane + i] = columns[i][lane];
  }
}

void hash_rows(const uint64_t* rows, size_t length, size_t count, uint64_t domain,
               uint64_t* digests) {
  while (count > 0) {
    const size_t lanes = count < 2 * kLanes ? count : 2 * kLanes;
    if (lanes > kLanes) {
      hash_lanes<2>(rows, length, lanes, domain, digests);
    } else {
      hash_lanes<1>(rows, length, lanes, domain, digests);
    }
    rows += lanes * length;
    digests += lanes * 4;
    count -= lanes;
  }
}

void merge_avx2(const Word* pairs, size_t count, Felt domain, Word* digests) {
  uint64_t domain_value;
  static_assert(sizeof domain == sizeof domain_value);
  __builtin_memcpy(&domain_value, &domain, sizeof domain_value);
  hash_rows(reinterpret_cast<const uint64_t*>(pairs), 8, count, domain_value,
            reinterpret_cast<uint64_t*>(digests));
}

void hash_avx2(const Felt* elements, size_t length, size_t count, Word* digests) {
  hash_rows(reinterpret_cast<const uint64_t*>(elements), length, count, 0,
            reinterpret_cast<uint64_t*>(digests));
}

}  // namespace

const Poseidon2Kernels kAvx2Kernels = {merge_avx2, hash_avx2};

}  // namespace miden

#endif
