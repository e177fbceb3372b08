#include "rpc/public_gate.hpp"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include "net/metadata.hpp"
#include "net/peer_address.hpp"
#include "rpc/client_address.hpp"

namespace miden {

namespace {

// Both kinds of calls, as judge() sees them.
struct GrpcCall {
  grpc::CallbackServerContext& context;
  std::optional<std::string_view> header(const char* name) const {
    return first_metadata(context, name);
  }
  std::string peer() const { return peer_address(context); }
  void add_initial(const char* name, const std::string& value) {
    context.AddInitialMetadata(name, value);
  }
  void add_trailing(const char* name, const std::string& value) {
    context.AddTrailingMetadata(name, value);
  }
};

struct CallAroundGrpc {
  const QuickCall& call;
  QuickAnswer& answer;
  std::optional<std::string_view> header(const char* name) const {
    return call.headers.first(name);
  }
  std::string_view peer() const { return call.peer; }
  void add_initial(const char* name, const std::string& value) {
    answer.initial_metadata.add(name, value);
  }
  void add_trailing(const char* name, const std::string& value) {
    answer.trailing_metadata.add(name, value);
  }
};

}  // namespace

Answer<> PublicGate::admit(grpc::CallbackServerContext& context, std::string_view method) {
  return judge(GrpcCall{context}, method);
}

Answer<> PublicGate::admit(const QuickCall& call, std::string_view method, QuickAnswer& answer) {
  return judge(CallAroundGrpc{call, answer}, method);
}

template <class Call>
Answer<> PublicGate::judge(Call call, std::string_view method) {
  ForwardingHeaders forwarding;
  if (trusts_forwarding_) {
    forwarding = {.x_forwarded_for = call.header("x-forwarded-for").value_or(""),
                  .x_real_ip = call.header("x-real-ip").value_or(""),
                  .forwarded = call.header("forwarded").value_or("")};
  }
  const std::string address = client_address(forwarding, call.peer());
  const RateLimiter::Verdict verdict = limiter_.admit(address, RateLimiter::Clock::now());
  const std::string limit = std::to_string(limiter_.burst());
  if (!verdict.is_admitted) {
    const std::string wait = std::to_string(verdict.retry_after.count());
    call.add_trailing("x-ratelimit-after", wait);
    call.add_trailing("retry-after", wait);
    call.add_trailing("x-ratelimit-limit", limit);
    call.add_trailing("x-ratelimit-remaining", "0");
    return refuse(StatusCode::kResourceExhausted,
                  fmt::format("Too Many Requests! Wait for {}s", wait));
  }
  call.add_initial("x-ratelimit-limit", limit);
  call.add_initial("x-ratelimit-remaining", std::to_string(verdict.remaining));
  return negotiate(policy_, call.header("accept"), needs_genesis(method));
}

}  // namespace miden
