// One entry of an Accept header, and how the header is cut into entries. spec/store-rpc.md §14.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace miden {

// Views into the header.
struct MediaRange {
  std::string_view type;
  std::string_view subtype;                // without suffix
  std::optional<std::string_view> suffix;  // what follows the last '+'
  std::vector<std::pair<std::string_view, std::string_view>> parameters;  // values as written

  // Error: InvalidMediaType.
  static Result<MediaRange> parse(std::string_view entry);

  // Without quotes and escapes. Names compare without regard to case; the last of several counts.
  std::optional<std::string> parameter(std::string_view name) const;
};

bool equal_ignoring_case(std::string_view a, std::string_view b);

// Cuts off and returns the first entry, which ends at a comma outside quotes. Nothing when only
// blanks are left.
std::optional<std::string_view> next_entry(std::string_view& header);

}  // namespace miden
