#include "rpc/client_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace miden {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::string> as_ip(std::string_view text) {
  const std::string candidate(trimmed(text));
  in6_addr address;  // large enough for both families
  if (inet_pton(AF_INET, candidate.c_str(), &address) == 1 ||
      inet_pton(AF_INET6, candidate.c_str(), &address) == 1) {
    return candidate;
  }
  return std::nullopt;
}

// "1.2.3.4", "1.2.3.4:80", "[::1]", "[::1]:80", "::1"
std::optional<std::string> as_ip_with_port(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    return close == std::string_view::npos ? std::nullopt : as_ip(text.substr(1, close - 1));
  }
  if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
  return as_ip(text);
}

// Cuts off what comes before the next `separator`.
std::string_view next_part(std::string_view& text, char separator) {
  const size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::optional<std::string> from_forwarded(std::string_view header) {
  while (!header.empty()) {
    std::string_view element = next_part(header, ',');
    while (!element.empty()) {
      std::string_view pair = trimmed(next_part(element, ';'));
      const std::string_view name = next_part(pair, '=');
      const bool is_for = name.size() == 3 && std::tolower(name[0]) == 'f' &&
                          std::tolower(name[1]) == 'o' && std::tolower(name[2]) == 'r';
      if (!is_for) continue;
      if (pair.size() >= 2 && pair.starts_with('"') && pair.ends_with('"')) {
        pair = pair.substr(1, pair.size() - 2);
      }
      if (auto ip = as_ip_with_port(pair)) return ip;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string client_address(const ForwardingHeaders& headers, std::string_view peer) {
  for (std::string_view list = headers.x_forwarded_for; !list.empty();) {
    if (auto ip = as_ip(next_part(list, ','))) return *ip;
  }
  if (auto ip = as_ip(headers.x_real_ip)) return *ip;
  if (auto ip = from_forwarded(headers.forwarded)) return *ip;
  // "ipv4:address:port", "ipv6:%5B::1%5D:port"
  std::string text(peer);
  for (const auto& [escaped, plain] : {std::pair("%5B", "["), std::pair("%5D", "]")}) {
    if (const size_t found = text.find(escaped); found != std::string::npos)
      text.replace(found, 3, plain);
  }
  const size_t colon = text.find(':');
  if (colon != std::string::npos) {
    if (auto ip = as_ip_with_port(std::string_view(text).substr(colon + 1))) return *ip;
  }
  return text;
}

}  // namespace miden
