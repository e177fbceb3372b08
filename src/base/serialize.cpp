#include "base/serialize.hpp"

#include <algorithm>

namespace miden {

void ByteWriter::long_vint(uint64_t value) {
  const int leading = std::countl_zero(value);
  const int length = 9 - std::min(std::max(leading - 1, 0) / 7, 8);
  if (length == 9) {
    u8(0);
    u64(value);
    return;
  }
  const uint64_t encoded = ((value << 1) | 1) << (length - 1);
  raw(&encoded, static_cast<size_t>(length));
}

Result<uint64_t> ByteReader::long_vint() {
  if (rest_.empty()) return end_of_file();
  const auto length = static_cast<size_t>(std::countr_zero(rest_.front())) + 1;
  if (length == 9) {
    if (rest_.size() < 9) return end_of_file();
    rest_ = rest_.subspan(1);
    return u64();
  }
  const ByteView encoded = TRY(bytes(length));
  uint64_t value = 0;
  std::memcpy(&value, encoded.data(), length);
  return value >> length;
}

Result<bool> ByteReader::boolean() {
  const uint8_t byte = TRY(u8());
  if (byte > 1) return invalid_value(std::to_string(byte) + " is not a boolean value");
  return byte == 1;
}

namespace {

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(ByteView text) {
  for (size_t i = 0; i < text.size();) {
    const uint8_t lead = text[i];
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() - i < length) return false;
    const uint8_t second = text[i + 1];
    const uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return false;
    for (size_t j = 2; j < length; ++j) {
      if ((text[i + j] & 0xc0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace

Result<std::string_view> ByteReader::text() {
  const ByteView bytes = TRY(length_prefixed());
  if (!is_utf8(bytes)) return invalid_value("invalid utf-8 sequence");
  return as_string_view(bytes);
}

Result<std::string> ByteReader::string() { return std::string(TRY(text())); }

std::unexpected<Error> ByteReader::end_of_file() {
  return fail("UnexpectedEOF", "unexpected end of file");
}

std::unexpected<Error> invalid_value(std::string message) {
  return fail("InvalidValue", "invalid value: " + std::move(message));
}

}  // namespace miden
