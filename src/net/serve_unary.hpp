// Answering a unary call of gRPC's callback API: on the server's own thread, or on a bounded pool
// with a deadline. Include it only where a service is defined.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>

#include "net/deferred_call.hpp"
#include "net/finish_unary.hpp"
#include "net/server.hpp"
#include "telemetry/log.hpp"

namespace miden {

// OUT_OF_RANGE for a request above the limit. The transport lets through somewhat more than that
// because its own refusal is RESOURCE_EXHAUSTED.
Answer<> check_request_size(const google::protobuf::Message& request,
                            size_t max_bytes = kMaxRequestBytes);

// Ends a call that was refused before any work.
grpc::ServerUnaryReactor* end_unary(std::string_view method, grpc::CallbackServerContext* context,
                                    const Status& status);

namespace detail {

template <class Response, class Handler>
Status run_handler(std::string_view method, Response* response, const Handler& handler) {
  try {
    Answer<Response> answer = handler();
    if (!answer) return std::move(answer).error();
    *response = std::move(*answer);
    return {};
  } catch (...) {
    return status_of_exception(method);
  }
}

}  // namespace detail

// Runs `handler`, an Answer<Response>(), on the calling thread: for what reads and returns.
template <class Request, class Response, class Handler>
grpc::ServerUnaryReactor* serve_unary(std::string_view method, grpc::CallbackServerContext* context,
                                      const Request* request, Response* response,
                                      const Handler& handler) {
  const auto started = std::chrono::steady_clock::now();
  Status status;
  if (const Answer<> size = check_request_size(*request); !size) {
    status = size.error();
  } else {
    status = detail::run_handler(method, response, handler);
  }
  log_call(method, status, started);
  return finish_unary(context, status, status.is_ok() ? response->ByteSizeLong() : 0);
}

// Runs `handler`, an Answer<Response>() that owns all it needs, on `pool`. A full pool answers
// RESOURCE_EXHAUSTED, a handler that takes longer than `timeout` CANCELLED "Timeout expired": its
// work goes on to its end if it has begun by then, and is left undone else.
template <class Response, class Handler>
grpc::ServerUnaryReactor* serve_pooled(std::string_view method, ThreadPool& pool,
                                       std::chrono::milliseconds timeout, Response* response,
                                       Handler handler) {
  const auto call = DeferredCall<Response>::open(method, timeout, response);
  call->run_on(pool, [call, handler = std::move(handler)] { call->answer(handler()); });
  return call->reactor();
}

}  // namespace miden
