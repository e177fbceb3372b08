#include "crypto/poseidon2.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "crypto/poseidon2_kernels.hpp"

namespace miden {
namespace {

constexpr size_t kRate = 8;
// The element of the capacity that holds the input's length mod 8 (spec/crypto.md §3.2).
constexpr size_t kLengthElement = 8;

Word digest_of(const HashState& state) { return {state[0], state[1], state[2], state[3]}; }

// Words as the elements they consist of.
std::span<const Felt> elements_of(std::span<const Word> words) {
  static_assert(sizeof(Word) == 4 * sizeof(Felt));
  return {reinterpret_cast<const Felt*>(words.data()), words.size() * 4};
}

}  // namespace

Word hash_elements(std::span<const Felt> elements) {
  return hash_elements_in_domain(elements, Felt());
}

Word hash_elements_in_domain(std::span<const Felt> elements, Felt domain) {
  Word digest;
  if (!elements.empty()) poseidon2_scalar(elements.data(), elements.size(), 1, domain, &digest);
  return digest;
}

Word hash_words(std::span<const Word> words) { return hash_elements(elements_of(words)); }

Word merge(const Word& left, const Word& right) { return merge_in_domain(left, right, Felt()); }

Word merge_in_domain(const Word& left, const Word& right, Felt domain) {
  const std::array<Word, 2> pair = {left, right};
  return hash_elements_in_domain(elements_of(pair), domain);
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

Poseidon2Kernel& kernel_of(Poseidon2Backend backend) {
#if defined(__x86_64__)
  if (backend == Poseidon2Backend::kAvx2) return poseidon2_avx2;
  if (backend == Poseidon2Backend::kAvx512) return poseidon2_avx512;
#endif
  (void)backend;
  return poseidon2_scalar;
}

constexpr size_t kPairLength = 8;

// `length` > 0. Up to two inputs that do not fill lanes take less time one by one.
void hash_batch(std::span<const Felt> elements, size_t length, Felt domain,
                std::span<Word> digests) {
  constexpr size_t kWidest = 8;
  constexpr size_t kFew = 2;
  const size_t rest = digests.size() % kWidest;
  const size_t alone = rest <= kFew ? rest : 0;
  const size_t together = digests.size() - alone;
  kernel_of(poseidon2_backend())(elements.data(), length, together, domain, digests.data());
  poseidon2_scalar(elements.data() + together * length, length, alone, domain,
                   digests.data() + together);
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
  hash_batch(elements_of(pairs), kPairLength, domain, digests);
}

void hash_elements_batch(std::span<const Felt> elements, size_t length, std::span<Word> digests) {
  if (length == 0) {
    std::fill(digests.begin(), digests.end(), Word());
    return;
  }
  hash_batch(elements, length, Felt(), digests);
}

void merge_batch_on(Poseidon2Backend backend, std::span<const Word> pairs,
                    std::span<Word> digests) {
  kernel_of(backend)(elements_of(pairs).data(), kPairLength, digests.size(), Felt(),
                     digests.data());
}

void hash_elements_batch_on(Poseidon2Backend backend, std::span<const Felt> elements, size_t length,
                            std::span<Word> digests) {
  if (length == 0) {
    std::fill(digests.begin(), digests.end(), Word());
    return;
  }
  kernel_of(backend)(elements.data(), length, digests.size(), Felt(), digests.data());
}

}  // namespace miden
