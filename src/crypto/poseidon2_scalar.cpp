// The scalar permutation and the batch kernels made of it.
//
// Elements are any 64-bit integers mod p ("loose"): two adjacent numbers apart by p are the same
// element. Canonical form is restored at the end only. 2^64 = 2^32 - 1 (mod p), 2^96 = -1 (mod p).
#include "crypto/poseidon2_constants.hpp"
#include "crypto/poseidon2_kernels.hpp"

namespace miden {
namespace {

using uint128 = unsigned __int128;
using State = std::array<uint64_t, 12>;

constexpr uint64_t kEpsilon = 0xffffffff;

// sum + (carry ? 2^32 - 1 : 0) for sum = a + b. The second addition must not overflow again: it
// does not when a or b is below p. Compilers make a branch of this that no processor can predict,
// and of the alternative, a subtraction with borrow from itself, a dependency on the register's
// former value.
inline uint64_t add(uint64_t a, uint64_t b) {
#if defined(__x86_64__)
  uint64_t corrected;
  __asm__("add %[b], %[a]\n\tlea (%[a],%[epsilon]), %[corrected]\n\tcmovc %[corrected], %[a]"
          : [a] "+&r"(a), [corrected] "=&r"(corrected)
          : [b] "r"(b), [epsilon] "r"(kEpsilon)
          : "cc");
  return a;
#else
  uint64_t sum;
  const bool carry = __builtin_add_overflow(a, b, &sum);
  return sum + carry * kEpsilon;
#endif
}

// a - b for b <= p. The second subtraction cannot borrow, as a - b + 2^64 >= 2^32 - 1.
inline uint64_t sub(uint64_t a, uint64_t b) {
#if defined(__x86_64__)
  uint64_t corrected;
  __asm__("sub %[b], %[a]\n\tlea (%[a],%[minus_epsilon]), %[corrected]\n\tcmovc %[corrected], %[a]"
          : [a] "+&r"(a), [corrected] "=&r"(corrected)
          : [b] "r"(b), [minus_epsilon] "r"(0 - kEpsilon)
          : "cc");
  return a;
#else
  uint64_t difference;
  const bool borrow = __builtin_sub_overflow(a, b, &difference);
  return difference - borrow * kEpsilon;
#endif
}

// A sum that has outgrown 64 bits: low + 2^64 high, high < 2^32.
struct Wide {
  uint64_t low;
  uint64_t high;

  Wide& operator+=(uint64_t x) {
#if defined(__x86_64__)
    __asm__("add %[x], %[low]\n\tadc $0, %[high]"
            : [low] "+&r"(low), [high] "+r"(high)
            : [x] "rm"(x)
            : "cc");
#else
    high += __builtin_add_overflow(low, x, &low);
#endif
    return *this;
  }
  Wide& operator+=(const Wide& x) {
#if defined(__x86_64__)
    __asm__("add %[xl], %[low]\n\tadc %[xh], %[high]"
            : [low] "+&r"(low), [high] "+r"(high)
            : [xl] "rm"(x.low), [xh] "rm"(x.high)
            : "cc");
#else
    high += x.high;
    high += __builtin_add_overflow(low, x.low, &low);
#endif
    return *this;
  }
  friend Wide operator+(Wide a, uint64_t b) { return a += b; }
  friend Wide operator+(Wide a, const Wide& b) { return a += b; }
};

inline uint64_t reduce(const Wide& x) { return add(x.low, x.high * kEpsilon); }

// x = low + 2^64 hl + 2^96 hh = low - hh + (2^32 - 1) hl. The borrow is rare (low < 2^32): a branch
// is right there. Both second operands are below p.
inline uint64_t reduce128(uint128 x) {
  const auto low = static_cast<uint64_t>(x);
  const auto high = static_cast<uint64_t>(x >> 64);
  uint64_t t = low - (high >> 32);
  if (__builtin_expect(low < (high >> 32), 0)) t -= kEpsilon;
  return add(t, (high & kEpsilon) * kEpsilon);
}

inline uint64_t mul(uint64_t a, uint64_t b) { return reduce128(static_cast<uint128>(a) * b); }

inline uint64_t pow7(uint64_t x) {
  const uint64_t x2 = mul(x, x);
  const uint64_t x3 = mul(x2, x);
  const uint64_t x4 = mul(x2, x2);
  return mul(x3, x4);
}

// The 4x4 matrix on one chunk: row i is (x0 + x1 + x2 + x3) + x[i] + 2 x[i+1]. Results < 7 * 2^64.
struct Chunk {
  Wide t0, t1, t2, t3;

