// One HTTP/2 connection's socket and protocol state (nghttp2): bytes in, bytes out.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>
#include <string_view>

namespace miden {

// For one thread. The socket must not block.
class Http2Wire {
 public:
  // Takes over both.
  Http2Wire(int fd, nghttp2_session* session) : fd_(fd), session_(session) {}
  ~Http2Wire();
  Http2Wire(const Http2Wire&) = delete;
  Http2Wire& operator=(const Http2Wire&) = delete;

  int fd() const { return fd_; }
  nghttp2_session* session() const { return session_; }

  // All of these are false when the connection is over.
  // What came before the wire existed.
  bool take(std::string_view bytes);
  // What has arrived, up to a bound: call again when the socket says that there is more.
  bool receive();
  // Ends the connection, after what has arrived.
  void receive_rest();
  // What there is to send, as far as the socket takes it.
  bool send();
  // Whether either side has something left to say.
  bool is_open() const;

  // Whether there is more to send: do so when the socket is writable.
  bool wants_to_send() const;

 private:
  size_t unsent() const { return unsent_.size() - sent_; }  // by the socket

  int fd_;
  nghttp2_session* session_;
  std::string unsent_;
  size_t sent_ = 0;  // of unsent_
};

inline std::string_view text_of(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// A field to be sent. Copied by nghttp2 at once, unless the text lives as long as the program.
nghttp2_nv http2_field(std::string_view name, std::string_view value);
nghttp2_nv http2_constant(std::string_view name, std::string_view value);
// Not worth remembering for the next message: its value changes.
nghttp2_nv http2_changing_field(std::string_view name, std::string_view value);

}  // namespace miden
