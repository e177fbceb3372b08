// Methods that a server answers on the spot, without gRPC: reads.
//
// gRPC's C++ server costs some 15 microseconds a call and, when several threads wait for its
// events, wakes one for most of them; the answer itself takes a few. What is quick goes around it
// (net/front.hpp); handlers, gate and texts are the same on both ways.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "net/header_fields.hpp"
#include "net/status.hpp"

namespace miden {

struct QuickCall {
  const HeaderFields& headers;
  std::string_view peer;     // as gRPC writes it: "ipv4:127.0.0.1:4711"
  std::string_view request;  // the encoded message
};

struct QuickAnswer {
  Status status;
  std::string response;  // the encoded message, if the status is OK
  HeaderFields initial_metadata;
  HeaderFields trailing_metadata;
};

// Nothing: this call is for gRPC, for example since it does not decode or may take long. Must
// neither throw nor wait for anybody, and should take less than a millisecond: the other calls of
// its thread's connections wait for it.
using QuickMethod = std::function<std::optional<QuickAnswer>(const QuickCall&)>;
// By path: "/rpc.Api/SyncNotes".
using QuickMethods = std::map<std::string, QuickMethod, std::less<>>;

}  // namespace miden