  explicit Chunk(const uint64_t* x) {
    const Wide x01 = Wide{x[0], 0} + x[1];
    const Wide x23 = Wide{x[2], 0} + x[3];
    const Wide all = x01 + x23;
    const Wide all_and_1 = all + x[1];
    const Wide all_and_3 = all + x[3];
    t0 = all_and_1 + x01;
    t1 = all_and_1 + x[2] + x[2];
    t2 = all_and_3 + x23;
    t3 = all_and_3 + x[0] + x[0];
  }
};

// The matrix, then the constants that the next round adds. Sums stay below 29 * 2^64.
inline void external_matrix(State& s, const Poseidon2Round& constants) {
  const Chunk a(&s[0]);
  const Chunk b(&s[4]);
  const Chunk c(&s[8]);
  const auto spread = [&](size_t i, const Wide& x, const Wide& y, const Wide& z) {
    const Wide column = x + y + z;
    s[i] = reduce(column + x + constants[i]);
    s[i + 4] = reduce(column + y + constants[i + 4]);
    s[i + 8] = reduce(column + z + constants[i + 8]);
  };
  spread(0, a.t0, b.t0, c.t0);
  spread(1, a.t1, b.t1, c.t1);
  spread(2, a.t2, b.t2, c.t2);
  spread(3, a.t3, b.t3, c.t3);
}

inline void sbox_layer(State& s) {
  for (uint64_t& x : s) x = pow7(x);
}

// sum + x / 2^k. With x = 2^k q + t and (p - 1) / 2^k = -1 / 2^k: x / 2^k = q + (2^k - t) (p - 1) /
// 2^k + 1. Both summands are at most p.
template <int k>
inline Wide add_divided(const Wide& sum, uint64_t x) {
  constexpr uint64_t kPower = uint64_t{1} << k;
  constexpr uint64_t kMinusInverse = (Felt::kModulus - 1) / kPower;
  const uint64_t t = x & (kPower - 1);
  return sum + (x >> k) + ((kPower - t) * kMinusInverse + 1);
}

// x * 2^k, k < 32.
template <int k>
inline Wide shifted(uint64_t x) {
  return {x << k, x >> (64 - k)};
}

inline uint64_t canonical(uint64_t x) { return Felt::reduce(x).value(); }

// x / 2 for x < 2^64.
inline uint64_t halved(uint64_t x) {
  return (x >> 1) + ((0 - (x & 1)) & ((Felt::kModulus + 1) / 2));
}

constexpr uint64_t kInverse3 = 0xaaaaaaaa00000001;
static_assert(Felt::from_canonical(3) * Felt::from_canonical(kInverse3) == Felt::from_canonical(1));

// The 22 internal rounds. With S the sum of the state after the S-box, an element becomes S + d s.
//
// Elements 3 and 6, 4 and 7, 5 and 8, 9 and 10 have factors d and -d (1/2, 3, 4, 1/4). All a round
// needs of a pair (a, b) is P = a + b. With D = a - b: P' = 2 S + d D and D' = d P, so P'' = 2 S' +
// d^2 P: each pair is carried as this and the previous P (before the first round: D / d), and taken
// apart after the last round.
//
// The first element becomes S - 2 y = (sum of the others) - y for the S-box's output y: only one
// subtraction lies between one S-box and the next.
inline void internal_rounds(State& s) {
  struct Pair {
    uint64_t sum;
    uint64_t before;
  };
  const auto pair_sum = [&s](size_t a, size_t b) { return reduce(Wide{s[a], 0} + s[b]); };
  const auto difference = [](uint64_t a, uint64_t b) { return sub(a, canonical(b)); };
  Pair halves = {pair_sum(3, 6), reduce(shifted<1>(difference(s[3], s[6])))};
  Pair threes = {pair_sum(4, 7), mul(difference(s[4], s[7]), kInverse3)};
  Pair fours = {pair_sum(5, 8), reduce(add_divided<2>({0, 0}, difference(s[5], s[8])))};
  Pair quarters = {pair_sum(9, 10), reduce(shifted<2>(difference(s[9], s[10])))};
  uint64_t one = s[1];
  uint64_t two = s[2];
  uint64_t eighth = s[11];
  uint64_t first = s[0];

  for (const uint64_t constant : kInternalConstants) {
    const uint64_t others = canonical(
        reduce(Wide{halves.sum, 0} + threes.sum + fours.sum + quarters.sum + one + two + eighth));
    const uint64_t y = canonical(pow7(add(first, constant)));
    first = sub(others, y);
    const uint64_t total = add(others, y);
    const Wide twice = shifted<1>(total);
    halves = {reduce(add_divided<2>(twice, halves.before)), halves.sum};
    threes = {reduce(twice + shifted<3>(threes.before) + threes.before), threes.sum};
    fours = {reduce(twice + shifted<4>(fours.before)), fours.sum};
    quarters = {reduce(add_divided<4>(twice, quarters.before)), quarters.sum};
    one = reduce(Wide{total, 0} + one);
    two = reduce(shifted<1>(two) + total);
    eighth = reduce(add_divided<3>({total, 0}, eighth));
  }

  const auto take_apart = [&](size_t a, size_t b, uint64_t sum, uint64_t apart) {
    s[a] = halved(reduce(Wide{sum, 0} + apart));
    s[b] = halved(difference(sum, apart));
  };
  take_apart(3, 6, halves.sum, halved(halves.before));
  take_apart(4, 7, threes.sum, reduce(shifted<1>(threes.before) + threes.before));
  take_apart(5, 8, fours.sum, reduce(shifted<2>(fours.before)));
  take_apart(9, 10, quarters.sum, reduce(add_divided<2>({0, 0}, quarters.before)));
  s[0] = first;
  s[1] = one;
  s[2] = two;
  s[11] = eighth;
}

constexpr Poseidon2Round kNoConstants = {};

}  // namespace

void permute(HashState& state) {
  State s;
  for (size_t i = 0; i < 12; ++i) s[i] = state[i].value();
  external_matrix(s, kExternalInitialConstants[0]);
  for (size_t round = 0; round < 4; ++round) {
    sbox_layer(s);
    external_matrix(s, round < 3 ? kExternalInitialConstants[round + 1] : kNoConstants);
  }
  internal_rounds(s);
  for (size_t i = 0; i < 12; ++i) s[i] = add(s[i], kExternalTerminalConstants[0][i]);
  for (size_t round = 0; round < 4; ++round) {
    sbox_layer(s);
    external_matrix(s, round < 3 ? kExternalTerminalConstants[round + 1] : kNoConstants);
  }
  for (size_t i = 0; i < 12; ++i) state[i] = Felt::reduce(s[i]);
}

namespace {

void merge_scalar(const Word* pairs, size_t count, Felt domain, Word* digests) {
  for (size_t i = 0; i < count; ++i) {
    digests[i] = merge_in_domain(pairs[2 * i], pairs[2 * i + 1], domain);
  }
}

void hash_scalar(const Felt* elements, size_t length, size_t count, Word* digests) {
  for (size_t i = 0; i < count; ++i) digests[i] = hash_elements({elements + i * length, length});
}

}  // namespace

const Poseidon2Kernels kScalarKernels = {merge_scalar, hash_scalar};

}  // namespace miden
