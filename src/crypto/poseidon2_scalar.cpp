// One permutation at a time, on the 64-bit registers.
#include "crypto/poseidon2_kernels.hpp"
#include "crypto/poseidon2_limbs.hpp"

namespace miden {
namespace {

struct Lane {
  static constexpr size_t kLanes = 1;
  static constexpr size_t kAbreast = 4;
  static LANE_CODE Lane all(uint64_t x) { return {x}; }
  static LANE_CODE Lane load(const uint64_t* from) { return {*from}; }
  LANE_CODE void store(uint64_t* to) const { *to = x; }

  uint64_t x;
};

LANE_CODE Lane add(Lane a, Lane b) { return {a.x + b.x}; }
LANE_CODE Lane sub(Lane a, Lane b) { return {a.x - b.x}; }
LANE_CODE Lane low_half(Lane a) { return {a.x & kEpsilon}; }
template <int k>
LANE_CODE Lane low_bits(Lane a) {
  return {a.x & ((uint64_t{1} << k) - 1)};
}
template <int k>
LANE_CODE Lane left(Lane a) {
  return {a.x << k};
}
template <int k>
LANE_CODE Lane right(Lane a) {
  return {a.x >> k};
}

// a + b mod p for b < p: the correction for 2^64 cannot overflow again. Compilers make a branch of
// this that no processor can predict, or take longer.
LANE_CODE Lane add_word(Lane a, Lane b) {
#if defined(__x86_64__)
  uint64_t corrected;
  __asm__("add %[b], %[a]\n\tlea (%[a],%[epsilon]), %[corrected]\n\tcmovc %[corrected], %[a]"
          : [a] "+&r"(a.x), [corrected] "=&r"(corrected)
          : [b] "rm"(b.x), [epsilon] "r"(kEpsilon)
          : "cc");
  return a;
#else
  uint64_t sum;
  const bool carry = __builtin_add_overflow(a.x, b.x, &sum);
  return {sum + carry * kEpsilon};
#endif
}

// a - b mod p for b < 2^32. Borrows so rarely that the correction stands aside, behind a branch.
LANE_CODE Lane sub_small(Lane a, Lane b) {
#if defined(__x86_64__)
  __asm__(
      "sub %[b], %[a]\n\tjc 2f\n1:\n\t"
      ".pushsection .text.unlikely,\"ax\",@progbits\n2:\n\tsub %[epsilon], %[a]\n\tjmp 1b\n\t"
      ".popsection"
      : [a] "+&r"(a.x)
      : [b] "r"(b.x), [epsilon] "r"(kEpsilon)
      : "cc");
  return a;
#else
  uint64_t difference;
  const bool borrow = __builtin_sub_overflow(a.x, b.x, &difference);
  return {difference - borrow * kEpsilon};
#endif
}

// low + 2^64 hl + 2^96 hh = low - hh + (2^32 - 1) hl.
LANE_CODE Lane product(Lane a, Lane b) {
  const auto wide = static_cast<unsigned __int128>(a.x) * b.x;
  const Lane low = {static_cast<uint64_t>(wide)};
  const Lane high = {static_cast<uint64_t>(wide >> 64)};
  return add_word(sub_small(low, right<32>(high)), sub(left<32>(high), low_half(high)));
}

template <size_t n>
LANE_CODE void multiply(const Lane* a, const Lane* b, Lane* out) {
  each<n>([&](size_t i) { out[i] = product(a[i], b[i]); });
}

LANE_CODE Lane canonical(Lane word) { return {Felt::reduce(word.x).value()}; }

}  // namespace

void permute(HashState& state) {
  Lane s[1][12];
  Summand<Lane> out[1][12];
  for (size_t i = 0; i < 12; ++i) s[0][i].x = state[i].value();
  permute_lanes<1>(s, out);
  for (size_t i = 0; i < 12; ++i) state[i] = Felt::reduce(word_of(out[0][i]).x);
}

void poseidon2_scalar(const Felt* elements, size_t length, size_t count, Felt domain,
                      Word* digests) {
  const auto* rows = reinterpret_cast<const uint64_t*>(elements);
  for (size_t i = 0; i < count; ++i) {
    hash_lanes<1, Lane>(rows + i * length, length, 1, domain.value(),
                        reinterpret_cast<uint64_t*>(&digests[i]));
  }
}

}  // namespace miden
