// What input can cause is a value: Result<T> holds a T or an Error that names the case.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace miden {

// `code` names the case in the reference's words ("DuplicateInputNote", "UnexpectedEOF") and is
// what tests and callers compare; it must point to a string literal. `message` is for people and
// reaches gRPC statuses.
struct Error {
  std::string_view code;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

// `return fail("InvalidValue", "...")` from any function that returns a Result.
[[gnu::cold, gnu::noinline]] inline std::unexpected<Error> fail(std::string_view code,
                                                                std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

// Moves the value out of a Result that holds one; for TRY.
template <class T>
T take_value(Result<T>&& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
template <class T>
T take_value(const Result<T>& result) {
  if constexpr (!std::is_void_v<T>) return *result;
}

}  // namespace miden

// The value of a Result expression, or return its error from the enclosing function.
//
// Not inside a braced initializer: g++ 12 does not destroy the members that were already made when
// a later one returns, so what they own leaks. Name the parts first, or pass them to a function.
#define TRY(expression)                                                                 \
  ({                                                                                    \
    auto&& try_result_ = (expression);                                                  \
    if (!try_result_) [[unlikely]]                                                      \
      return std::unexpected(std::forward<decltype(try_result_)>(try_result_).error()); \
    ::miden::take_value(std::forward<decltype(try_result_)>(try_result_));              \
  })
