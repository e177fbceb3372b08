// Calling other services.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "net/address.hpp"
#include "net/grpc_status.hpp"

namespace miden {

struct ChannelOptions {
  // Of one answer. The reference's peers stop at 4 MiB; blocks and proposals may be larger.
  size_t max_message_bytes = size_t{64} << 20;
};

// Connects when it is first used and again whenever the connection is lost, after at most 5 s. Idle
// connections are pinged every 20 s, so that a peer that vanished silently is noticed.
// spec/node-and-validator.md §2.4.
std::shared_ptr<grpc::Channel> make_channel(const ServiceUrl& url,
                                            const ChannelOptions& options = {});

struct CallOptions {
  std::optional<std::chrono::milliseconds> timeout;
  // Metadata `accept`.
  std::string accept = "application/vnd.miden";
  // Further metadata: names and values.
  std::vector<std::pair<std::string, std::string>> metadata = {};
};

void prepare_call(grpc::ClientContext& context, const CallOptions& options);

// A call that ran out of its time reads as the reference's client says it: CANCELLED "Timeout
// expired".
Status status_of_call(const grpc::Status& status);

// One unary call, waiting for its answer, or until the stop is requested, which ends it as
// CANCELLED:
//   call_unary(*stub, &::validator::Api::Stub::SignBlock, proposal, {.timeout = 30s}, stop)
// No answer is made up: a peer that cannot be reached is UNAVAILABLE.
template <class Stub, class Request, class Response>
Answer<Response> call_unary(
    Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
    const Request& request, const CallOptions& options, const std::stop_token& stop = {}) {
  grpc::ClientContext context;
  prepare_call(context, options);
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return std::unexpected(status_of_call(status));
  return response;
}

}  // namespace miden
