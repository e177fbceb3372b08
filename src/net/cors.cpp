#include "net/cors.hpp"

namespace miden {
namespace {

std::vector<HttpField> fields_for_both(std::optional<std::string_view> origin) {
  std::vector<HttpField> fields = {
      {"access-control-allow-credentials", "true"},
      {"vary", "origin, access-control-request-method, access-control-request-headers"}};
  // Every origin may call: nothing here is protected by where a page comes from.
  if (origin) fields.push_back({"access-control-allow-origin", std::string(*origin)});
  return fields;
}

}  // namespace

std::vector<HttpField> preflight_fields(std::optional<std::string_view> origin) {
  std::vector<HttpField> fields = fields_for_both(origin);
  fields.push_back(
      {"access-control-allow-headers", "x-grpc-web,content-type,x-user-agent,grpc-timeout"});
  fields.push_back({"access-control-max-age", "86400"});
  return fields;
}

std::vector<HttpField> cors_fields(std::optional<std::string_view> origin) {
  std::vector<HttpField> fields = fields_for_both(origin);
  fields.push_back(
      {"access-control-expose-headers", "grpc-status,grpc-message,grpc-status-details-bin"});
  return fields;
}

}  // namespace miden
