// Between HTTP/1.1 fields and gRPC metadata.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "net/cors.hpp"

namespace miden {

enum class FieldFate {
  kForwarded,
  kLeftOut,     // concerns the connection or the encoding only, or is ours alone
  kImpossible,  // gRPC cannot carry the value
};

struct MetadataField {
  FieldFate fate = FieldFate::kLeftOut;
  HttpField field;  // binary values decoded
};

// A field of a request as metadata. Names in any case.
MetadataField as_metadata(std::string_view name, std::string_view value);

// Metadata of a response as a field. Nothing for what HTTP or the protocol itself says.
std::optional<HttpField> as_http_field(std::string_view name, std::string_view value);

}  // namespace miden
