#include "net/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace miden {
namespace {

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

bool is_ip(int family, const std::string& text) {
  in6_addr address;  // large enough for both families
  return inet_pton(family, text.c_str(), &address) == 1;
}

struct HostAndPort {
  std::string_view host;
  std::optional<std::string_view> port;
  bool is_bracketed = false;
};

// "host", "host:port", "[v6]", "[v6]:port"
std::optional<HostAndPort> split_authority(std::string_view text) {
  HostAndPort parts;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    parts.is_bracketed = true;
    parts.host = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
    if (text.empty()) return parts;
    if (!text.starts_with(':')) return std::nullopt;
    parts.port = text.substr(1);
    return parts;
  }
  const size_t colon = text.find(':');
  parts.host = text.substr(0, colon);
  if (colon != std::string_view::npos) parts.port = text.substr(colon + 1);
  return parts;
}

std::string join(std::string_view host, uint16_t port) {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto parts = split_authority(text);
  if (parts && parts->port) {
    const auto port = parse_port(*parts->port);
    const std::string ip(parts->host);
    if (port && is_ip(parts->is_bracketed ? AF_INET6 : AF_INET, ip)) {
      return SocketAddress{ip, *port, parts->is_bracketed};
    }
  }
  return fail(
      "InvalidSocketAddress",
      fmt::format("'{}' is not a socket address (such as 127.0.0.1:57291 or [::]:57291)", text));
}

std::string SocketAddress::to_string() const { return join(ip, port); }

Result<ServiceUrl> ServiceUrl::parse(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail("InvalidUrl", fmt::format("'{}' is not a service's URL (such as "
                                          "http://127.0.0.1:50101): {}",
                                          text, why));
  };
  ServiceUrl url;
  std::string_view rest = text;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
    url.is_tls = true;
  } else {
    return refuse("it must start with http:// or https://");
  }
  if (const size_t slash = rest.find('/'); slash != std::string_view::npos) {
    if (slash + 1 != rest.size()) return refuse("it must not have a path");
    rest = rest.substr(0, slash);
  }
  const auto parts = split_authority(rest);
  if (!parts || parts->host.empty()) return refuse("it names no host");
  for (const char c : parts->host) {
    const bool is_host_char = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
                              (parts->is_bracketed && c == ':');
    if (!is_host_char) return refuse("its host has a character that hosts do not have");
  }
  url.host = parts->host;
  if (parts->is_bracketed && !is_ip(AF_INET6, url.host)) return refuse("its IPv6 address is wrong");
  url.port = url.is_tls ? 443 : 80;
  if (parts->port) {
    const auto port = parse_port(*parts->port);
    if (!port || *port == 0) return refuse("its port is wrong");
    url.port = *port;
  }
  return url;
}

std::string ServiceUrl::authority() const { return join(host, port); }

std::string ServiceUrl::to_string() const {
  return (is_tls ? "https://" : "http://") + authority();
}

}  // namespace miden
