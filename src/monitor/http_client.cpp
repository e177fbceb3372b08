#include "monitor/http_client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>

#include "monitor/markup.hpp"

namespace miden {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kMostHeaderBytes = size_t{64} << 10;
constexpr int kMostRedirects = 5;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeText {
  void operator()(char* text) const { curl_free(text); }
};

using UrlParts = std::unique_ptr<CURLU, FreeUrl>;

// Once, before the first request of any thread.
bool is_curl_ready() {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return ready;
}

UrlParts parts_of(const std::string& url) {
  UrlParts parts(curl_url());
  if (!parts || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
  return parts;
}

std::string part(const UrlParts& parts, CURLUPart which, unsigned flags = 0) {
  char* raw = nullptr;
  if (curl_url_get(parts.get(), which, &raw, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, FreeText> text(raw);
  return text.get();
}

// The same service: a redirect may at most begin to encrypt.
bool is_same_host(const std::string& from, const std::string& to) {
  const UrlParts a = parts_of(from), b = parts_of(to);
  if (!a || !b || part(a, CURLUPART_HOST) != part(b, CURLUPART_HOST)) return false;
  if (part(a, CURLUPART_SCHEME) == part(b, CURLUPART_SCHEME)) {
    return part(a, CURLUPART_PORT, CURLU_DEFAULT_PORT) ==
           part(b, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  }
  return part(b, CURLUPART_SCHEME) == "https";
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || kPlain.find(c) != kPlain.npos) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

struct Transfer {
  std::stop_token stop;
  std::string body;
  size_t header_bytes = 0;
  bool is_too_large = false;

  static size_t take_body(char* data, size_t size, size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    if (transfer.body.size() + size * count > kMostHttpBody) {
      transfer.is_too_large = true;
      return 0;
    }
    transfer.body.append(data, size * count);
    return size * count;
  }
  static size_t take_header(char*, size_t size, size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.header_bytes += size * count;
    if (transfer.header_bytes > kMostHeaderBytes) {
      transfer.is_too_large = true;
      return 0;
    }
    return size * count;
  }
  static int look_up(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<const Transfer*>(self)->stop.stop_requested() ? 1 : 0;
  }
};

Fault fault_of(CURLcode code, const Transfer& transfer, const std::string& url,
               std::chrono::milliseconds timeout) {
  const UrlParts parts = parts_of(url);
  const std::string host = parts ? clean_text(part(parts, CURLUPART_HOST), 255) : "it";
  const auto because = [](Reason reason, std::string text) {
    return Fault{.reason = reason, .code = 0, .text = std::move(text)};
  };
  if (transfer.is_too_large) return because(Reason::kTooLarge, "the answer is too large");
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return because(Reason::kDns, fmt::format("{} does not resolve", host));
    case CURLE_COULDNT_RESOLVE_PROXY:
      return because(Reason::kLocal, "the proxy's name does not resolve");
    case CURLE_COULDNT_CONNECT:
      return because(Reason::kRefused, fmt::format("nothing listens at {}", host));
    case CURLE_OPERATION_TIMEDOUT:
      return because(Reason::kTimeout, fmt::format("no whole answer within {}", in_words(timeout)));
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
      return because(Reason::kTls, fmt::format("no trusted TLS connection to {}", host));
    case CURLE_ABORTED_BY_CALLBACK:
      return because(Reason::kLocal, "the monitor is stopping");
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
      return because(Reason::kLocal, curl_easy_strerror(code));
    default:
      return because(Reason::kMalformed,
                     fmt::format("the answer is no HTTP: {}", curl_easy_strerror(code)));
  }
}

class Request {
 public:
  Request(const HttpRequest& request, const std::stop_token& stop) : easy_(curl_easy_init()) {
    transfer_.stop = stop;
    if (!easy_) return;
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(kMostHttpBody));
    set(CURLOPT_WRITEFUNCTION, &Transfer::take_body);
    set(CURLOPT_WRITEDATA, &transfer_);
    set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
    set(CURLOPT_HEADERDATA, &transfer_);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &Transfer::look_up);
    set(CURLOPT_XFERINFODATA, &transfer_);
    set(CURLOPT_USERAGENT, "miden-network-monitor");
    for (const std::string& header : request.headers) append(header);
    if (request.body) {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
      set(CURLOPT_POSTFIELDS, request.body->c_str());
      append("Expect:");  // no waiting for leave to send some hundred bytes
    }
    set(CURLOPT_HTTPHEADER, headers_.get());
  }

  CURLcode perform(const std::string& url, std::chrono::milliseconds timeout) {
    if (!easy_) return CURLE_FAILED_INIT;
    transfer_.body.clear();
    transfer_.header_bytes = 0;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<int64_t>(timeout.count(), 1)));
    // Services of one network talk directly; a proxy of the environment is for the outside world.
    if (url.starts_with("http:")) set(CURLOPT_PROXY, "");
    return curl_easy_perform(easy_.get());
  }

