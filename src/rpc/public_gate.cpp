#include "rpc/public_gate.hpp"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include "net/metadata.hpp"
#include "net/peer_address.hpp"
#include "rpc/client_address.hpp"

namespace miden {

Answer<> PublicGate::admit(grpc::CallbackServerContext& context, std::string_view method) {
  const auto header = [&context](const char* name) {
    return first_metadata(context, name).value_or(std::string_view());
  };
  const std::string address = client_address({.x_forwarded_for = header("x-forwarded-for"),
                                              .x_real_ip = header("x-real-ip"),
                                              .forwarded = header("forwarded")},
                                             peer_address(context));
  const RateLimiter::Verdict verdict = limiter_.admit(address, RateLimiter::Clock::now());
  const std::string limit = std::to_string(limiter_.burst());
  if (!verdict.is_admitted) {
    const std::string wait = std::to_string(verdict.retry_after.count());
    context.AddTrailingMetadata("x-ratelimit-after", wait);
    context.AddTrailingMetadata("retry-after", wait);
    context.AddTrailingMetadata("x-ratelimit-limit", limit);
    context.AddTrailingMetadata("x-ratelimit-remaining", "0");
    return refuse(StatusCode::kResourceExhausted,
                  fmt::format("Too Many Requests! Wait for {}s", wait));
  }
  context.AddInitialMetadata("x-ratelimit-limit", limit);
  context.AddInitialMetadata("x-ratelimit-remaining", std::to_string(verdict.remaining));
  return negotiate(policy_, first_metadata(context, "accept"), needs_genesis(method));
}

}  // namespace miden
