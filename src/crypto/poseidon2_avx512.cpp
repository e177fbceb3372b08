// Eight permutations at once with AVX-512 IFMA.
//
// A lane's element is lo + hi * Y with Y = 2^52, modulo 2^96 + 1 (a multiple of p), where Y^2 =
// -256 and 2^44 Y = -1. IFMA multiplies the low 52 bits of its operands and adds the low (L) or the
// high (H) 52 bits of the product to a 64-bit accumulator:
//   lo' = L(a.lo b.lo) - 256 (H(a.lo b.hi) + H(a.hi b.lo) + L(a.hi b.hi))
//   hi' = H(a.lo b.lo) + L(a.lo b.hi) + L(a.hi b.lo) - 256 H(a.hi b.hi)
//
// An element is held in one of two forms:
//   factor   lo counts mod 2^52, whatever stands above; hi < 2^45. What IFMA multiplies.
//   summand  lo and hi are plain integers, not negative, below 2^63. What linear layers add; bounds
//            are noted where they change.
// Nothing is ever negative: where something is subtracted, a bias was added before. Biases are zero
// mod p (2^52 = Y, 2^44 Y = -1), or they are folded, like the round constants, into constants that
// are added anyway (poseidon2_folded_constants.hpp).
#if defined(__x86_64__)

// g++ 12 takes the intrinsics' deliberately undefined operands for a mistake (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include <immintrin.h>

#include "crypto/poseidon2_folded_constants.hpp"
#include "crypto/poseidon2_kernels.hpp"

