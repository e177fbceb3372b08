// What every call to the public server passes first: the rate limit of its address, then content
// negotiation. spec/store-rpc.md §12.2.
#pragma once

#include "net/call_gate.hpp"
#include "net/quick_method.hpp"
#include "rpc/accept.hpp"
#include "rpc/rate_limit.hpp"

namespace miden {

class PublicGate final : public CallGate {
 public:
  // `trusts_forwarding`: whose request it is, is what forwarding headers say.
  PublicGate(AcceptPolicy policy, RateLimiter::Options rate_limit, bool trusts_forwarding)
      : policy_(std::move(policy)), limiter_(rate_limit), trusts_forwarding_(trusts_forwarding) {}
  Answer<> admit(grpc::CallbackServerContext& context, std::string_view method) override;
  // The same for a call that goes around gRPC.
  Answer<> admit(const QuickCall& call, std::string_view method, QuickAnswer& answer);

 private:
  // `call`: header(name), peer(), add_initial(name, value), add_trailing(name, value).
  template <class Call>
  Answer<> judge(Call call, std::string_view method);

  const AcceptPolicy policy_;
  RateLimiter limiter_;
  const bool trusts_forwarding_;
};

}  // namespace miden
