// Bech32m text (BIP 350): a human-readable part, "1", base-32 digits, a checksum of six.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace miden {

// `human_readable_part`: 1 to 83 lower-case printable characters. The last digit is padded with
// zero bits.
std::string encode_bech32m(std::string_view human_readable_part, ByteView data);

// The digits' bits as bytes, those that fill no byte dropped whatever they are. Any valid
// human-readable part, upper or lower case but not both. Error: Bech32DecodeError.
Result<Bytes> decode_bech32m(std::string_view text);

}  // namespace miden
