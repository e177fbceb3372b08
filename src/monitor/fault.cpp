#include "monitor/fault.hpp"

#include <fmt/format.h>

#include <cctype>

#include "monitor/markup.hpp"

namespace miden {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The number behind `mark` in `text`; 0 where there is none.
int number_after(std::string_view text, std::string_view mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return 0;
  int number = 0;
  for (size_t i = at + mark.size(); i < text.size() && std::isdigit(text[i]) && number < 1000;
       ++i) {
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

// gRPC tells what became of a connection only in the text of UNAVAILABLE. A service may say as much
// of one that it has behind it.
bool is_of_connection(const Status& status) {
  return status.message.starts_with("failed to connect to all addresses") ||
         status.message.starts_with("DNS resolution failed");
}

Fault fault_of_connection(const Status& status, std::string_view peer) {
  const std::string& text = status.message;
  const auto because = [&](Reason reason, std::string sentence) {
    return Fault{.reason = reason, .code = 0, .text = std::move(sentence)};
  };
  if (contains(text, "DNS resolution failed") || contains(text, "Domain name not found")) {
    return because(Reason::kDns, fmt::format("{} does not resolve", peer));
  }
  if (contains(text, "Too many open files") || contains(text, "Cannot assign requested address")) {
    return because(Reason::kLocal, "the monitor has no file handle or port left");
  }
  if (contains(text, "Network is unreachable")) {
    return because(Reason::kLocal, fmt::format("the monitor has no route to {}", peer));
  }
  if (contains(text, "Connection refused")) {
    return because(Reason::kRefused, fmt::format("nothing listens at {}", peer));
  }
  // Connections that are taken and closed again leave no error.
  if (contains(text, "http1.x server") || contains(text, "Failed parsing HTTP/2") ||
      text.ends_with("last error: OK")) {
    return because(Reason::kMalformed, fmt::format("{} does not speak gRPC", peer));
  }
  if (contains(text, "handshake") || contains(text, "certificate") || contains(text, "Ssl")) {
    return because(Reason::kTls, fmt::format("no trusted TLS connection to {}", peer));
  }
  if (contains(text, "timed out") || contains(text, "Timeout") || contains(text, "No route")) {
    return because(Reason::kTimeout, fmt::format("no connection to {}", peer));
  }
  if (const int http = number_after(text, "http2 header with status: "); http != 0) {
    return {.reason = Reason::kHttp,
            .code = http,
            .text = fmt::format("{} answers HTTP {}", peer, http)};
  }
  return {.reason = Reason::kGrpc,
          .code = static_cast<int>(status.code),
          .text = fmt::format("{} is unavailable: {}", peer, clean_text(text, 256))};
}

}  // namespace

Fault fault_of_call(const Status& status, std::string_view peer,
                    std::chrono::milliseconds timeout) {
  switch (status.code) {
    case StatusCode::kUnavailable:
      if (is_of_connection(status)) return fault_of_connection(status, peer);
      break;
    case StatusCode::kCancelled:
      // As net/channel.hpp says that the time is over; so do the network's own servers.
      if (status.message != "Timeout expired") break;
      [[fallthrough]];
    case StatusCode::kDeadlineExceeded:
      return {.reason = Reason::kTimeout,
              .code = 0,
              .text = fmt::format("no answer within {}", in_words(timeout))};
    case StatusCode::kResourceExhausted:
      if (contains(status.message, "larger than max")) {
        return {.reason = Reason::kTooLarge, .code = 0, .text = "the answer is too large"};
      }
      break;
    case StatusCode::kInternal:
    case StatusCode::kUnknown:
      // Both stand for bytes that are no answer. A service's own status says something else.
      if (contains(status.message, "parse") || contains(status.message, "deserializ") ||
          contains(status.message, "RST_STREAM") || contains(status.message, "Stream removed") ||
          contains(status.message, "trailing metadata")) {
        return {.reason = Reason::kMalformed,
                .code = 0,
                .text = fmt::format("the answer is none: {}", clean_text(status.message, 256))};
      }
      break;
    default:
      break;
  }
  if (const int http = number_after(status.message, "http2 header with status: "); http != 0) {
    return {.reason = Reason::kHttp,
            .code = http,
            .text = fmt::format("{} answers HTTP {}", peer, http)};
  }
  return {.reason = Reason::kGrpc,
          .code = static_cast<int>(status.code),
          .text = fmt::format("{}: {}", to_string(status.code), clean_text(status.message, 400))};
}

std::string in_words(std::chrono::milliseconds duration) {
  const auto ms = duration.count();
  if (ms < 1000 || (ms < 10'000 && ms % 1000 != 0)) {
    return ms < 1000 ? fmt::format("{} ms", ms)
                     : fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  }
  const auto seconds = ms / 1000;
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) {
    return seconds % 60 == 0 ? fmt::format("{} min", seconds / 60)
                             : fmt::format("{} min {} s", seconds / 60, seconds % 60);
  }
  const auto minutes = seconds / 60;
  return minutes % 60 == 0 ? fmt::format("{} h", minutes / 60)
                           : fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

CheckResult failed_result(const Fault& fault) {
  CheckResult result;
  result.outcome = fault.reason == Reason::kLocal ? Outcome::kInconclusive : Outcome::kFailed;
  result.reason = fault.reason;
  result.code = fault.code;
  result.error = fault.text;
  result.details = "Error";
  result.reference_status = "Unhealthy";
  return result;
}

}  // namespace miden
