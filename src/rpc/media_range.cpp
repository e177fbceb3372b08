#include "rpc/media_range.hpp"

#include <algorithm>

namespace miden {
namespace {

constexpr size_t kMaxNameLength = 127;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name_char(char c) {
  return is_alphanumeric(c) || std::string_view("!#$&-^_.+%*'").contains(c);
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameLength &&
         (is_alphanumeric(text.front()) || text.front() == '*') &&
         std::all_of(text.begin(), text.end(), is_name_char);
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

std::unexpected<Error> invalid(std::string_view what) {
  return fail("InvalidMediaType", std::string("Invalid ").append(what));
}

// The value at the start of `text`, quotes included.
Result<std::string_view> take_value(std::string_view& text) {
  size_t length = 0;
  if (text.starts_with('"')) {
    bool is_escaped = false;
    for (length = 1;; ++length) {
      if (length == text.size() || (text[length] == '\n' && !is_escaped))
        return invalid("param value");
      if (is_escaped) {
        is_escaped = false;
      } else if (text[length] == '\\') {
        is_escaped = true;
      } else if (text[length] == '"') {
        break;
      }
    }
    ++length;
  } else {
    while (length < text.size() && is_name_char(text[length])) ++length;
  }
  const std::string_view value = text.substr(0, length);
  text.remove_prefix(length);
  return value;
}

// `text` is what follows the type.
Result<std::vector<std::pair<std::string_view, std::string_view>>> parse_parameters(
    std::string_view text) {
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  while (true) {
    skip_blanks(text);
    if (text.empty()) return parameters;
    if (text.front() != ';') return invalid("params");
    text.remove_prefix(1);
    skip_blanks(text);
    if (text.empty()) return parameters;

    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) return invalid("params");
    const std::string_view name = text.substr(0, equals);
    if (!is_name(name)) return invalid("param name");
    text.remove_prefix(equals + 1);
    parameters.emplace_back(name, TRY(take_value(text)));
  }
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

Result<MediaRange> MediaRange::parse(std::string_view entry) {
  MediaRange range;
  const size_t slash = entry.substr(0, kMaxNameLength + 1).find('/');
  if (slash == std::string_view::npos || !is_name(entry.substr(0, slash)))
    return invalid("type name");
  range.type = entry.substr(0, slash);
  entry.remove_prefix(slash + 1);

  size_t end = 0;
  while (end < entry.size() && is_name_char(entry[end])) ++end;
  std::string_view subtype = entry.substr(0, end);
  if (const size_t plus = subtype.rfind('+'); plus != std::string_view::npos) {
    // A plus sign with nothing behind it is left over and fails as a parameter.
    if (plus + 1 < end) {
      range.suffix = subtype.substr(plus + 1);
    } else {
      end = plus;
    }
    subtype = subtype.substr(0, plus);
  }
  if (!is_name(subtype)) return invalid("subtype name");
  // The reference looks at the suffix without its first character.
  if (range.suffix && !is_name(range.suffix->substr(1))) return invalid("suffix");
  range.subtype = subtype;
  range.parameters = TRY(parse_parameters(entry.substr(end)));
  return range;
}

std::optional<std::string> MediaRange::parameter(std::string_view name) const {
  const auto found = std::find_if(
      parameters.rbegin(), parameters.rend(),
      [&](const auto& parameter) { return equal_ignoring_case(parameter.first, name); });
  if (found == parameters.rend()) return std::nullopt;
  std::string_view value = found->second;
  if (!value.starts_with('"')) return std::string(value);
  value = value.substr(1, value.size() - 2);
  std::string plain;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    plain += value[i];
  }
  return plain;
}

std::optional<std::string_view> next_entry(std::string_view& header) {
  skip_blanks(header);
  if (header.empty()) return std::nullopt;
  bool is_quoted = false;
  bool is_escaped = false;
  size_t end = 0;
  for (; end < header.size(); ++end) {
    const char c = header[end];
    if (is_escaped) {
      is_escaped = false;
    } else if (c == '"') {
      is_quoted = !is_quoted;
    } else if (c == '\\' && is_quoted) {
      is_escaped = true;
    } else if (c == ',' && !is_quoted) {
      break;
    }
  }
  const std::string_view entry = header.substr(0, end);
  header.remove_prefix(std::min(end + 1, header.size()));
  return entry;
}

}  // namespace miden