namespace miden {
namespace {

// Everything is inlined into the kernels, and no inline function of another header is called: its
// one copy in the program could be the one compiled here, for processors that have AVX-512.
#define VECTOR_CODE inline __attribute__((always_inline))

using Vector = __m512i;

constexpr size_t kLanes = 8;
// S-boxes computed side by side in the external rounds; more do not fit the registers.
constexpr size_t kAbreast = 3;
constexpr uint64_t kMask44 = (uint64_t{1} << 44) - 1;
constexpr uint64_t kMask52 = (uint64_t{1} << 52) - 1;
constexpr uint64_t kEpsilon = 0xffffffff;

struct Element {
  Vector lo;
  Vector hi;
};

VECTOR_CODE Vector all(uint64_t x) { return _mm512_set1_epi64(static_cast<long long>(x)); }
VECTOR_CODE Vector zero() { return _mm512_setzero_si512(); }
VECTOR_CODE Vector add(Vector a, Vector b) { return _mm512_add_epi64(a, b); }
VECTOR_CODE Vector sub(Vector a, Vector b) { return _mm512_sub_epi64(a, b); }
VECTOR_CODE Vector L(Vector sum, Vector a, Vector b) { return _mm512_madd52lo_epu64(sum, a, b); }
VECTOR_CODE Vector H(Vector sum, Vector a, Vector b) { return _mm512_madd52hi_epu64(sum, a, b); }
template <unsigned k>
VECTOR_CODE Vector left(Vector a) {
  return _mm512_slli_epi64(a, k);
}
template <unsigned k>
VECTOR_CODE Vector right(Vector a) {
  return _mm512_srli_epi64(a, k);
}
VECTOR_CODE Vector masked(Vector a, uint64_t mask) { return _mm512_and_si512(a, all(mask)); }
// (a & mask) | bit
VECTOR_CODE Vector masked_with(Vector a, uint64_t mask, uint64_t bit) {
  return _mm512_ternarylogic_epi64(a, all(mask), all(bit), 0xea);
}
VECTOR_CODE Element add(const Element& a, const Element& b) {
  return {add(a.lo, b.lo), add(a.hi, b.hi)};
}
VECTOR_CODE Element sub(const Element& a, const Element& b) {
  return {sub(a.lo, b.lo), sub(a.hi, b.hi)};
}
template <unsigned k>
VECTOR_CODE Element left(const Element& a) {
  return {left<k>(a.lo), left<k>(a.hi)};
}

// Constants, split into limbs.
struct Limbs {
  uint64_t lo;
  uint64_t hi;
};
struct LimbsRound {
  Limbs of[12];
};

consteval Limbs split(Felt x) { return {x.value() & kMask52, x.value() >> 52}; }
consteval Felt value_of(Limbs x) { return felt(x.lo) + felt(uint64_t{1} << 52) * felt(x.hi); }

// What the limbs of a product start from, zero mod p (2^55 = 8 Y, 2^47 Y = -8). From lo at most
// 2^54 + 2^52 is subtracted, and in the carry less than 2^10; from hi less than 2^46.
constexpr Limbs kProductBias = {(uint64_t{1} << 55) + 8, (uint64_t{1} << 47) - 8};
static_assert(value_of(kProductBias) == felt(0));

// The same for the last product of an S-box, to whose output `constant` is added.
consteval Limbs sbox_bias(Felt constant) {
  const Limbs limbs = split(constant);
  return {kProductBias.lo + limbs.lo, kProductBias.hi + limbs.hi};
}

consteval LimbsRound sbox_biases(const FoldedRound& constants) {
  LimbsRound round{};
  for (size_t i = 0; i < 12; ++i) round.of[i] = sbox_bias(constants[i]);
  return round;
}

consteval LimbsRound split_round(const FoldedRound& constants) {
  LimbsRound round{};
  for (size_t i = 0; i < 12; ++i) round.of[i] = split(constants[i]);
  return round;
}

struct ExternalBiases {
  LimbsRound rounds[4];
};

consteval ExternalBiases external_biases(const std::array<FoldedRound, 4>& folded) {
  ExternalBiases biases{};
  for (size_t r = 0; r < 4; ++r) biases.rounds[r] = sbox_biases(folded[r]);
  return biases;
}

constexpr ExternalBiases kInitialBiases = external_biases(fold_initial_constants());
constexpr ExternalBiases kTerminalBiases = external_biases(fold_terminal_constants());
constexpr LimbsRound kFirstConstants = split_round(felts_of(kExternalInitialConstants[0]));

// In the internal rounds: set in the sum of the state, and added to element 1 at their beginning.
constexpr Limbs kSumBits = {uint64_t{1} << 53, uint64_t{1} << 46};
constexpr Limbs kOneBias = {uint64_t{1} << 56, uint64_t{1} << 54};

struct InternalBiases {
  Limbs after_sbox[22];
  LimbsRound after_rounds;
};

consteval InternalBiases internal_biases() {
  const FoldedInternal folded = fold_internal_constants(value_of(kSumBits), value_of(kOneBias));
  InternalBiases biases{};
  for (size_t r = 0; r < 22; ++r) biases.after_sbox[r] = sbox_bias(folded.after_sbox[r]);
  biases.after_rounds = split_round(folded.after_rounds);
  return biases;
}

constexpr InternalBiases kInternalBiases = internal_biases();

// Zero mod p; more than a normalized summand, limb by limb.
constexpr Limbs kDifferenceBias = {(uint64_t{1} << 54) + 4, (uint64_t{1} << 46) - 4};
static_assert(value_of(kDifferenceBias) == felt(0));

VECTOR_CODE Element all(const Limbs& x) { return {all(x.lo), all(x.hi)}; }

// The carry: a summand with lo >= hi / 2^44 to a factor with hi < 2^44 + 2^11.
VECTOR_CODE Element carried(const Element& a) {
  const Vector lo = sub(a.lo, right<44>(a.hi));
  return {lo, add(masked(a.hi, kMask44), right<52>(lo))};
}

// The same as a summand: lo < 2^52, hi < 2^44 + 2^11.
VECTOR_CODE Element normalized(const Element& a) {
  const Element factor = carried(a);
  return {masked(factor.lo, kMask52), factor.hi};
}

template <size_t n, class Body>
VECTOR_CODE void each(Body body) {
#pragma GCC unroll 12
  for (size_t i = 0; i < n; ++i) body(i);
}

// n factors side by side, and 16 hi: 256 a.hi b.hi = (16 a.hi) (16 b.hi). The multiplications of
// one S-box wait for each other; those of several, step by step, fill the time.
template <size_t n>
struct Factors {
  Vector lo[n];
  Vector hi[n];
  Vector scaled_hi[n];