  int status() const {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }
  std::string redirect() const {
    const char* to = nullptr;
    curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &to);
    return to == nullptr ? "" : to;
  }
  Transfer& transfer() { return transfer_; }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(easy_.get(), option, value);
  }
  void append(const std::string& header) {
    headers_.reset(curl_slist_append(headers_.release(), header.c_str()));
  }

  Transfer transfer_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::unique_ptr<CURL, FreeEasy> easy_;
};

// Whether brackets nest too deeply, whatever else the text is. Done first: the parser itself takes
// any depth, and what it makes is freed level by level.
bool is_too_deep(std::string_view text) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if ((c == '{' || c == '[') && ++depth > kMostJsonDepth) return true;
    if ((c == '}' || c == ']') && depth > 0) --depth;
  }
  return false;
}

}  // namespace

Result<HttpUrl> HttpUrl::parse(std::string_view text) {
  const auto invalid = [&](std::string_view why) {
    return fail("InvalidUrl", fmt::format("invalid URL: {}", why));
  };
  if (!is_curl_ready()) return invalid("no HTTP client");
  const UrlParts parts = parts_of(std::string(text));
  if (!parts) return invalid("expected http://HOST or https://HOST, with or without port and path");
  const std::string scheme = part(parts, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return invalid("expected http or https");
  if (!part(parts, CURLUPART_FRAGMENT).empty()) return invalid("a fragment is not sent");
  HttpUrl url;
  url.text_ = part(parts, CURLUPART_URL);
  curl_url_set(parts.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(parts.get(), CURLUPART_PASSWORD, nullptr, 0);
  url.shown_ = part(parts, CURLUPART_URL);
  const std::string port = part(parts, CURLUPART_PORT);
  url.authority_ = part(parts, CURLUPART_HOST) + (port.empty() ? "" : ":" + port);
  return url;
}

std::string HttpUrl::join(std::string_view path, const Query& query) const {
  std::string joined = text_;
  while (joined.ends_with('/')) joined.pop_back();
  joined.append(path);
  char separator = '?';
  for (const auto& [name, value] : query) {
    joined += fmt::format("{}{}={}", separator, escaped(name), escaped(value));
    separator = '&';
  }
  return joined;
}

std::expected<HttpAnswer, Fault> ask_http(const HttpRequest& request,
                                          std::chrono::milliseconds timeout,
                                          const std::stop_token& stop) {
  if (!is_curl_ready()) {
    return std::unexpected(Fault{.reason = Reason::kLocal, .code = 0, .text = "no HTTP client"});
  }
  const SteadyClock::time_point deadline = SteadyClock::now() + timeout;
  Request call(request, stop);
  std::string url = request.url;
  for (int redirects = 0;; ++redirects) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
    const CURLcode code = call.perform(url, left);
    if (code == CURLE_FILESIZE_EXCEEDED) call.transfer().is_too_large = true;
    if (code != CURLE_OK) {
      return std::unexpected(fault_of(code, call.transfer(), url, timeout));
    }
    const std::string to = call.redirect();
    if (to.empty() || request.body) break;
    if (redirects == kMostRedirects || !is_same_host(url, to)) {
      return std::unexpected(Fault{.reason = Reason::kHttp,
                                   .code = call.status(),
                                   .text = redirects == kMostRedirects
                                               ? "it redirects without an end"
                                               : "it redirects to another host"});
    }
    url = to;
  }
  return HttpAnswer{.status = call.status(), .body = std::move(call.transfer().body)};
}

std::expected<nlohmann::json, Fault> parse_json(std::string_view text) {
  const auto malformed = [](std::string what) {
    return std::unexpected(Fault{.reason = Reason::kMalformed, .code = 0, .text = std::move(what)});
  };
  if (is_too_deep(text)) return malformed("the answer's JSON is nested too deeply");
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    return malformed(fmt::format("the answer is no JSON: {}", clean_text(text, 128)));
  }
  return json;
}

}  // namespace miden
