#include "monitor/markup.hpp"

#include <cstdint>
#include <optional>

namespace miden {
namespace {

// The longest text that a page shows in one place: more is nobody's to read there.
constexpr size_t kMaxTextBytes = 2048;

struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 1;
};

// The code point that `text` begins with; nothing where it is not UTF-8 (RFC 3629: no surrogates,
// no longer forms than needed).
std::optional<CodePoint> first_code_point(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return CodePoint{lead, 1};
  const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return std::nullopt;
  uint32_t value = lead & (0x7fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return std::nullopt;
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[bytes] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) {
    return std::nullopt;
  }
  return CodePoint{value, bytes};
}

// Controls, and what turns or hides neighbouring text.
bool is_unwanted(uint32_t value) {
  return value < 0x20 || (value >= 0x7f && value < 0xa0) || value == 0xad || value == 0x61c ||
         (value >= 0x200b && value <= 0x200f) || (value >= 0x2028 && value <= 0x202e) ||
         (value >= 0x2060 && value <= 0x206f) || value == 0xfeff ||
         (value >= 0xfff9 && value <= 0xfffb) || (value >= 0xe0000 && value <= 0xe007f);
}

}  // namespace

std::string clean_text(std::string_view text, size_t max_bytes) {
  std::string clean;
  bool follows_space = true;  // runs of blanks become one, none at the start
  while (!text.empty()) {
    const std::optional<CodePoint> next = first_code_point(text);
    const size_t bytes = next ? next->bytes : 1;
    std::string_view kept = next ? text.substr(0, bytes) : std::string_view("\xef\xbf\xbd");
    const bool is_blank =
        next && (next->value == ' ' || next->value == '\n' || next->value == '\t');
    if (is_blank) kept = " ";
    text.remove_prefix(bytes);
    if (next && !is_blank && is_unwanted(next->value)) continue;
    if (is_blank && follows_space) continue;
    if (clean.size() + kept.size() > max_bytes) return clean + "…";
    clean += kept;
    follows_space = is_blank;
  }
  if (clean.ends_with(' ')) clean.pop_back();
  return clean;
}

Markup& Markup::plain(std::string_view data) {
  for (const char c : data) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_digit = c >= '0' && c <= '9';
    if (is_letter || is_digit || std::string_view(" .,-[]").find(c) != std::string_view::npos) {
      written_ += c;
    }
  }
  return *this;
}

Markup& Markup::operator<<(std::string_view text) {
  // Blanks at its ends are part of what is written here, unlike those of a whole text.
  const std::string clean = clean_text(text, kMaxTextBytes);
  if (text.starts_with(' ')) written_ += ' ';
  for (const char c : clean) {
    switch (c) {
      case '&':
        written_ += "&amp;";
        break;
      case '<':
        written_ += "&lt;";
        break;
      case '>':
        written_ += "&gt;";
        break;
      case '"':
        written_ += "&quot;";
        break;
      case '\'':
        written_ += "&#39;";
        break;
      default:
        written_ += c;
    }
  }
  if (text.size() > 1 && text.ends_with(' ')) written_ += ' ';
  return *this;
}

}  // namespace miden
