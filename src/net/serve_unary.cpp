#include "net/serve_unary.hpp"

#include <fmt/format.h>

namespace miden {

Status status_of_exception(std::string_view method) noexcept {
  try {
    throw;
  } catch (const std::exception& error) {
    log_error("request failed", {{"method", method}, {"cause", error.what()}});
  } catch (...) {
    log_error("request failed", {{"method", method}});
  }
  return {StatusCode::kInternal, "database error"};
}

void log_call(std::string_view method, const Status& status,
              std::chrono::steady_clock::time_point started) {
  if (!log_enabled(LogLevel::kDebug)) return;
  const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - started);
  if (status.is_ok()) {
    log_debug("request", {{"method", method}, {"elapsed_us", elapsed.count()}});
  } else {
    log_debug("request refused", {{"method", method},
                                  {"elapsed_us", elapsed.count()},
                                  {"status", to_string(status.code)},
                                  {"cause", status.message}});
  }
}

Answer<> check_request_size(const google::protobuf::Message& request, size_t max_bytes) {
  const size_t size = request.ByteSizeLong();
  if (size <= max_bytes) return {};
  return refuse(
      StatusCode::kOutOfRange,
      fmt::format("Error, decoded message length too large: found {} bytes, the limit is: {} bytes",
                  size, max_bytes));
}

grpc::ServerUnaryReactor* end_unary(std::string_view method, grpc::CallbackServerContext* context,
                                    const Status& status) {
  log_call(method, status, std::chrono::steady_clock::now());
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(to_grpc(status));
  return reactor;
}

}  // namespace miden
