// The permutation on elements split into two unreduced halves, for one lane or several. Internal to
// src/crypto: each file that includes it defines a kind of lanes first.
//
// An element is held in one of two forms:
//   word     any 64-bit integer, mod p. What is multiplied.
//   summand  lo + hi * 2^32, lo and hi plain integers, not negative. What linear layers add: no
//   carry
//            until both grow towards 2^62.
// 2^64 = 2^32 - 1 and 2^96 = -1 (mod p).
//
// `V` is a struct of 64-bit lanes in the including file's unnamed namespace. So every instance of
// these templates belongs to that file and is compiled for its instruction set. V has
//   kLanes, kAbreast (how many S-boxes to compute side by side), all(integer), load(pointer),
//   store(pointer); and as free functions
//   add, sub, low_half, low_bits<k>, left<k>, right<k>, multiply<n> (of words), add_word (a + b mod
//   p for b < p), canonical (of a word).
#pragma once

#include "crypto/poseidon2_folded_constants.hpp"

namespace miden {

#define LANE_CODE inline __attribute__((always_inline))

template <class V>
struct Summand {
  V lo;
  V hi;
};

struct HalfLimbs {
  uint64_t lo;
  uint64_t hi;
};

struct HalfLimbsRound {
  HalfLimbs of[12];
};

constexpr uint64_t kEpsilon = 0xffffffff;

consteval HalfLimbs halves_of(Felt x) { return {x.value() & kEpsilon, x.value() >> 32}; }

consteval HalfLimbsRound halves_of_round(const Poseidon2Round& round) {
  HalfLimbsRound limbs{};
  for (size_t i = 0; i < 12; ++i) limbs.of[i] = halves_of(felt(round[i]));
  return limbs;
}

// Zero mod p, each half above 2^34: 4 (2^32, -1) + 8 (1, 2^32 - 1).
inline constexpr HalfLimbs kZeroHalves = {(uint64_t{4} << 32) + 8, (uint64_t{8} << 32) - 12};
static_assert(felt(kZeroHalves.lo) + felt(uint64_t{1} << 32) * felt(kZeroHalves.hi) == felt(0));

struct HalfLimbsConstants {
  HalfLimbsRound initial[4];
  HalfLimbsRound terminal[4];
  HalfLimbs first_internal;
  // kZeroHalves + the constant that the next internal round adds to element 0.
  HalfLimbs next_internal[22];
};

consteval HalfLimbsConstants split_constants() {
  HalfLimbsConstants constants{};
  for (size_t r = 0; r < 4; ++r) {
    constants.initial[r] = halves_of_round(kExternalInitialConstants[r]);
    constants.terminal[r] = halves_of_round(kExternalTerminalConstants[r]);
  }
  constants.first_internal = halves_of(felt(kInternalConstants[0]));
  for (size_t r = 0; r < 22; ++r) {
    const HalfLimbs next = halves_of(r + 1 < 22 ? felt(kInternalConstants[r + 1]) : Felt());
    constants.next_internal[r] = {kZeroHalves.lo + next.lo, kZeroHalves.hi + next.hi};
  }
  return constants;
}

inline constexpr HalfLimbsConstants kSplitConstants = split_constants();
inline constexpr uint64_t kInverse3 = inverse(felt(3)).value();

template <size_t n, class Body>
LANE_CODE void each(Body body) {
#pragma GCC unroll 12
  for (size_t i = 0; i < n; ++i) body(i);
}

template <class V>
LANE_CODE Summand<V> add(const Summand<V>& a, const Summand<V>& b) {
  return {add(a.lo, b.lo), add(a.hi, b.hi)};
}
template <class V>
LANE_CODE Summand<V> add(const Summand<V>& a, const HalfLimbs& b) {
  return {add(a.lo, V::all(b.lo)), add(a.hi, V::all(b.hi))};
}
template <class V>
LANE_CODE Summand<V> sub(const Summand<V>& a, const Summand<V>& b) {
  return {sub(a.lo, b.lo), sub(a.hi, b.hi)};
}
template <int k, class V>
LANE_CODE Summand<V> left(const Summand<V>& a) {
  return {left<k>(a.lo), left<k>(a.hi)};
}

template <class V>
LANE_CODE Summand<V> split(V word) {
  return {low_half(word), right<32>(word)};
}

// lo + (hi / 2^32) (2^32 - 1): what remains besides (hi mod 2^32) 2^32. Below p for lo, hi < 2^62.
template <class V>
LANE_CODE V folded(const Summand<V>& a) {
  const V high = right<32>(a.hi);
  return add(a.lo, sub(left<32>(high), high));
}

template <class V>
LANE_CODE V word_of(const Summand<V>& a) {
  return add_word(left<32>(a.hi), folded(a));
}

// The same value with lo < 2^32 and hi < 2^33.
template <class V>
LANE_CODE Summand<V> normalized(const Summand<V>& a) {
  const V lo = folded(a);
  return {low_half(lo), add(low_half(a.hi), right<32>(lo))};
}

template <size_t n, class V>
LANE_CODE void pow7(V* x) {
  V x2[n], x3[n], x4[n];
  multiply<n>(x, x, x2);
  multiply<n>(x2, x, x3);
  multiply<n>(x2, x2, x4);
  multiply<n>(x3, x4, x);
}

template <class V>
LANE_CODE void sbox_layer(V* s) {
  for (size_t i = 0; i < 12; i += V::kAbreast) pow7<V::kAbreast>(s + i);
}

// The 4x4 matrix on the halves of a chunk: row i is (x0 + x1 + x2 + x3) + x[i] + 2 x[i+1]; in
// place.
template <class V>
LANE_CODE void chunk_matrix(V* x) {
  const V x01 = add(x[0], x[1]);
  const V x23 = add(x[2], x[3]);
  const V sum = add(x01, x23);
  const V sum1 = add(sum, x[1]);
  const V sum3 = add(sum, x[3]);
  x[1] = add(add(sum1, x[2]), x[2]);
  x[3] = add(add(sum3, x[0]), x[0]);
  x[0] = add(sum1, x01);
  x[2] = add(sum3, x23);
}

// The external matrix on one half of each element; no bound grows by more than 28.
template <class V>
LANE_CODE void external_matrix(V* x) {
  chunk_matrix(x);
  chunk_matrix(x + 4);
  chunk_matrix(x + 8);
  each<4>([&](size_t i) {
    const V column = add(add(x[i], x[i + 4]), x[i + 8]);
    x[i] = add(x[i], column);
    x[i + 4] = add(x[i + 4], column);
    x[i + 8] = add(x[i + 8], column);
  });
}

// Words to summands with halves below 2^37.
template <class V>
LANE_CODE void external_matrix(const V* s, Summand<V>* out) {
  V half[12];
  each<12>([&](size_t i) { half[i] = low_half(s[i]); });
  external_matrix(half);
  each<12>([&](size_t i) { out[i].lo = half[i]; });
  each<12>([&](size_t i) { half[i] = right<32>(s[i]); });
  external_matrix(half);
  each<12>([&](size_t i) { out[i].hi = half[i]; });
}

template <class V>
LANE_CODE void add_constants(const Summand<V>* s, const HalfLimbsRound& constants, V* out) {
  each<12>([&](size_t i) { out[i] = word_of(add(s[i], constants.of[i])); });
}

// sum + a / 2^k. A low part t of lo: t / 2^k = t 2^(32-k) (1 - 2^32); of hi: 2^32 t / 2^k. From
// sum.hi less than 2^32 is subtracted.
template <int k, class V>
LANE_CODE Summand<V> add_divided(const Summand<V>& sum, const Summand<V>& a) {
  const V from_lo = left<32 - k>(low_bits<k>(a.lo));
  const V from_hi = left<32 - k>(low_bits<k>(a.hi));
  return {add(add(sum.lo, right<k>(a.lo)), add(from_lo, from_hi)),
          sub(add(sum.hi, right<k>(a.hi)), from_lo)};
}

template <int k, class V>
LANE_CODE Summand<V> divided(const Summand<V>& a) {
  return add_divided<k>(Summand<V>{V::all(kZeroHalves.lo), V::all(kZeroHalves.hi)}, a);
}

// a - b for normalized summands.
template <class V>
LANE_CODE Summand<V> difference(const Summand<V>& a, const Summand<V>& b) {
  return sub(add(a, kZeroHalves), b);
}

// The internal rounds. With S the sum of the state after the S-box, an element becomes S + d s.
//
// Elements 3 and 6, 4 and 7, 5 and 8, 9 and 10 have factors d and -d (1/2, 3, 4, 1/4). All that a
// round needs of a pair (a, b) is P = a + b. With D = a - b: P' = 2 S + d D and D' = d P, so P'' =
// 2 S' + d^2 P: each pair is carried as this P and the one before (before the first round: D / d),
// and taken apart after the last round.
//
// The first element becomes S - 2 y = (sum of the others) - y for the S-box's output y: from one
// S-box to the next only that subtraction has to wait.
template <class V>
struct InternalState {
  struct Pair {
    Summand<V> sum;
    Summand<V> before;
  };
  Pair halves, threes, fours, quarters;
  Summand<V> one, two, eighth;
  V first;  // a word, its constant added

