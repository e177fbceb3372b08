// The gRPC-Web protocol's bytes: bodies of length-prefixed messages whose last frame holds the
// trailers. spec/store-rpc.md §12.5.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/base64.hpp"
#include "net/cors.hpp"
#include "net/status.hpp"

namespace miden {

enum class WebEncoding { kBinary, kText };  // text: base64 of the same bytes

// Nothing if this is no gRPC-Web request.
std::optional<WebEncoding> web_request_encoding(std::string_view content_type);
WebEncoding web_response_encoding(std::string_view accept);
std::string_view web_content_type(WebEncoding encoding);

// A request's body, given in pieces of any size.
class WebRequestBody {
 public:
  explicit WebRequestBody(WebEncoding encoding) : encoding_(encoding) {}

  // A refusal is how the call ends; nothing may be added after it. More than kMaxRequestBytes in
  // one message, or in all of them, is OUT_OF_RANGE as soon as a length says so.
  Answer<> add(std::string_view bytes);
  // The messages, once the body has ended.
  Answer<std::vector<std::string>> take_messages();
  // What it holds in memory.
  size_t held_bytes() const { return total_bytes_ + frame_.size(); }

 private:
  Answer<> take_frames();

  const WebEncoding encoding_;
  Base64Stream base64_;
  std::string frame_;  // the frame that is not complete yet
  std::vector<std::string> messages_;
  size_t total_bytes_ = 0;  // of messages_
};

// The five bytes before a message.
std::string web_frame_header(size_t message_bytes);

// A status as HTTP fields: grpc-status, grpc-message, grpc-status-details-bin.
std::vector<HttpField> status_fields(const Status& status);
// The frame that ends a body.
std::string web_trailers_frame(const std::vector<HttpField>& trailers);

// `grpc-timeout`: "10S", "500m". Nothing if it is not one.
std::optional<std::chrono::nanoseconds> parse_grpc_timeout(std::string_view text);

}  // namespace miden
