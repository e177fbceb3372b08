// Reading what a caller sent along with a call.
#pragma once

#include <grpcpp/server_context.h>

#include <optional>
#include <string_view>

namespace miden {

// The first value of that (lower-case) name; lives as long as the call.
inline std::optional<std::string_view> first_metadata(const grpc::ServerContextBase& context,
                                                      const char* name) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.lower_bound(name);
  if (found == metadata.end() || found->first != name) return std::nullopt;
  return std::string_view(found->second.data(), found->second.size());
}

}  // namespace miden
