#include "crypto/blake3.hpp"

#include <blake3.h>

#include <bit>

namespace miden {

std::array<uint8_t, 32> blake3(ByteView bytes) {
  blake3_hasher hasher;
  blake3_hasher_init(&hasher);
  blake3_hasher_update(&hasher, bytes.data(), bytes.size());
  std::array<uint8_t, 32> digest;
  static_assert(digest.size() == BLAKE3_OUT_LEN);
  blake3_hasher_finalize(&hasher, digest.data(), digest.size());
  return digest;
}

Word hash_string_to_word(std::string_view text) {
  const auto limbs = std::bit_cast<std::array<uint64_t, 4>>(blake3(as_bytes(text)));
  return {Felt::reduce(limbs[0]), Felt::reduce(limbs[1]), Felt::reduce(limbs[2]),
          Felt::reduce(limbs[3])};
}

}  // namespace miden
