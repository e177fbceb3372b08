#include "net/web_metadata.hpp"

#include <algorithm>
#include <array>

#include "net/base64.hpp"
#include "net/peer_address.hpp"

namespace miden {
namespace {

constexpr std::array<std::string_view, 17> kOfTheConnection = {"accept-encoding",
                                                               "connection",
                                                               "content-encoding",
                                                               "content-length",
                                                               "content-type",
                                                               "expect",
                                                               "host",
                                                               "http2-settings",
                                                               "keep-alive",
                                                               "date",
                                                               "proxy-authorization",
                                                               "proxy-connection",
                                                               "te",
                                                               "trailer",
                                                               "transfer-encoding",
                                                               "upgrade",
                                                               kWebPeerMetadata};

bool is_left_out(std::string_view name) {
  return name.starts_with("grpc-") ||
         std::ranges::find(kOfTheConnection, name) != kOfTheConnection.end();
}

// gRPC ends the process when it is given other names or values.
bool is_legal_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}
bool is_legal_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

MetadataField as_metadata(std::string_view name, std::string_view value) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (is_left_out(lower)) return {};
  if (!is_legal_name(lower)) return {FieldFate::kImpossible, {std::move(lower), ""}};
  if (lower.ends_with("-bin")) {
    std::optional<std::string> bytes = from_base64(value);
    if (!bytes) return {FieldFate::kImpossible, {std::move(lower), ""}};
    return {FieldFate::kForwarded, {std::move(lower), *std::move(bytes)}};
  }
  if (!is_legal_value(value)) return {FieldFate::kImpossible, {std::move(lower), ""}};
  return {FieldFate::kForwarded, {std::move(lower), std::string(value)}};
}

std::optional<HttpField> as_http_field(std::string_view name, std::string_view value) {
  if (is_left_out(name) || name.starts_with("access-control-")) return std::nullopt;
  if (name.ends_with("-bin")) {
    return HttpField{std::string(name), to_base64(value, Base64Padding::kUnpadded)};
  }
  return HttpField{std::string(name), std::string(value)};
}

}  // namespace miden
