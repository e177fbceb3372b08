// BLAKE3 and the words derived from names with it. spec/crypto.md §4.2.
#pragma once

#include <array>
#include <string_view>

#include "crypto/word.hpp"

namespace miden {

std::array<uint8_t, 32> blake3(ByteView bytes);

// The digest of the text as four little-endian integers, each taken mod p: storage slot ids, event
// ids and error codes are elements of it.
Word hash_string_to_word(std::string_view text);

}  // namespace miden
