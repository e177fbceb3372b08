// Between protobuf messages and protocol types: what all convert_*.cpp share. spec/types.md §15.
//
// to_message(value) gives the message; from_message(message) gives a Result whose error text is the
// API's: "path.to.field: cause", the path from the outermost field inwards.
#pragma once

#include <google/protobuf/message.h>

#include <string_view>

#include "base/result.hpp"

namespace miden {

// What a value of a field element or an account id outside its range reads like.
inline constexpr std::string_view kNotInRange = "value is not in the range 0..MODULUS";

// The same result; an error gets `field` in front of its path.
template <class T>
Result<T> at(std::string_view field, Result<T> result);
Error at(std::string_view field, const Error& error);

// "field `rpc::AccountRequest::account_id` is missing"
std::unexpected<Error> missing_field(const google::protobuf::Message& message,
                                     std::string_view field);

template <class T>
Result<T> at(std::string_view field, Result<T> result) {
  if (!result) return std::unexpected(at(field, result.error()));
  return result;
}

// Bytes that hold the protocol's own serialization.
template <class T>
Result<T> bytes_as(std::string_view entity, Result<T> result) {
  if (!result) {
    return fail("ConversionError", std::string("failed to deserialize ")
                                       .append(entity)
                                       .append(": ")
                                       .append(result.error().message));
  }
  return result;
}

}  // namespace miden

// The converted sub-message `field` of `message`, or the enclosing function's error.
#define READ_FIELD(message, field)                                                  \
  ({                                                                                \
    if (!(message).has_##field()) return ::miden::missing_field((message), #field); \
    TRY(::miden::at(#field, ::miden::from_message((message).field())));             \
  })
