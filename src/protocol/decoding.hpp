// How a rule's error looks to whoever decodes bytes: the reference wraps it as an invalid value.
#pragma once

#include "base/serialize.hpp"

namespace miden {

// The same result, its error as InvalidValue with the rule's text; end of file stays what it is.
template <class T>
Result<T> as_invalid_value(Result<T> result) {
  if (result || result.error().code == "UnexpectedEOF" || result.error().code == "InvalidValue") {
    return result;
  }
  return invalid_value(std::move(result.error().message));
}

}  // namespace miden
