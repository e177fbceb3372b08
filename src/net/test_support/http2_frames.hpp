// HTTP/2 as bytes, for tests that say what no library would.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace miden {

inline const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// RFC 9113 §4.1.
inline std::string frame(char type, char flags, uint32_t stream, std::string_view payload) {
  std::string bytes;
  for (int shift = 16; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(payload.size() >> shift));
  }
  bytes.push_back(type);
  bytes.push_back(flags);
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(stream >> shift));
  return bytes.append(payload);
}
inline const std::string kSettings = frame(4, 0, 0, "");
// No response byte may be sent: SETTINGS_INITIAL_WINDOW_SIZE is 0.
inline const std::string kNoWindow = frame(4, 0, 0, std::string_view("\0\4\0\0\0\0", 6));

// A header field without compression (RFC 7541 §6.2.2).
inline std::string field(std::string_view name, std::string_view value) {
  std::string block(1, '\0');
  block.push_back(static_cast<char>(name.size()));
  block.append(name);
  block.push_back(static_cast<char>(value.size()));
  return block.append(value);
}

inline std::string call_headers(std::string_view path) {
  return field(":method", "POST") + field(":scheme", "http") + field(":path", path) +
         field(":authority", "test") + field("content-type", "application/grpc") +
         field("te", "trailers");
}

// A message of fewer than 256 bytes as it stands in a body.
inline std::string short_message(std::string_view message) {
  std::string body(4, '\0');
  body.push_back(static_cast<char>(message.size()));
  return body.append(message);
}

inline std::string call_frames(uint32_t stream, std::string_view path, std::string_view message) {
  return frame(1, 4, stream, call_headers(path)) + frame(0, 1, stream, short_message(message));
}

}  // namespace miden
