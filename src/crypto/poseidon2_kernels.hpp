// What the batch functions of poseidon2.hpp are made of, one set a backend. Internal to src/crypto.
//
// Inputs lie one after another; kernels transpose them into lanes themselves. Any `count` is
// allowed.
#pragma once

#include <cstddef>

#include "crypto/poseidon2.hpp"

namespace miden {

struct Poseidon2Kernels {
  // digests[i] = M_domain(pairs[2i], pairs[2i+1]). `digests` may be `pairs`.
  void (*merge)(const Word* pairs, size_t count, Felt domain, Word* digests);
  // digests[i] = H of elements[i * length] to elements[i * length + length); length > 0.
  void (*hash)(const Felt* elements, size_t length, size_t count, Word* digests);
};

extern const Poseidon2Kernels kScalarKernels;
#if defined(__x86_64__)
extern const Poseidon2Kernels kAvx2Kernels;
extern const Poseidon2Kernels kAvx512Kernels;
#endif

}  // namespace miden
