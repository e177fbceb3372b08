#include "net/grpc_web.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "net/server.hpp"

namespace miden {
namespace {

constexpr size_t kFrameHeaderBytes = 5;
constexpr char kTrailersFlag = static_cast<char>(0x80);

constexpr std::string_view kTextType = "application/grpc-web-text";
constexpr std::string_view kTextProtoType = "application/grpc-web-text+proto";
constexpr std::string_view kBinaryType = "application/grpc-web";
constexpr std::string_view kBinaryProtoType = "application/grpc-web+proto";

std::string frame_header(char flag, size_t length) {
  std::string header(1, flag);
  for (int shift = 24; shift >= 0; shift -= 8) header.push_back(static_cast<char>(length >> shift));
  return header;
}

uint32_t length_of(std::string_view frame) {
  uint32_t length = 0;
  for (size_t i = 1; i < kFrameHeaderBytes; ++i) {
    length = length << 8 | static_cast<uint8_t>(frame[i]);
  }
  return length;
}

// As in gRPC over HTTP/2, where everything but printable ASCII is escaped, and more than its
// specification asks for: what the reference escapes (spec/store-rpc.md §15).
std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kEscaped = " \"#%<>`?{}";
  std::string encoded;
  for (const char c : text) {
    if (c > 0x20 && c < 0x7f && kEscaped.find(c) == std::string_view::npos) {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return encoded;
}

}  // namespace

std::optional<WebEncoding> web_request_encoding(std::string_view content_type) {
  if (content_type == kBinaryProtoType || content_type == kBinaryType) return WebEncoding::kBinary;
  if (content_type == kTextProtoType || content_type == kTextType) return WebEncoding::kText;
  return std::nullopt;
}

WebEncoding web_response_encoding(std::string_view accept) {
  return accept == kTextProtoType || accept == kTextType ? WebEncoding::kText
                                                         : WebEncoding::kBinary;
}

std::string_view web_content_type(WebEncoding encoding) {
  return encoding == WebEncoding::kText ? kTextProtoType : kBinaryProtoType;
}

Answer<> WebRequestBody::add(std::string_view bytes) {
  if (encoding_ == WebEncoding::kBinary) {
    frame_.append(bytes);
  } else if (!base64_.add(bytes, frame_)) {
    return refuse(StatusCode::kInternal, "malformed base64 request");
  }
  return take_frames();
}

Answer<> WebRequestBody::take_frames() {
  std::string_view rest = frame_;
  while (rest.size() >= kFrameHeaderBytes) {
    const char flag = rest[0];
    if (flag == 1) {
      return refuse(StatusCode::kInternal,
                    "protocol error: received message with compressed-flag but no grpc-encoding "
                    "was specified");
    }
    if (flag != 0) {
      return refuse(
          StatusCode::kInternal,
          fmt::format("protocol error: received message with invalid compression flag: {} (valid "
                      "flags are 0 and 1)",
                      static_cast<uint8_t>(flag)));
    }
    const size_t length = length_of(rest);
    // Several messages, which only calls that stream requests have, share the limit of one, so
    // that a body is bounded.
    if (const size_t total = total_bytes_ + length; total > kMaxRequestBytes) {
      return refuse(
          StatusCode::kOutOfRange,
          fmt::format("Error, decoded message length too large: found {} bytes, the limit is: {} "
                      "bytes",
                      total, kMaxRequestBytes));
    }
    if (rest.size() < kFrameHeaderBytes + length) break;
    messages_.emplace_back(rest.substr(kFrameHeaderBytes, length));
    // Empty messages cost, too.
    total_bytes_ += length + kFrameHeaderBytes;
    rest.remove_prefix(kFrameHeaderBytes + length);
  }
  frame_.erase(0, frame_.size() - rest.size());
  return {};
}

Answer<std::vector<std::string>> WebRequestBody::take_messages() {
  if (!base64_.is_complete()) return refuse(StatusCode::kInternal, "malformed base64 request");
  if (!frame_.empty()) return refuse(StatusCode::kInternal, "Unexpected EOF decoding stream.");
  total_bytes_ = 0;
  return std::move(messages_);
}

std::string web_frame_header(size_t message_bytes) { return frame_header(0, message_bytes); }

std::vector<HttpField> status_fields(const Status& status) {
  std::vector<HttpField> fields = {{"grpc-status", std::to_string(static_cast<int>(status.code))}};
  if (!status.message.empty()) fields.push_back({"grpc-message", percent_encoded(status.message)});
  if (!status.details.empty()) {
    fields.push_back(
        {"grpc-status-details-bin", to_base64(status.details, Base64Padding::kUnpadded)});
  }
  return fields;
}

std::string web_trailers_frame(const std::vector<HttpField>& trailers) {
  std::string lines;
  for (const HttpField& field : trailers) lines += field.name + ":" + field.value + "\r\n";
  return frame_header(kTrailersFlag, lines.size()) + lines;
}

std::optional<std::chrono::nanoseconds> parse_grpc_timeout(std::string_view text) {
  constexpr std::array<std::pair<char, int64_t>, 6> kUnits = {{{'H', 3'600'000'000'000},
                                                               {'M', 60'000'000'000},
                                                               {'S', 1'000'000'000},
                                                               {'m', 1'000'000},
                                                               {'u', 1'000},
                                                               {'n', 1}}};
  // At most eight digits.
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  const auto* unit = std::ranges::find(kUnits, text.back(), &std::pair<char, int64_t>::first);
  if (unit == kUnits.end()) return std::nullopt;
  int64_t count = 0;
  const char* end = text.data() + text.size() - 1;
  const auto parsed = std::from_chars(text.data(), end, count);
  if (parsed.ec != std::errc() || parsed.ptr != end || count < 0) return std::nullopt;
  constexpr int64_t kLongest = std::chrono::nanoseconds::max().count();
  return std::chrono::nanoseconds(std::min(count, kLongest / unit->second) * unit->second);
}

}  // namespace miden