  explicit VECTOR_CODE Factors(const Element* a) {
    Element factor[n];
    each<n>([&](size_t i) { factor[i] = carried(a[i]); });
    each<n>([&](size_t i) { lo[i] = factor[i].lo; });
    each<n>([&](size_t i) { hi[i] = factor[i].hi; });
    each<n>([&](size_t i) { scaled_hi[i] = left<4>(hi[i]); });
  }
};

// Products + bias: 2^54 < lo < 2^55 + 2^53, 2^46 < hi < 2^54.
template <size_t n>
VECTOR_CODE void multiply(const Factors<n>& a, const Factors<n>& b, const Element* bias,
                          Element* out) {
  Vector lo[n], hi[n], less_lo[n], less_hi[n];
  each<n>([&](size_t i) { less_lo[i] = H(zero(), a.lo[i], b.hi[i]); });
  each<n>([&](size_t i) { hi[i] = H(bias[i].hi, a.lo[i], b.lo[i]); });
  each<n>([&](size_t i) { less_lo[i] = H(less_lo[i], a.hi[i], b.lo[i]); });
  each<n>([&](size_t i) { hi[i] = L(hi[i], a.lo[i], b.hi[i]); });
  each<n>([&](size_t i) { less_lo[i] = left<8>(less_lo[i]); });
  each<n>([&](size_t i) { less_hi[i] = H(zero(), a.scaled_hi[i], b.scaled_hi[i]); });
  each<n>([&](size_t i) { less_lo[i] = L(less_lo[i], a.scaled_hi[i], b.scaled_hi[i]); });
  each<n>([&](size_t i) { hi[i] = L(hi[i], a.hi[i], b.lo[i]); });
  each<n>([&](size_t i) { lo[i] = L(bias[i].lo, a.lo[i], b.lo[i]); });
  each<n>([&](size_t i) { out[i] = {sub(lo[i], less_lo[i]), sub(hi[i], less_hi[i])}; });
}

// Squares + kProductBias, with the same bounds.
template <size_t n>
VECTOR_CODE void square(const Factors<n>& a, Element* out) {
  const Element bias = all(kProductBias);
  Vector lo[n], hi[n], less_lo[n], less_hi[n], twice_hi[n];
  each<n>([&](size_t i) { twice_hi[i] = add(a.hi[i], a.hi[i]); });
  each<n>([&](size_t i) { less_lo[i] = H(zero(), a.lo[i], twice_hi[i]); });
  each<n>([&](size_t i) { hi[i] = H(bias.hi, a.lo[i], a.lo[i]); });
  each<n>([&](size_t i) { less_lo[i] = left<8>(less_lo[i]); });
  each<n>([&](size_t i) { hi[i] = L(hi[i], a.lo[i], twice_hi[i]); });
  each<n>([&](size_t i) { less_hi[i] = H(zero(), a.scaled_hi[i], a.scaled_hi[i]); });
  each<n>([&](size_t i) { less_lo[i] = L(less_lo[i], a.scaled_hi[i], a.scaled_hi[i]); });
  each<n>([&](size_t i) { lo[i] = L(bias.lo, a.lo[i], a.lo[i]); });
  each<n>([&](size_t i) { out[i] = {sub(lo[i], less_lo[i]), sub(hi[i], less_hi[i])}; });
}

// s[i]^7 + the constant in biases[i], from summands with lo >= hi / 2^44, with the bounds of
// products.
template <size_t n>
VECTOR_CODE void sbox(Element* s, const Limbs* biases) {
  Element zero_biases[n], sbox_biases[n], powers[n];
  each<n>([&](size_t i) { zero_biases[i] = all(kProductBias); });
  each<n>([&](size_t i) { sbox_biases[i] = all(biases[i]); });
  const Factors<n> x(s);
  square(x, powers);
  const Factors<n> x2(powers);
  square(x2, powers);
  const Factors<n> x4(powers);
  multiply(x2, x, zero_biases, powers);
  const Factors<n> x3(powers);
  multiply(x3, x4, sbox_biases, s);
}

// One limb of the 4x4 matrix on a chunk: row i is (x0 + x1 + x2 + x3) + x[i] + 2 x[i+1]; in place.
VECTOR_CODE void chunk_matrix(Vector& x0, Vector& x1, Vector& x2, Vector& x3) {
  const Vector x01 = add(x0, x1);
  const Vector x23 = add(x2, x3);
  const Vector sum = add(x01, x23);
  const Vector sum1 = add(sum, x1);
  const Vector sum3 = add(sum, x3);
  const Vector t0 = add(sum1, x01);
  x1 = add(add(sum1, x2), x2);
  x2 = add(sum3, x23);
  x3 = add(add(sum3, x0), x0);
  x0 = t0;
}

VECTOR_CODE void chunk_matrix(Element* x) {
  chunk_matrix(x[0].lo, x[1].lo, x[2].lo, x[3].lo);
  chunk_matrix(x[0].hi, x[1].hi, x[2].hi, x[3].hi);
}

// Summands in, summands out: no bound grows by more than 28.
VECTOR_CODE void external_matrix(Element* s) {
  chunk_matrix(s);
  chunk_matrix(s + 4);
  chunk_matrix(s + 8);
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i) {
    const Element column = add(add(s[i], s[i + 4]), s[i + 8]);
    s[i] = add(s[i], column);
    s[i + 4] = add(s[i + 4], column);
    s[i + 8] = add(s[i + 8], column);
  }
}

// Only the four elements from `s + chunk`, the digest or the capacity: as the matrix is linear,
// they are the chunk's own matrix applied to x_chunk + (x_0 + x_1 + x_2).
VECTOR_CODE void external_matrix_chunk(const Element* s, size_t chunk, Element* out) {
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i) {
    out[i] = add(add(s[i], s[i + 4]), add(s[i + 8], s[chunk + i]));
  }
  chunk_matrix(out);
}

