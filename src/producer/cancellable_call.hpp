// One unary call to another service that a requested stop ends early. Include it only where a
// client is defined.
#pragma once

#include <stop_token>

#include "net/channel.hpp"

namespace miden {

template <class Stub, class Request, class Response>
Answer<Response> call_unary_until(
    Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    const Request& request, const CallOptions& options, const std::stop_token& stop) {
  grpc::ClientContext context;
  prepare_call(context, options);
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return std::unexpected(status_of_call(status));
  return response;
}

}  // namespace miden