  LANE_CODE void start(const Summand<V>* summands) {
    Summand<V> s[12];
    first = word_of(add(summands[0], kSplitConstants.first_internal));
    each<11>([&](size_t i) { s[i + 1] = normalized(summands[i + 1]); });
    one = s[1];
    two = s[2];
    eighth = s[11];
    halves = {add(s[3], s[6]), left<1>(difference(s[3], s[6]))};
    V third = word_of(difference(s[4], s[7]));
    const V inverse3 = V::all(kInverse3);
    multiply<1>(&third, &inverse3, &third);
    threes = {add(s[4], s[7]), split(third)};
    fours = {add(s[5], s[8]), divided<2>(difference(s[5], s[8]))};
    quarters = {add(s[9], s[10]), left<2>(difference(s[9], s[10]))};
  }

  LANE_CODE void round(const HalfLimbs& next_constant) {
    const Summand<V> others = add(add(add(halves.sum, threes.sum), add(fours.sum, quarters.sum)),
                                  add(add(one, two), eighth));
    pow7<1>(&first);
    const Summand<V> y = split(first);
    first = word_of(sub(add(others, next_constant), y));
    // kZeroHalves: hi stays above what the divisions subtract.
    const Summand<V> sum = add(normalized(add(others, y)), kZeroHalves);
    const Summand<V> twice = add(sum, sum);
    halves = {add_divided<2>(twice, halves.before), halves.sum};
    threes = {add(twice, add(left<3>(threes.before), threes.before)), threes.sum};
    fours = {add(twice, left<4>(fours.before)), fours.sum};
    quarters = {add_divided<4>(twice, quarters.before), quarters.sum};
    one = add(one, sum);
    two = add(sum, add(two, two));
    eighth = add_divided<3>(sum, eighth);
  }

