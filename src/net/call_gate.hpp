// What a server asks before it hears a call: content negotiation, rate limits.
#pragma once

#include <string_view>

#include "net/status.hpp"

namespace grpc {
class CallbackServerContext;
}

namespace miden {

class CallGate {
 public:
  virtual ~CallGate() = default;
  // An error ends the call. `method` is the last part of the call's path. May be called from any
  // thread; may add metadata to the answer.
  virtual Answer<> admit(grpc::CallbackServerContext& context, std::string_view method) = 0;
};

// Every call is heard.
class OpenGate final : public CallGate {
 public:
  Answer<> admit(grpc::CallbackServerContext&, std::string_view) override { return {}; }
};

}  // namespace miden
