// What browsers are told so that pages of other origins may call. spec/store-rpc.md §12.5.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace miden {

struct HttpField {
  std::string name;  // lower case
  std::string value;
  friend bool operator==(const HttpField&, const HttpField&) = default;
};

// For the answer to a preflight (OPTIONS). `origin`: the request's, if it names one.
std::vector<HttpField> preflight_fields(std::optional<std::string_view> origin);

// For every other answer.
std::vector<HttpField> cors_fields(std::optional<std::string_view> origin);

}  // namespace miden
