#include "net/http2_wire.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace miden {
namespace {

constexpr size_t kReadBytes = 64 << 10;
// Handed to the socket at once.
constexpr size_t kWriteBytes = 256 << 10;

nghttp2_nv field(std::string_view name, std::string_view value, uint8_t flags) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), flags};
}

}  // namespace

Http2Wire::~Http2Wire() {
  nghttp2_session_del(session_);
  close(fd_);
}

bool Http2Wire::take(std::string_view bytes) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  return nghttp2_session_mem_recv(session_, data, bytes.size()) >= 0;
}

bool Http2Wire::receive() {
  thread_local std::array<char, kReadBytes> buffer;
  const ssize_t size = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  return size > 0 && take({buffer.data(), static_cast<size_t>(size)});
}

void Http2Wire::receive_rest() {
  shutdown(fd_, SHUT_RDWR);
  while (receive()) {
  }
}

bool Http2Wire::send() {
  while (true) {
    if (unsent() == 0) {
      unsent_.clear();
      sent_ = 0;
    }
    while (unsent_.size() < kWriteBytes) {
      const uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size < 0) return false;
      if (size == 0) break;
      unsent_.append(text_of(bytes, static_cast<size_t>(size)));
    }
    if (unsent() == 0) return true;
    const ssize_t taken =
        ::send(fd_, unsent_.data() + sent_, unsent(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0) return errno == EAGAIN || errno == EINTR;
    sent_ += static_cast<size_t>(taken);
  }
}

bool Http2Wire::is_open() const {
  return wants_to_send() || nghttp2_session_want_read(session_) != 0;
}

bool Http2Wire::wants_to_send() const {
  return unsent() > 0 || nghttp2_session_want_write(session_) != 0;
}

nghttp2_nv http2_field(std::string_view name, std::string_view value) {
  return field(name, value, NGHTTP2_NV_FLAG_NONE);
}

nghttp2_nv http2_constant(std::string_view name, std::string_view value) {
  return field(name, value, NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
}

nghttp2_nv http2_changing_field(std::string_view name, std::string_view value) {
  return field(name, value, NGHTTP2_NV_FLAG_NO_INDEX);
}

}  // namespace miden
