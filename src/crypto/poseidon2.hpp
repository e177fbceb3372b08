// Poseidon2 over Goldilocks, width 12: the protocol's hash. spec/crypto.md §3.
//
// Single hashes run on a scalar permutation. Whoever has many independent hashes (a tree level, the
// ids of a block's notes) uses the batch functions: they fill SIMD lanes (AVX-512: 8, AVX2: 4),
// chosen once at run time.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "crypto/word.hpp"

namespace miden {

using HashState = std::array<Felt, 12>;

// One permutation in place.
void permute(HashState& state);

// H(x...): the sequential hash. No elements give the zero word.
Word hash_elements(std::span<const Felt> elements);
// H_d(x...): the same with `domain` in the capacity.
Word hash_elements_in_domain(std::span<const Felt> elements, Felt domain);
// H of the words' elements one after another.
Word hash_words(std::span<const Word> words);
// M(left, right), equal to H of the eight elements.
Word merge(const Word& left, const Word& right);
Word merge_in_domain(const Word& left, const Word& right, Felt domain);
// Hash of a byte string in 7-byte chunks with a terminating 1 (non-fungible asset data).
Word hash_bytes(ByteView bytes);

// H while it is being fed, for preimages that are built piece by piece; `length` is the total
// number of elements that will come (it enters the initial state).
class SequentialHash {
 public:
  explicit SequentialHash(size_t length);
  void add(Felt element);
  void add(const Word& word) {
    for (const Felt e : word.elements) add(e);
  }
  Word finish() &&;

 private:
  HashState state_{};
  size_t filled_ = 0;
  bool absorbed_ = false;
};

// digests[i] = M(pairs[2i], pairs[2i+1]); pairs.size() == 2 * digests.size(). `digests` may be the
// front part of `pairs`.
void merge_batch(std::span<const Word> pairs, std::span<Word> digests);
// digests[i] = M_domain(pairs[2i], pairs[2i+1]).
void merge_batch_in_domain(std::span<const Word> pairs, Felt domain, std::span<Word> digests);
// digests[i] = H of the `length` elements at elements[i * length]; all inputs have one length.
void hash_elements_batch(std::span<const Felt> elements, size_t length, std::span<Word> digests);

// Which permutation the batch functions use here.
enum class Poseidon2Backend { kScalar, kAvx2, kAvx512 };
Poseidon2Backend poseidon2_backend();
std::string_view name_of(Poseidon2Backend backend);
// Every backend this machine can run, for tests and benchmarks.
std::span<const Poseidon2Backend> available_poseidon2_backends();
// merge_batch and hash_elements_batch on a chosen backend; it must be available.
void merge_batch_on(Poseidon2Backend backend, std::span<const Word> pairs, std::span<Word> digests);
void hash_elements_batch_on(Poseidon2Backend backend, std::span<const Felt> elements, size_t length,
                            std::span<Word> digests);

}  // namespace miden
