#include "net/convert.hpp"

namespace miden {
namespace {

// Marks an error whose text starts with a path.
constexpr std::string_view kPathed = "FieldConversionError";

}  // namespace

Error at(std::string_view field, const Error& error) {
  std::string message(field);
  message += error.code == kPathed ? "." : ": ";
  message += error.message;
  return {kPathed, std::move(message)};
}

std::unexpected<Error> missing_field(const google::protobuf::Message& message,
                                     std::string_view field) {
  std::string type;
  for (const char c : message.GetTypeName()) {
    if (c == '.') {
      type += "::";
    } else {
      type += c;
    }
  }
  return fail("MissingField", "field `" + type + "::" + std::string(field) + "` is missing");
}

}  // namespace miden
