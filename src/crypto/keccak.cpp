#include "crypto/keccak.hpp"

#include <cryptopp/keccak.h>

namespace miden {

std::array<uint8_t, 32> keccak256(ByteView bytes) {
  std::array<uint8_t, 32> digest;
  CryptoPP::Keccak_256().CalculateDigest(digest.data(), bytes.data(), bytes.size());
  return digest;
}

}  // namespace miden
