// Which address shows what.
#pragma once

#include <string>
#include <string_view>

#include "monitor/page_text.hpp"
#include "monitor/picture.hpp"

namespace miden {

struct HttpRequest {
  std::string_view target;         // "/checks/node-1?theme=dark"
  std::string_view if_none_match;  // empty: not sent
  bool wants_html = false;         // a browser that goes somewhere, not a program
};

struct HttpAnswer {
  unsigned status = 200;
  std::string content_type = "text/html; charset=utf-8";
  std::string cache_control = "no-store";
  std::string etag;
  std::string body;
};

// The path of "/a?b" and of "http://host/a?b", which is what proxies are sent.
std::string_view path_of(std::string_view target);
// The value of "name" or "name=value" in the target's query; null where it is not there.
std::optional<std::string_view> query_value(std::string_view target, std::string_view name);

// To GET, of everything but `/events`. `event_streams`: for the metrics.
HttpAnswer answer_to(const HttpRequest& request, const Picture& picture, const PageClock& clock,
                     size_t event_streams);

}  // namespace miden
