// The scalar permutation and the batch kernels made of it.
#include <algorithm>

#include "crypto/poseidon2_constants.hpp"
#include "crypto/poseidon2_kernels.hpp"

namespace miden {
namespace {

using uint128 = unsigned __int128;

// Lanes hold any of the 2^64 bit patterns between operations (mod p); 2^64 = kEpsilon (mod p).
constexpr uint64_t kEpsilon = 0xffffffff;

inline uint64_t reduce128(uint128 x) {
  const auto low = static_cast<uint64_t>(x);
  const auto high = static_cast<uint64_t>(x >> 64);
  uint64_t t;
  if (__builtin_sub_overflow(low, high >> 32, &t)) t -= kEpsilon;
  const uint64_t u = (high & kEpsilon) * kEpsilon;
  uint64_t r;
  if (__builtin_add_overflow(t, u, &r)) r += kEpsilon;
  return r;
}

inline uint64_t mul(uint64_t a, uint64_t b) { return reduce128(static_cast<uint128>(a) * b); }

inline uint64_t pow7(uint64_t x) {
  const uint64_t x2 = mul(x, x);
  const uint64_t x3 = mul(x2, x);
  return mul(mul(x2, x2), x3);
}

void external_matrix(std::array<uint64_t, 12>& s) {
  std::array<uint128, 12> t;
  for (size_t c = 0; c < 12; c += 4) {
    const uint128 sum = static_cast<uint128>(s[c]) + s[c + 1] + s[c + 2] + s[c + 3];
    // Row i of the matrix is sum + x[i] + 2 x[i+1].
    for (size_t i = 0; i < 4; ++i) {
      t[c + i] = sum + s[c + i] + 2 * static_cast<uint128>(s[c + (i + 1) % 4]);
    }
  }
  for (size_t i = 0; i < 4; ++i) {
    const uint128 column = t[i] + t[i + 4] + t[i + 8];
    for (size_t c = 0; c < 12; c += 4) s[c + i] = reduce128(t[c + i] + column);
  }
}

// Matrix diagonal -2, 1, 2, 1/2, 3, 4, -1/2, -3, -4, 1/4, -1/4, 1/8.
constexpr std::array<uint64_t, 12> kDiagonal = {0xfffffffeffffffff,
                                                1,
                                                2,
                                                0x7fffffff80000001,
                                                3,
                                                4,
                                                0x7fffffff80000000,
                                                0xfffffffefffffffe,
                                                0xfffffffefffffffd,
                                                0xbfffffff40000001,
                                                0x3fffffffc0000000,
                                                0xdfffffff20000001};

void internal_matrix(std::array<uint64_t, 12>& s) {
  uint128 sum = 0;
  for (const uint64_t x : s) sum += x;
  const uint64_t total = reduce128(sum);
  for (size_t i = 0; i < 12; ++i)
    s[i] = reduce128(static_cast<uint128>(s[i]) * kDiagonal[i] + total);
}

void external_round(std::array<uint64_t, 12>& s, const Poseidon2Round& constants) {
  for (size_t i = 0; i < 12; ++i) s[i] = pow7(reduce128(static_cast<uint128>(s[i]) + constants[i]));
  external_matrix(s);
}

}  // namespace

void permute(HashState& state) {
  std::array<uint64_t, 12> s;
  for (size_t i = 0; i < 12; ++i) s[i] = state[i].value();
  external_matrix(s);
  for (const Poseidon2Round& constants : kExternalInitialConstants) external_round(s, constants);
  for (const uint64_t constant : kInternalConstants) {
    s[0] = pow7(reduce128(static_cast<uint128>(s[0]) + constant));
    internal_matrix(s);
  }
  for (const Poseidon2Round& constants : kExternalTerminalConstants) external_round(s, constants);
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