VECTOR_CODE void sbox_layer(Element* s, const LimbsRound& biases) {
#pragma GCC unroll 12
  for (size_t i = 0; i < 12; i += kAbreast) sbox<kAbreast>(s + i, biases.of + i);
}

// sum + a / 2^k for a summand with hi < 2^51. With f = lo mod 2^k: f / 2^k = f 2^(52-k) / Y, and
// 1 / Y = -Y / 256. Of sum.hi at most 2^44 is subtracted; lo grows by 2^53.
template <unsigned k>
VECTOR_CODE Element add_divided(const Element& sum, const Element& a) {
  const Vector factor = all(uint64_t{1} << (52 - k));
  const Vector hi = add(a.hi, right<52>(a.lo));
  const Vector fraction = L(zero(), a.lo, factor);
  return {L(H(sum.lo, a.lo, factor), hi, factor), sub(H(sum.hi, hi, factor), right<8>(fraction))};
}

template <unsigned k>
VECTOR_CODE Element divided(const Element& a) {
  return add_divided<k>(all(kDifferenceBias), a);
}

// a - b for normalized summands. lo < 2^54 + 2^53, hi < 2^47.
VECTOR_CODE Element difference(const Element& a, const Element& b) {
  return sub(add(a, all(kDifferenceBias)), b);
}

// The internal rounds; poseidon2_limbs.hpp explains the pairs and the order of things.
struct InternalState {
  struct Pair {
    Element sum;
    Element before;
  };
  Pair halves, threes, fours, quarters;
  Element one, two, eighth;
  Element first;

  // `others` has lo >= 2^56 and hi >= 2^54 from kOneBias, more than an S-box's output.
  VECTOR_CODE void round(const Limbs& bias) {
    Element y = first;
    sbox<1>(&y, &bias);
    const Element others = add(add(add(halves.sum, threes.sum), add(fours.sum, quarters.sum)),
                               add(add(one, two), eighth));
    first = sub(others, y);
    // The sum of the state + kSumBits. 2^53 <= lo < 2^53 + 2^52, 2^46 <= hi < 2^46 + 2^45.
    const Element raw = add(others, y);
    const Vector lo = sub(raw.lo, right<44>(raw.hi));
    const Element sum = {masked_with(lo, kMask52, kSumBits.lo),
                         add(masked_with(raw.hi, kMask44, kSumBits.hi), right<52>(lo))};
    const Element twice = add(sum, sum);
    halves = {add_divided<2>(twice, halves.before), halves.sum};
    threes = {add(twice, add(left<3>(threes.before), threes.before)), threes.sum};
    fours = {add(twice, left<4>(fours.before)), fours.sum};
    quarters = {add_divided<4>(twice, quarters.before), quarters.sum};
    one = add(one, sum);
    two = add(sum, add(two, two));
    eighth = add_divided<3>(sum, eighth);
  }

  // What grows from round to round: needed every four, by when `fours` has come to 2^62. All of
  // them have had the sum added, so lo >= 2^53.
  VECTOR_CODE void normalize() {
    threes = {normalized(threes.sum), normalized(threes.before)};
    fours = {normalized(fours.sum), normalized(fours.before)};
    two = normalized(two);
  }
};

