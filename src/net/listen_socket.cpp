#include "net/listen_socket.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace miden {
namespace {

// An idle connection is probed after a minute and given up after another: a peer that vanished
// without a word would otherwise keep its descriptor for as long as the connection may live.
constexpr int kKeepAliveIdleSeconds = 60;
constexpr int kKeepAliveIntervalSeconds = 15;
constexpr int kKeepAliveProbes = 4;
// For the store's files, and connections to other services.
constexpr rlim_t kReservedDescriptors = 1024;

void set_option(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

int bind_socket(int fd, const SocketAddress& address) {
  if (address.is_v6) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(address.port);
    inet_pton(AF_INET6, address.ip.c_str(), &to.sin6_addr);
    return bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(address.port);
  inet_pton(AF_INET, address.ip.c_str(), &to.sin_addr);
  return bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

uint16_t bound_port(int fd) {
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length);
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                           : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
}

}  // namespace

Result<int> open_listen_socket(SocketAddress& address, std::chrono::milliseconds stall_timeout) {
  const int fd =
      socket(address.is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto refused = [&] {
    const int error = errno;
    if (fd >= 0) close(fd);
    return fail("BindFailed",
                fmt::format("cannot listen on {}: {}", address.to_string(), std::strerror(error)));
  };
  if (fd < 0) return refused();
  // A restarted server gets its address although connections of the one before still linger. Two
  // servers at once do not: listening on an address in use fails all the same.
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
             static_cast<int>(std::min<int64_t>(stall_timeout.count(), INT_MAX)));
  if (bind_socket(fd, address) != 0) return refused();
  if (listen(fd, SOMAXCONN) != 0) return refused();
  address.port = bound_port(fd);
  return fd;
}

int connection_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  const rlim_t files = std::min<rlim_t>(limit.rlim_cur, INT_MAX);
  return static_cast<int>(files - std::min(kReservedDescriptors, files / 4));
}

}  // namespace miden
