// Byte strings and their hexadecimal form.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace miden {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_string_view(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Lower-case digits, two a byte, without a prefix.
std::string to_hex(ByteView bytes);

// Digits of either case without a prefix. Errors: InvalidHex (odd length, not a digit).
Result<Bytes> from_hex(std::string_view digits);

}  // namespace miden
