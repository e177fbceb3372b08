// Keccak-256 with the original padding (not SHA3-256): what block signatures sign. spec/crypto.md
// §4.1.
#pragma once

#include <array>

#include "base/bytes.hpp"

namespace miden {

std::array<uint8_t, 32> keccak256(ByteView bytes);

}  // namespace miden