constexpr Limbs kInverse3 = split(inverse(felt(3)));

// Summands with 2^15 <= lo, from and to; hi < 2^59 before, hi < 2^48 after.
VECTOR_CODE void internal_rounds(Element* s) {
#pragma GCC unroll 12
  for (size_t i = 1; i < 12; ++i) s[i] = normalized(s[i]);
  InternalState state;
  state.first = s[0];
  state.one = add(s[1], all(kOneBias));
  state.two = s[2];
  state.eighth = s[11];
  state.halves = {add(s[3], s[6]), left<1>(difference(s[3], s[6]))};
  const Element apart = difference(s[4], s[7]);
  const Element inverse3 = all(kInverse3);
  const Element zero_bias = all(kProductBias);
  Element third;
  multiply(Factors<1>(&apart), Factors<1>(&inverse3), &zero_bias, &third);
  state.threes = {add(s[4], s[7]), normalized(third)};
  state.fours = {add(s[5], s[8]), divided<2>(difference(s[5], s[8]))};
  state.quarters = {add(s[9], s[10]), left<2>(difference(s[9], s[10]))};

#pragma GCC unroll 1
  for (size_t r = 0; r < 20; r += 4) {
    state.round(kInternalBiases.after_sbox[r]);
    state.round(kInternalBiases.after_sbox[r + 1]);
    state.round(kInternalBiases.after_sbox[r + 2]);
    state.round(kInternalBiases.after_sbox[r + 3]);
    state.normalize();
  }
  state.round(kInternalBiases.after_sbox[20]);
  state.round(kInternalBiases.after_sbox[21]);

  const auto take_apart = [](Element & a, Element & b, const Element& sum, const Element& apart)
      __attribute__((always_inline)) {
    const Element p = normalized(sum);
    const Element d = normalized(apart);
    a = divided<1>(add(p, d));
    b = divided<1>(difference(p, d));
  };
  take_apart(s[3], s[6], state.halves.sum, divided<1>(state.halves.before));
  take_apart(s[4], s[7], state.threes.sum, add(left<1>(state.threes.before), state.threes.before));
  take_apart(s[5], s[8], state.fours.sum, left<2>(state.fours.before));
  take_apart(s[9], s[10], state.quarters.sum, divided<2>(state.quarters.before));
  s[0] = state.first;
  s[1] = state.one;
  s[2] = state.two;
  s[11] = state.eighth;
#pragma GCC unroll 12
  for (size_t i = 1; i < 12; ++i) s[i] = add(s[i], all(kInternalBiases.after_rounds.of[i]));
}

// From normalized summands to the outputs of the last S-box layer: what is left is the matrix.
void permute_but_last_matrix(Element* s) {
  external_matrix(s);
#pragma GCC unroll 12
  for (size_t i = 0; i < 12; ++i) s[i] = add(s[i], all(kFirstConstants.of[i]));
  for (const LimbsRound& biases : kInitialBiases.rounds) {
    sbox_layer(s, biases);
    external_matrix(s);
  }
  internal_rounds(s);
  for (size_t r = 0; r < 3; ++r) {
    sbox_layer(s, kTerminalBiases.rounds[r]);
    external_matrix(s);
  }
  sbox_layer(s, kTerminalBiases.rounds[3]);
}

VECTOR_CODE Element limbs_of(Vector word) { return {masked(word, kMask52), right<52>(word)}; }

// The canonical integer. lo + hi Y = word + 2^64 h, 2^64 = kEpsilon and h <= 2^32, so the second
// summand is below p and a carry can happen once only.
VECTOR_CODE Vector canonical(const Element& summand) {
  const Element a = normalized(summand);
  const Vector word = _mm512_or_si512(a.lo, left<52>(a.hi));
  const Vector h = right<12>(a.hi);
  const Vector reduced = sub(left<32>(h), h);
  const Vector sum = add(word, reduced);
  const __mmask8 carry = _mm512_cmplt_epu64_mask(sum, word);
  const Vector loose = _mm512_mask_add_epi64(sum, carry, sum, all(kEpsilon));
  const __mmask8 above = _mm512_cmpge_epu64_mask(loose, all(Felt::kModulus));
  return _mm512_mask_sub_epi64(loose, above, loose, all(Felt::kModulus));
}

