// When two replies are the same.
#pragma once

#include <optional>

#include "exchange.hpp"

namespace miden {

// The reply with each message rewritten so that equal messages have equal bytes: fields in order,
// lists without an order sorted. Messages that cannot be read stay as they are.
Reply canonical(const Question& question, const Reply& reply);

// What differs, a line each; empty for replies whose canonical forms are equal.
std::string differences(const Question& question, const Reply& reference, const Reply& ours);

// The request as generated code reads and writes it again, without what it does not know. Nothing
// when it cannot be read.
std::optional<std::string> known_part(const Question& question);

// The request for people: names and numbers, cut to a readable length.
std::string describe(const Question& question);

}  // namespace miden
