// What every call to the public server passes first: the rate limit of its address, then content
// negotiation. spec/store-rpc.md §12.2.
#pragma once

#include "net/call_gate.hpp"
#include "rpc/accept.hpp"
#include "rpc/rate_limit.hpp"

namespace miden {

class PublicGate final : public CallGate {
 public:
  PublicGate(AcceptPolicy policy, RateLimiter::Options rate_limit)
      : policy_(std::move(policy)), limiter_(rate_limit) {}
  Answer<> admit(grpc::CallbackServerContext& context, std::string_view method) override;

 private:
  const AcceptPolicy policy_;
  RateLimiter limiter_;
};

}  // namespace miden
