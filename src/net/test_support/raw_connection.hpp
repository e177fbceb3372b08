// A TCP connection of a test that writes its bytes itself, and reads HTTP/1.1 responses as their
// specification says (RFC 9112), by code of its own.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace miden {

struct RawResponse {
  int status = 0;  // 0: the connection ended instead
  std::multimap<std::string, std::string> fields;
  std::string body;

  // "" if it is not there.
  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
};

class RawConnection {
 public:
  explicit RawConnection(uint16_t port, int receive_buffer = 0) {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    if (receive_buffer > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    is_connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~RawConnection() { close(); }
  RawConnection(RawConnection&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), is_connected_(other.is_connected_) {}

  bool is_connected() const { return is_connected_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  // As a process that ends without a word: no FIN but a reset.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  // "127.0.0.1:PORT", our end.
  std::string address() const {
    sockaddr_in own{};
    socklen_t size = sizeof own;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &size);
    return "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Whether the other end closed, within the time; what it said before is dropped.
  bool is_closed_within(std::chrono::milliseconds time) {
    const timeval wait{.tv_sec = time.count() / 1000, .tv_usec = time.count() % 1000 * 1000};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    char bytes[4096];
    ssize_t count = 0;
    do {
      count = recv(fd_, bytes, sizeof bytes, 0);
    } while (count > 0);
    return count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

  // Head and body.
  RawResponse read_response() {
    RawResponse response = read_head();
    if (response.status == 0) return response;
    if (response.field("transfer-encoding") == "chunked") {
      while (const auto chunk = read_chunk()) {
        if (chunk->empty()) break;
        response.body += *chunk;
      }
    } else if (const std::string length = response.field("content-length"); !length.empty()) {
      fill(std::stoul(length));
      response.body = take(std::stoul(length));
    } else {
      while (receive()) {
      }
      response.body = take(buffer_.size());
    }
    return response;
  }

  RawResponse read_head() {
    RawResponse response;
    const auto status_line = read_line();
    if (!status_line || !status_line->starts_with("HTTP/1.")) return {};
    response.status = std::stoi(status_line->substr(9));
    while (const auto line = read_line()) {
      if (line->empty()) return response;
      const size_t colon = line->find(": ");
      response.fields.emplace(line->substr(0, colon), line->substr(colon + 2));
    }
    return {};
  }

  // Empty: the last one. Nothing: the connection ended.
  std::optional<std::string> read_chunk() {
    const auto size_line = read_line();
    if (!size_line || size_line->empty()) return std::nullopt;
    const size_t size = std::stoul(*size_line, nullptr, 16);
    if (!fill(size + 2)) return std::nullopt;
    std::string chunk = take(size);
    EXPECT_EQ(take(2), "\r\n");
    return chunk;
  }

  bool fill(size_t bytes) {
    while (buffer_.size() < bytes) {
      if (!receive()) return false;
    }
    return true;
  }
  std::string take(size_t bytes) {
    std::string taken = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return taken;
  }

 private:
  std::optional<std::string> read_line() {
    size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!receive()) return std::nullopt;
    }
    std::string line = take(end);
    take(2);
    return line;
  }
  bool receive() {
    char bytes[16384];
    const ssize_t count = recv(fd_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<size_t>(count));
    return true;
  }

  int fd_ = -1;
  bool is_connected_ = false;
  std::string buffer_;
};

}  // namespace miden