// Rows of eight elements to columns: out[i] holds element i of every row.
VECTOR_CODE void transpose(const Vector* rows, Vector* out) {
  Vector pairs[8];
#pragma GCC unroll 4
  for (size_t i = 0; i < 8; i += 2) {
    pairs[i] = _mm512_unpacklo_epi64(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_epi64(rows[i], rows[i + 1]);
  }
  // Quarters of `pairs` 0, 2, 4, 6 hold elements 0, 2, 4, 6 of two rows each; those of 1, 3, 5, 7
  // the odd ones.
#pragma GCC unroll 2
  for (size_t odd = 0; odd < 2; ++odd) {
    const Vector a = _mm512_shuffle_i64x2(pairs[odd], pairs[odd + 2], 0x88);
    const Vector b = _mm512_shuffle_i64x2(pairs[odd], pairs[odd + 2], 0xdd);
    const Vector c = _mm512_shuffle_i64x2(pairs[odd + 4], pairs[odd + 6], 0x88);
    const Vector d = _mm512_shuffle_i64x2(pairs[odd + 4], pairs[odd + 6], 0xdd);
    out[odd] = _mm512_shuffle_i64x2(a, c, 0x88);
    out[odd + 4] = _mm512_shuffle_i64x2(a, c, 0xdd);
    out[odd + 2] = _mm512_shuffle_i64x2(b, d, 0x88);
    out[odd + 6] = _mm512_shuffle_i64x2(b, d, 0xdd);
  }
}

// Writes the digests of the first `lanes` lanes from the last S-box layer's outputs.
VECTOR_CODE void store_digests(const Element* s, uint64_t* digests, size_t lanes) {
  Element out[4];
  external_matrix_chunk(s, 0, out);
  alignas(64) uint64_t columns[4][kLanes];
#pragma GCC unroll 4
  for (size_t i = 0; i < 4; ++i) _mm512_store_si512(columns[i], canonical(out[i]));
  for (size_t lane = 0; lane < lanes; ++lane) {
    for (size_t i = 0; i < 4; ++i) digests[4 * lane + i] = columns[i][lane];
  }
}

// Loads up to eight elements at `first` + row * stride for each of `lanes` rows; rows beyond repeat
// the last.
VECTOR_CODE void absorb(Element* s, const uint64_t* first, size_t stride, size_t lanes,
                        size_t length) {
  const auto loaded = static_cast<__mmask8>((1u << length) - 1);
  Vector rows[kLanes];
  for (size_t row = 0; row < kLanes; ++row) {
    const size_t index = row < lanes ? row : lanes - 1;
    rows[row] = _mm512_maskz_loadu_epi64(loaded, first + index * stride);
  }
  Vector columns[8];
  transpose(rows, columns);
#pragma GCC unroll 8
  for (size_t i = 0; i < 8; ++i) s[i] = limbs_of(columns[i]);
}

// The sponge of spec/crypto.md §3.2 on rows of `length` elements each.
void hash_rows(const uint64_t* rows, size_t length, size_t count, uint64_t domain,
               uint64_t* digests) {
  constexpr size_t kRate = 8;
  while (count > 0) {
    const size_t lanes = count < kLanes ? count : kLanes;
    Element s[12];
    s[8] = limbs_of(all(length % kRate));
    s[9] = limbs_of(all(domain));
    s[10] = s[11] = {zero(), zero()};
    for (size_t absorbed = 0;;) {
      const size_t taken = length - absorbed < kRate ? length - absorbed : kRate;
      absorb(s, rows + absorbed, length, lanes, taken);
      permute_but_last_matrix(s);
      absorbed += taken;
      if (absorbed == length) break;
      Element capacity[4];
      external_matrix_chunk(s, 8, capacity);
      for (size_t i = 0; i < 4; ++i) s[8 + i] = normalized(capacity[i]);
    }
    store_digests(s, digests, lanes);
    rows += lanes * length;
    digests += lanes * 4;
    count -= lanes;
  }
}

}  // namespace

void poseidon2_avx512(const Felt* elements, size_t length, size_t count, Felt domain,
                      Word* digests) {
  uint64_t domain_value;
  static_assert(sizeof domain == sizeof domain_value);
  __builtin_memcpy(&domain_value, &domain, sizeof domain_value);
  hash_rows(reinterpret_cast<const uint64_t*>(elements), length, count, domain_value,
            reinterpret_cast<uint64_t*>(digests));
}

}  // namespace miden

#endif