  // What grows from round to round. From below 2^37, eleven rounds bring `fours`, the fastest, to
  // 2^61.
  LANE_CODE void normalize() {
    threes = {normalized(threes.sum), normalized(threes.before)};
    fours = {normalized(fours.sum), normalized(fours.before)};
    two = normalized(two);
  }

  LANE_CODE void finish(Summand<V>* s) const {
    const auto take_apart = [s](size_t a, size_t b, const Summand<V>& sum,
                                const Summand<V>& apart) {
      const Summand<V> p = normalized(sum);
      const Summand<V> d = normalized(apart);
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
  }
};

// Words in `s`, the permuted states as summands in `out`. Several groups of lanes are computed in
// turn, round by round: the S-boxes of one alone wait for each other.
template <size_t groups, class V>
LANE_CODE void permute_lanes(V (*s)[12], Summand<V> (*out)[12]) {
  constexpr const HalfLimbsConstants& constants = kSplitConstants;
  for (size_t g = 0; g < groups; ++g) external_matrix(s[g], out[g]);
  for (const HalfLimbsRound& round : constants.initial) {
    for (size_t g = 0; g < groups; ++g) {
      add_constants(out[g], round, s[g]);
      sbox_layer(s[g]);
      external_matrix(s[g], out[g]);
    }
  }
  InternalState<V> internal[groups];
  for (size_t g = 0; g < groups; ++g) internal[g].start(out[g]);
  for (size_t r = 0; r < 22; ++r) {
    for (size_t g = 0; g < groups; ++g) internal[g].round(constants.next_internal[r]);
    if (r != 10) continue;
    for (size_t g = 0; g < groups; ++g) internal[g].normalize();
  }
  for (size_t g = 0; g < groups; ++g) internal[g].finish(out[g]);
  for (const HalfLimbsRound& round : constants.terminal) {
    for (size_t g = 0; g < groups; ++g) {
      add_constants(out[g], round, s[g]);
      sbox_layer(s[g]);
      external_matrix(s[g], out[g]);
    }
  }
}

// The sponge of spec/crypto.md §3.2 on the first `lanes` rows of `length` elements each.
template <size_t groups, class V>
LANE_CODE void hash_lanes(const uint64_t* rows, size_t length, size_t lanes, uint64_t domain,
                          uint64_t* digests) {
  constexpr size_t kRate = 8;
  constexpr size_t kAllLanes = groups * V::kLanes;
  V s[groups][12];
  Summand<V> out[groups][12];
  for (size_t g = 0; g < groups; ++g) {
    s[g][8] = V::all(length % kRate);
    s[g][9] = V::all(domain);
    s[g][10] = s[g][11] = V::all(0);
  }
  for (size_t absorbed = 0;;) {
    const size_t taken = length - absorbed < kRate ? length - absorbed : kRate;
    uint64_t columns[kRate][kAllLanes] = {};
    for (size_t lane = 0; lane < lanes; ++lane) {
      for (size_t i = 0; i < taken; ++i) columns[i][lane] = rows[lane * length + absorbed + i];
    }
    for (size_t g = 0; g < groups; ++g) {
      for (size_t i = 0; i < kRate; ++i) s[g][i] = V::load(&columns[i][g * V::kLanes]);
    }
    permute_lanes<groups>(s, out);
    absorbed += taken;
    if (absorbed == length) break;
    for (size_t g = 0; g < groups; ++g) {
      for (size_t i = kRate; i < 12; ++i) s[g][i] = word_of(out[g][i]);
    }
  }
  uint64_t columns[4][kAllLanes];
  for (size_t g = 0; g < groups; ++g) {
    for (size_t i = 0; i < 4; ++i) canonical(word_of(out[g][i])).store(&columns[i][g * V::kLanes]);
  }
  for (size_t lane = 0; lane < lanes; ++lane) {
    for (size_t i = 0; i < 4; ++i) digests[4 * lane + i] = columns[i][lane];
  }
}

}  // namespace miden
