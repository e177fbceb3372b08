// Where our answer is another one on purpose. docs/differences.md gives the reasons.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "exchange.hpp"

namespace miden {

struct AcceptedDifference {
  std::string_view row;  // of docs/differences.md
  // Changes the reference's reply into what we answer instead, where the row applies and our reply
  // is of that kind; false where it does not apply. Both replies are canonical.
  bool (*rewrite)(const Question& question, Reply& reference, const Reply& ours);
};

std::span<const AcceptedDifference> accepted_differences();

inline constexpr std::string_view kUnknownFields = "protobuf-unknown";
// Fields of a request that have another wire type than ours has for them, which our decoder takes
// for unknown ones while the reference's refuses the message: the request without them, for the
// reference to answer. Nothing where the reference did not refuse or ours cannot read it either.
std::optional<Question> without_unknown_fields(const Question& question, const Reply& reference);

// Applies all rows; the names of those that applied.
std::vector<std::string_view> apply_accepted_differences(const Question& question, Reply& reference,
                                                         const Reply& ours);

}  // namespace miden
