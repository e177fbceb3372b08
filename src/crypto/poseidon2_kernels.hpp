// What the functions of poseidon2.hpp are made of, one for each backend. Internal to src/crypto.
#pragma once

#include <cstddef>

#include "crypto/poseidon2.hpp"

namespace miden {

// digests[i] = H_domain of elements[i * length] to elements[i * length + length), for `count`
// inputs of length > 0. `digests` may be where `elements` is if no input is shorter than a digest:
// all inputs that a block of digests overwrites have been read.
using Poseidon2Kernel = void(const Felt* elements, size_t length, size_t count, Felt domain,
                             Word* digests);

Poseidon2Kernel poseidon2_scalar;
#if defined(__x86_64__)
Poseidon2Kernel poseidon2_avx2;
Poseidon2Kernel poseidon2_avx512;
#endif

}  // namespace miden
