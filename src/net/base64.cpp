#include "net/base64.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace miden {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoDigit = 0xff;

constexpr std::array<uint8_t, 256> kDigits = [] {
  std::array<uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return digits;
}();

// `digits`: two to four characters, of which three bytes, two or one come.
bool decode_group(std::string_view digits, std::string& bytes) {
  if (digits.size() < 2) return false;
  uint32_t bits = 0;
  for (size_t i = 0; i < 4; ++i) {
    const uint8_t digit = i < digits.size() ? kDigits[static_cast<uint8_t>(digits[i])] : 0;
    if (digit == kNoDigit) return false;
    bits = bits << 6 | digit;
  }
  const size_t count = digits.size() - 1;
  // Bits beyond the last byte must be zero, so that each value has one text.
  if ((bits & ((1u << (8 * (3 - count))) - 1)) != 0) return false;
  for (size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(bits >> (16 - 8 * i)));
  return true;
}

std::string_view without_padding(std::string_view group) {
  for (int i = 0; i < 2 && group.ends_with('='); ++i) group.remove_suffix(1);
  return group;
}

}  // namespace

std::string to_base64(std::string_view bytes, Base64Padding padding) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (; !bytes.empty(); bytes.remove_prefix(std::min<size_t>(3, bytes.size()))) {
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) {
      bits = bits << 8 | (i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0u);
    }
    const size_t digits = std::min<size_t>(3, bytes.size()) + 1;
    for (size_t i = 0; i < digits; ++i) text.push_back(kAlphabet[bits >> (18 - 6 * i) & 63]);
    if (padding == Base64Padding::kPadded) text.append(4 - digits, '=');
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 == 0 && !text.empty()) {
    text = text.substr(0, text.size() - 4 + without_padding(text.substr(text.size() - 4)).size());
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  for (; !text.empty(); text.remove_prefix(std::min<size_t>(4, text.size()))) {
    if (!decode_group(text.substr(0, 4), bytes)) return std::nullopt;
  }
  return bytes;
}

bool Base64Stream::add(std::string_view text, std::string& bytes) {
  for (const char digit : text) {
    group_[count_++] = digit;
    if (count_ < 4) continue;
    count_ = 0;
    if (!decode_group(without_padding({group_, 4}), bytes)) return false;
  }
  return true;
}

}  // namespace miden
