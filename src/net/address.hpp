// Addresses to listen on and URLs to call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace miden {

// An IP address and a port: "127.0.0.1:57291", "[::1]:0". No host names, as in the reference's
// options.
struct SocketAddress {
  std::string ip;  // without brackets
  uint16_t port = 0;
  bool is_v6 = false;

  // Error: InvalidSocketAddress.
  static Result<SocketAddress> parse(std::string_view text);
  std::string to_string() const;
  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

// Where another service is: "http://host:port" or "https://host". A path is allowed if it is "/".
struct ServiceUrl {
  bool is_tls = false;
  std::string host;  // IPv6 addresses without brackets
  uint16_t port = 0;

  // Error: InvalidUrl.
  static Result<ServiceUrl> parse(std::string_view text);
  std::string authority() const;  // "host:port", "[::1]:port"
  std::string to_string() const;
  friend bool operator==(const ServiceUrl&, const ServiceUrl&) = default;
};

}  // namespace miden
