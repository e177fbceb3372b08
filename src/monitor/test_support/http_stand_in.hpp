// An HTTP service that a test scripts byte by byte, faults included.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace miden {

// One connection a request; each on a thread of its own. What it answers with decides a function
// that gets the request's head and body; with `send` it writes what it likes, until it returns or
// the client is gone.
class HttpStandIn {
 public:
  struct Request {
    std::string head, body;
    // "/pow?amount=1"
    std::string target() const {
      const size_t from = head.find(' ') + 1;
      return head.substr(from, head.find(' ', from) - from);
    }
    std::string path() const { return target().substr(0, target().find('?')); }
    std::string query(const std::string& name) const {
      const std::string all = target();
      for (const char mark : {'?', '&'}) {
        const size_t at = all.find(mark + name + "=");
        if (at == std::string::npos) continue;
        const size_t from = at + name.size() + 2;
        return all.substr(from, all.find('&', from) - from);
      }
      return {};
    }
  };
  using Send = std::function<bool(std::string_view)>;  // false: the client is gone
  using Serve = std::function<void(const Request&, const Send&)>;

  explicit HttpStandIn(Serve serve) : serve_(std::move(serve)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    bind(listener_, reinterpret_cast<const sockaddr*>(&address), length);
    listen(listener_, 16);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    accepter_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
  }
  ~HttpStandIn() {
    ends_ = true;
    accepter_ = {};
    connections_.clear();
    close(listener_);
  }

  uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int requests() const { return requests_; }
  bool ends() const { return ends_; }

  static std::string answer(int status, std::string_view body, std::string_view headers = "") {
    return "HTTP/1.1 " + std::to_string(status) +
           " x\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n" +
           std::string(headers) + "\r\n" + std::string(body);
  }
  // Until the client is gone.
  void wait_for_ever(const Send&) const {
    while (!ends_) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

 private:
  void accept_all(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd waits{.fd = listener_, .events = POLLIN, .revents = 0};
      if (poll(&waits, 1, 20) <= 0) continue;
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) connections_.emplace_back([this, fd] { serve_one(fd); });
    }
  }

  void serve_one(int fd) {
    const timeval patience{.tv_sec = 0, .tv_usec = 200'000};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    std::string bytes;
    size_t wanted = std::string::npos;
    char buffer[4096];
    while (!ends_ && bytes.size() < wanted) {
      const ssize_t count = recv(fd, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      bytes.append(buffer, static_cast<size_t>(count));
      const size_t end = bytes.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const size_t at = bytes.find("Content-Length: ");
      wanted = end + 4 + (at < end ? std::stoul(bytes.substr(at + 16)) : 0);
    }
    const size_t end = bytes.find("\r\n\r\n");
    if (end != std::string::npos) {
      ++requests_;
      serve_({.head = bytes.substr(0, end), .body = bytes.substr(end + 4)},
             [&](std::string_view text) {
               while (!text.empty() && !ends_) {
                 const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
                 if (sent > 0) text.remove_prefix(static_cast<size_t>(sent));
                 if (sent < 0 && errno != EAGAIN) return false;
               }
               return !ends_;
             });
    }
    close(fd);
  }

  const Serve serve_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> ends_ = false;
  std::atomic<int> requests_ = 0;
  std::vector<std::jthread> connections_;  // of the accepter's thread, until that has ended
  std::jthread accepter_;
};

}  // namespace miden
