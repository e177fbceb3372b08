// Whose request it is, for limits by address. spec/store-rpc.md §12.4.
#pragma once

#include <string>
#include <string_view>

namespace miden {

struct ForwardingHeaders {
  std::string_view x_forwarded_for = {};
  std::string_view x_real_ip = {};
  std::string_view forwarded = {};
};

// The first that names an IP address: X-Forwarded-For (its first element that is one), X-Real-IP,
// Forwarded (for=), the connection's peer as gRPC writes it ("ipv4:127.0.0.1:4711"). Headers that
// nobody before the node overwrites are for the caller to choose: leave them out then (D-15).
std::string client_address(const ForwardingHeaders& headers, std::string_view peer);

}  // namespace miden
