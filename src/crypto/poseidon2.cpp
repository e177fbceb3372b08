#include "crypto/poseidon2.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "crypto/poseidon2_kernels.hpp"

namespace miden {
namespace {

constexpr size_t kRate = 8;
// The capacity's elements (spec/crypto.md §3.2): the input's length mod 8, and the domain.
constexpr size_t kLengthElement = 8;
constexpr size_t kDomainElement = 9;

Word digest_of(const HashState& state) { return {state[0], state[1], state[2], state[3]}; }

}  // namespace

Word hash_elements(std::span<const Felt> elements) {
  return hash_elements_in_domain(elements, Felt());
}

Word hash_elements_in_domain(std::span<const Felt> elements, Felt domain) {
  if (elements.empty()) return {};
  HashState state{};
  state[kLengthElement] = Felt::from_canonical(elements.size() % kRate);
  state[kDomainElement] = domain;
  while (!elements.empty()) {
    const size_t taken = std::min(elements.size(), kRate);
    const auto rest_of_rate = std::copy_n(elements.begin(), taken, state.begin());
    std::fill(rest_of_rate, state.begin() + kRate, Felt());
    permute(state);
    elements = elements.subspan(taken);
  }
  return digest_of(state);
}

Word hash_words(std::span<const Word> words) {
  static_assert(sizeof(Word) == 4 * sizeof(Felt));
  return hash_elements({reinterpret_cast<const Felt*>(words.data()), words.size() * 4});
}

Word merge(const Word& left, const Word& right) { return merge_in_domain(left, right, Felt()); }

Word merge_in_domain(const Word& left, const Word& right, Felt domain) {
  HashState state{};
  std::copy(left.elements.begin(), left.elements.end(), state.begin());
  std::copy(right.elements.begin(), right.elements.end(), state.begin() + 4);
  state[kDomainElement] = domain;
  permute(state);
  return digest_of(state);
}

// spec/crypto.md §3.2, `hash(bytes)`: a terminating 1 follows the last byte, so the last element is
// at most 2^57 and every element is below p.
Word hash_bytes(ByteView bytes) {
  constexpr size_t kChunk = 7;
  if (bytes.empty()) return {};
  const size_t length = (bytes.size() + kChunk - 1) / kChunk;
  HashState state{};
  state[kLengthElement] = Felt::from_canonical(kRate + length % kRate);
  size_t filled = 0;
  while (!bytes.empty()) {
    const size_t taken = std::min(bytes.size(), kChunk);
    std::array<uint8_t, 8> chunk{};
    std::memcpy(chunk.data(), bytes.data(), taken);
    bytes = bytes.subspan(taken);
    if (bytes.empty()) chunk[taken] = 1;
    state[filled++] = Felt::from_canonical(std::bit_cast<uint64_t>(chunk));
    if (filled == kRate || bytes.empty()) {
      std::fill(state.begin() + static_cast<ptrdiff_t>(filled), state.begin() + kRate, Felt());
      permute(state);
      filled = 0;
    }
  }
  return digest_of(state);
}

SequentialHash::SequentialHash(size_t length) {
  state_[kLengthElement] = Felt::from_canonical(length % kRate);
}

void SequentialHash::add(Felt element) {
  state_[filled_++] = element;
  if (filled_ < kRate) return;
  permute(state_);
  filled_ = 0;
  absorbed_ = true;
}

Word SequentialHash::finish() && {
  if (filled_ > 0) {
    std::fill(state_.begin() + static_cast<ptrdiff_t>(filled_), state_.begin() + kRate, Felt());
    permute(state_);
  } else if (!absorbed_) {
    return {};
  }
  return digest_of(state_);
}

namespace {

std::vector<Poseidon2Backend> find_backends() {
  std::vector<Poseidon2Backend> backends = {Poseidon2Backend::kScalar};
#if defined(__x86_64__)
  // What CMake compiles *_avx2.cpp and *_avx512.cpp for; the test includes the operating system's
  // support.
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
                        __builtin_cpu_supports("fma");
  if (has_avx2) backends.push_back(Poseidon2Backend::kAvx2);
  if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512ifma")) {
    backends.push_back(Poseidon2Backend::kAvx512);
  }
#endif
  return backends;
}

const Poseidon2Kernels& kernels_of(Poseidon2Backend backend) {
#if defined(__x86_64__)
  if (backend == Poseidon2Backend::kAvx2) return kAvx2Kernels;
  if (backend == Poseidon2Backend::kAvx512) return kAvx512Kernels;
#endif
  (void)backend;
  return kScalarKernels;
}

}  // namespace

std::span<const Poseidon2Backend> available_poseidon2_backends() {
  static const std::vector<Poseidon2Backend> backends = find_backends();
  return backends;
}

Poseidon2Backend poseidon2_backend() { return available_poseidon2_backends().back(); }

std::string_view name_of(Poseidon2Backend backend) {
  switch (backend) {
    case Poseidon2Backend::kScalar:
      return "scalar";
    case Poseidon2Backend::kAvx2:
      return "avx2";
    case Poseidon2Backend::kAvx512:
      return "avx512";
  }
  return "unknown";
}

void merge_batch(std::span<const Word> pairs, std::span<Word> digests) {
  merge_batch_in_domain(pairs, Felt(), digests);
}

void merge_batch_in_domain(std::span<const Word> pairs, Felt domain, std::span<Word> digests) {
  // A hash without neighbours takes half the time outside the lanes (a single tree path).
  const size_t alone = digests.size() % 8 == 1 ? 1 : 0;
  const size_t together = digests.size() - alone;
  kernels_of(poseidon2_backend()).merge(pairs.data(), together, domain, digests.data());
  if (alone)
    digests[together] = merge_in_domain(pairs[2 * together], pairs[2 * together + 1], domain);
}

void hash_elements_batch(std::span<const Felt> elements, size_t length, std::span<Word> digests) {
  hash_elements_batch_on(poseidon2_backend(), elements, length, digests);
}

void merge_batch_on(Poseidon2Backend backend, std::span<const Word> pairs,
                    std::span<Word> digests) {
  kernels_of(backend).merge(pairs.data(), digests.size(), Felt(), digests.data());
}

void hash_elements_batch_on(Poseidon2Backend backend, std::span<const Felt> elements, size_t length,
                            std::span<Word> digests) {
  if (length == 0) {
    std::fill(digests.begin(), digests.end(), Word());
    return;
  }
  kernels_of(backend).hash(elements.data(), length, digests.size(), digests.data());
}

}  // namespace miden
