// A gRPC service that is looked at again and again.
#pragma once

#include <expected>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "monitor/fault.hpp"
#include "net/channel.hpp"

namespace miden {

inline constexpr size_t kMostStatusBytes = size_t{1} << 20;

// Keeps its connection while calls are answered. After one that is not, the next begins with a new
// connection of its own: what it says then is what is so now, not what was remembered from the last
// attempt. From any thread.
class GrpcTarget {
 public:
  explicit GrpcTarget(ServiceUrl url, size_t most_answer_bytes = kMostStatusBytes);

  const ServiceUrl& url() const { return url_; }
  // As the reference prints it: "http://host:port/".
  std::string shown() const;
  std::shared_ptr<grpc::Channel> channel();
  // Of a call made on channel().
  Fault fault_of(const Status& status, std::chrono::milliseconds timeout);

  // One unary call: ask<::rpc::Api>(&::rpc::Api::Stub::Status, {}, {.timeout = 10s}, stop).
  template <class Service, class Request, class Response>
  std::expected<Response, Fault> ask(grpc::Status (Service::Stub::*method)(grpc::ClientContext*,
                                                                           const Request&,
                                                                           Response*),
                                     const std::type_identity_t<Request>& request,
                                     const CallOptions& options, const std::stop_token& stop) {
    grpc::ClientContext context;
    prepare_call(context, options);
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    const auto stub = Service::NewStub(channel());
    Response response;
    const grpc::Status status = (stub.get()->*method)(&context, request, &response);
    if (status.ok()) return response;
    return std::unexpected(
        fault_of(from_grpc(status), options.timeout.value_or(std::chrono::milliseconds(0))));
  }

 private:
  const ServiceUrl url_;
  const size_t most_answer_bytes_;
  std::mutex mutex_;  // guards channel_
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace miden
