// HTTP requests to services that may answer anything, or nothing.
#pragma once

#include <chrono>
#include <expected>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "monitor/fault.hpp"

namespace miden {

inline constexpr size_t kMostHttpBody = size_t{1} << 20;
inline constexpr size_t kMostJsonDepth = 32;

// "http://host/path" or "https://...".
class HttpUrl {
 public:
  using Query = std::vector<std::pair<std::string, std::string>>;

  // Error: InvalidUrl.
  static Result<HttpUrl> parse(std::string_view text);
  // Without user and password: for people and logs. A bare host has the path "/".
  const std::string& shown() const { return shown_; }
  // "host" or "host:port"
  const std::string& authority() const { return authority_; }
  // What a request is sent to: the path appended to this one's, then the query.
  std::string join(std::string_view path, const Query& query = {}) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_, shown_, authority_;
};

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;  // "name: value"
  // Sent with POST; absent means GET.
  std::optional<std::string> body;
};

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// One request to its end: with the body whole within `timeout`, or a Fault. Every HTTP status is
// an answer. A GET follows up to 5 redirects, to the same host only; bodies beyond kMostHttpBody
// are kTooLarge; nothing is decompressed. From any thread.
std::expected<HttpAnswer, Fault> ask_http(const HttpRequest& request,
                                          std::chrono::milliseconds timeout,
                                          const std::stop_token& stop);

// kMalformed: no JSON, or one that is nested more deeply than kMostJsonDepth. Bytes after the
// value are kMalformed, too.
std::expected<nlohmann::json, Fault> parse_json(std::string_view text);

}  // namespace miden
