#include "connection.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>

namespace miden {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kPrefixBytes = 5;  // of a gRPC message: a flag and a length
constexpr uint32_t kStreamWindow = 8 << 20;
constexpr int32_t kConnectionWindow = 256 << 20;
constexpr std::chrono::seconds kPatience{10};

[[noreturn]] void throw_broken(std::string_view doing, std::string_view why) {
  throw std::runtime_error(fmt::format("{}: {}", doing, why));
}

int connect_to(const SocketAddress& server) {
  const int fd = socket(server.is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw_broken("making a socket", std::strerror(errno));
  int result = 0;
  if (server.is_v6) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(server.port);
    inet_pton(AF_INET6, server.ip.c_str(), &to.sin6_addr);
    result = connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server.port);
    inet_pton(AF_INET, server.ip.c_str(), &to.sin_addr);
    result = connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  if (result != 0) {
    const int error = errno;
    close(fd);
    throw_broken("connecting to " + server.to_string(), std::strerror(error));
  }
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return fd;
}

nghttp2_nv header(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

// What one message of a unary answer holds, or nothing if there is none.
std::string without_prefix(std::string&& received) {
  if (received.size() < kPrefixBytes) return {};
  received.erase(0, kPrefixBytes);
  return std::move(received);
}

}  // namespace

struct Connection::Callbacks {
  static std::string_view text(const uint8_t* bytes, size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
  }
  static Call* call_of(void* connection, int32_t stream) {
    auto& calls = static_cast<Connection*>(connection)->calls_;
    const auto found = calls.find(stream);
    return found == calls.end() ? nullptr : &found->second;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void* connection) {
    Call* call = call_of(connection, frame->hd.stream_id);
    if (call == nullptr) return 0;
    if (text(name, name_size) == "grpc-status") {
      const std::string_view number = text(value, value_size);
      std::from_chars(number.begin(), number.end(), call->outcome.status);
    } else if (text(name, name_size) == "grpc-message") {
      call->outcome.message = text(value, value_size);
    }
    return 0;
  }

  static int on_data(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data, size_t size,
                     void* connection) {
    if (Call* call = call_of(connection, stream)) call->received.append(text(data, size));
    return 0;
  }

  static int on_close(nghttp2_session*, int32_t stream, uint32_t, void* connection) {
    auto& calls = static_cast<Connection*>(connection)->calls_;
    auto node = calls.extract(stream);
    if (node.empty()) return 0;
    Call& call = node.mapped();
    call.outcome.latency = Clock::now() - call.started;
    call.outcome.answer = without_prefix(std::move(call.received));
    call.done(std::move(call.outcome));
    return 0;
  }

  static ssize_t read_request(nghttp2_session*, int32_t stream, uint8_t* into, size_t size,
                              uint32_t* flags, nghttp2_data_source*, void* connection) {
    Call* call = call_of(connection, stream);
    if (call == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t given = 0;
    if (!call->has_prefix) {
      const auto length = static_cast<uint32_t>(call->request.size());
      const std::array<uint8_t, kPrefixBytes> prefix{
          0, static_cast<uint8_t>(length >> 24), static_cast<uint8_t>(length >> 16),
          static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)};
      if (size < prefix.size()) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
      given = static_cast<size_t>(std::ranges::copy(prefix, into).out - into);
      call->has_prefix = true;
    }
    const std::string_view part = call->request.substr(0, size - given);
    std::ranges::copy(part, into + given);
    call->request.remove_prefix(part.size());
    if (call->request.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(given + part.size());
  }
};

Connection::Connection(const SocketAddress& server, std::string accept)
    : fd_(connect_to(server)), authority_(server.to_string()), accept_(std::move(accept)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::on_close);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);

  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                             {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
}

Connection::~Connection() {
  nghttp2_session_del(session_);
  close(fd_);
}

void Connection::call(std::string_view path, std::string_view request, Done done) {
  std::array headers{header(":method", "POST"),
                     header(":scheme", "http"),
                     header(":path", path),
                     header(":authority", authority_),
                     header("content-type", "application/grpc"),
                     header("te", "trailers"),
                     header("accept", accept_)};
  const size_t count = accept_.empty() ? headers.size() - 1 : headers.size();
  nghttp2_data_provider body{{.ptr = nullptr}, Callbacks::read_request};
  const int32_t stream =
      nghttp2_submit_request(session_, nullptr, headers.data(), count, &body, nullptr);
  if (stream < 0) throw_broken("making a call", nghttp2_strerror(stream));
  calls_.emplace(stream, Call{request, false, {}, {}, std::move(done), Clock::now()});
}

void Connection::send() {
  while (true) {
    if (unsent_.empty()) {
      const uint8_t* bytes = nullptr;
      // As much as there is, so that one system call takes it.
      for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) != 0;) {
        if (size < 0) throw_broken("sending", nghttp2_strerror(static_cast<int>(size)));
        unsent_.append(Callbacks::text(bytes, static_cast<size_t>(size)));
      }
      if (unsent_.empty()) return;
    }
    const ssize_t taken = ::send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (taken < 0 && errno == EAGAIN) return;
    if (taken < 0) throw_broken("sending", std::strerror(errno));
    unsent_.erase(0, static_cast<size_t>(taken));
  }
}

void Connection::receive() {
  std::array<uint8_t, 1 << 16> buffer;
  const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
  // Acknowledged at once: a server that leaves Nagle's algorithm on, as the reference does, would
  // wait 40 ms for it in the middle of an answer. The system forgets this, so it is said each time.
  const int yes = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
  if (size < 0 && errno == EAGAIN) return;
  if (size < 0) throw_broken("receiving", std::strerror(errno));
  if (size == 0) throw_broken("receiving", "the server closed the connection");
  const ssize_t taken =
      nghttp2_session_mem_recv(session_, buffer.data(), static_cast<size_t>(size));
  if (taken < 0) throw_broken("receiving", nghttp2_strerror(static_cast<int>(taken)));
}

std::string ask(Connection& connection, std::string_view path, std::string_view request) {
  std::optional<CallOutcome> outcome;
  connection.call(path, request, [&](CallOutcome&& done) { outcome = std::move(done); });
  const auto deadline = Clock::now() + kPatience;
  while (!outcome) {
    if (Clock::now() > deadline) throw_broken(path, "no answer within ten seconds");
    connection.send();
    const short events = static_cast<short>(POLLIN | (connection.wants_to_send() ? POLLOUT : 0));
    pollfd waiting{connection.fd(), events, 0};
    poll(&waiting, 1, 100);
    connection.receive();
  }
  if (outcome->status != 0) {
    throw_broken(path, fmt::format("status {}: {}", outcome->status, outcome->message));
  }
  return std::move(outcome->answer);
}

}  // namespace miden
