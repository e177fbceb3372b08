#include "rpc/semantic_version.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace miden {
namespace {

constexpr std::string_view kMajor = "major version number";
constexpr std::string_view kMinor = "minor version number";
constexpr std::string_view kPatch = "patch version number";
constexpr std::string_view kPreRelease = "pre-release identifier";
constexpr std::string_view kBuild = "build metadata";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; }

template <class... Arguments>
std::unexpected<Error> invalid(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  return fail("InvalidVersion", fmt::format(text, std::forward<Arguments>(arguments)...));
}

std::unexpected<Error> unexpected_after(std::string_view position, char c) {
  return invalid("unexpected character '{}' after {}", c, position);
}

Result<uint64_t> take_number(std::string_view& text, std::string_view position) {
  uint64_t value = 0;
  size_t length = 0;
  for (; length < text.size() && is_digit(text[length]); ++length) {
    if (value == 0 && length > 0) return invalid("invalid leading zero in {}", position);
    if (__builtin_mul_overflow(value, uint64_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(text[length] - '0'), &value)) {
      return invalid("value of {} exceeds u64::MAX", position);
    }
  }
  if (length == 0) {
    if (text.empty()) return invalid("unexpected end of input while parsing {}", position);
    return invalid("unexpected character '{}' while parsing {}", text.front(), position);
  }
  text.remove_prefix(length);
  return value;
}

Result<void> take_dot(std::string_view& text, std::string_view position) {
  if (text.empty()) return invalid("unexpected end of input while parsing {}", position);
  if (text.front() != '.') return unexpected_after(position, text.front());
  text.remove_prefix(1);
  return {};
}

// Dot-separated segments of letters, digits and hyphens, none of them empty.
Result<std::string> take_identifier(std::string_view& text, std::string_view position) {
  size_t taken = 0;
  while (true) {
    size_t length = 0;
    bool is_number = true;
    for (; taken + length < text.size(); ++length) {
      const char c = text[taken + length];
      if (!is_digit(c) && !is_letter(c)) break;
      is_number &= is_digit(c);
    }
    if (length == 0) return invalid("empty identifier segment in {}", position);
    if (position == kPreRelease && is_number && length > 1 && text[taken] == '0') {
      return invalid("invalid leading zero in {}", position);
    }
    taken += length;
    if (taken == text.size() || text[taken] != '.') break;
    ++taken;
  }
  std::string identifier(text.substr(0, taken));
  text.remove_prefix(taken);
  return identifier;
}

}  // namespace

Result<SemanticVersion> SemanticVersion::parse(std::string_view text) {
  if (text.empty()) return invalid("empty string, expected a semver version");
  SemanticVersion version;
  std::string_view position = kMajor;
  version.major = TRY(take_number(text, position));
  TRY(take_dot(text, position));
  position = kMinor;
  version.minor = TRY(take_number(text, position));
  TRY(take_dot(text, position));
  position = kPatch;
  version.patch = TRY(take_number(text, position));
  if (text.starts_with('-')) {
    position = kPreRelease;
    text.remove_prefix(1);
    version.pre_release = TRY(take_identifier(text, position));
  }
  if (text.starts_with('+')) {
    position = kBuild;
    text.remove_prefix(1);
    version.build = TRY(take_identifier(text, position));
  }
  if (!text.empty()) return unexpected_after(position, text.front());
  return version;
}

std::optional<std::string> SemanticVersion::pre_release_label() const {
  if (pre_release.empty()) return std::nullopt;
  const size_t dot = pre_release.rfind('.');
  if (dot != std::string::npos && std::all_of(pre_release.begin() + static_cast<ptrdiff_t>(dot) + 1,
                                              pre_release.end(), is_digit)) {
    return pre_release.substr(0, dot);
  }
  return pre_release;
}

}  // namespace miden
