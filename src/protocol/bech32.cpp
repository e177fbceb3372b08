#include "protocol/bech32.hpp"

#include <array>

namespace miden {
namespace {

constexpr std::string_view kDigits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr uint32_t kBech32mResidue = 0x2bc830a3;
constexpr size_t kChecksumLength = 6;
constexpr size_t kMaxTextLength = 1023;
constexpr size_t kMaxHumanReadableLength = 83;

// The remainder of the text as a polynomial over GF(32), fed digit by digit.
class Checksum {
 public:
  explicit Checksum(std::string_view human_readable_part) {
    for (const char c : human_readable_part) add(lower(c) >> 5);
    add(0);
    for (const char c : human_readable_part) add(lower(c) & 31);
  }

  void add(uint32_t digit) {
    static constexpr std::array<uint32_t, 5> kGenerator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
                                                           0x3d4233dd, 0x2a1462b3};
    const uint32_t top = residue_ >> 25;
    residue_ = (residue_ & 0x1ffffff) << 5 ^ digit;
    for (size_t i = 0; i < kGenerator.size(); ++i) {
      if ((top >> i & 1) != 0) residue_ ^= kGenerator[i];
    }
  }

  uint32_t residue() const { return residue_; }

 private:
  static uint32_t lower(char c) {
    return static_cast<uint8_t>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  uint32_t residue_ = 1;
};

std::unexpected<Error> bad(std::string message) {
  return fail("Bech32DecodeError", "failed to decode bech32 string: " + std::move(message));
}

}  // namespace

std::string encode_bech32m(std::string_view human_readable_part, ByteView data) {
  std::string text(human_readable_part);
  text += '1';
  Checksum checksum(human_readable_part);
  const auto put = [&](uint32_t digit) {
    checksum.add(digit);
    text += kDigits[digit];
  };

  uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const uint8_t byte : data) {
    bits = bits << 8 | byte;
    bit_count += 8;
    for (; bit_count >= 5; bit_count -= 5) put(bits >> (bit_count - 5) & 31);
  }
  if (bit_count > 0) put(bits << (5 - bit_count) & 31);

  for (size_t i = 0; i < kChecksumLength; ++i) checksum.add(0);
  const uint32_t target = checksum.residue() ^ kBech32mResidue;
  for (unsigned shift = 30; shift > 0; shift -= 5) text += kDigits[target >> (shift - 5) & 31];
  return text;
}

Result<Bytes> decode_bech32m(std::string_view text) {
  if (text.size() > kMaxTextLength) return bad("too long");
  const size_t separator = text.rfind('1');
  if (separator == std::string_view::npos) return bad("the separator is missing");
  const std::string_view human_readable_part = text.substr(0, separator);
  std::string_view digits = text.substr(separator + 1);
  if (human_readable_part.empty() || human_readable_part.size() > kMaxHumanReadableLength) {
    return bad("the human-readable part must have 1 to 83 characters");
  }
  if (digits.size() < kChecksumLength) return bad("the checksum is missing");

  bool has_lower = false;
  bool has_upper = false;
  for (const char c : text) {
    if (c < '!' || c > '~') return bad("invalid character");
    has_lower |= c >= 'a' && c <= 'z';
    has_upper |= c >= 'A' && c <= 'Z';
  }
  if (has_lower && has_upper) return bad("mixed case");

  Bytes data;
  data.reserve(digits.size() * 5 / 8);
  Checksum checksum(human_readable_part);
  uint32_t bits = 0;
  unsigned bit_count = 0;
  const size_t payload_length = digits.size() - kChecksumLength;
  for (size_t i = 0; i < digits.size(); ++i) {
    const char c = digits[i];
    const size_t digit = kDigits.find(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    if (digit == std::string_view::npos) return bad("invalid character");
    checksum.add(static_cast<uint32_t>(digit));
    if (i >= payload_length) continue;
    bits = (bits << 5 | static_cast<uint32_t>(digit)) & 0xfff;
    bit_count += 5;
    if (bit_count >= 8) {
      bit_count -= 8;
      data.push_back(static_cast<uint8_t>(bits >> bit_count));
    }
  }
  if (checksum.residue() != kBech32mResidue) return bad("invalid checksum");
  return data;
}

}  // namespace miden
