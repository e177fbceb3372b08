// Browsers' connections: gRPC-Web over HTTP/1.1. spec/store-rpc.md §12.5.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "net/web_call.hpp"

namespace miden {

class WebSession;

struct WebOptions {
  // For a request, from its end to the first of its response. A `grpc-timeout` may shorten it.
  std::optional<std::chrono::milliseconds> request_timeout;
  // A connection of this age is closed after its next response.
  std::optional<std::chrono::milliseconds> max_connection_age;
  std::chrono::milliseconds idle_timeout{75'000};  // between two requests
  std::chrono::milliseconds head_timeout{10'000};
  std::chrono::milliseconds body_timeout{60'000};
  // Of requests that are not complete yet, all together.
  size_t max_body_bytes = size_t{256} << 20;
};

// All sessions of one server, on the thread of one io_context.
class WebServer {
 public:
  // The channel leads to the services.
  WebServer(boost::asio::io_context& io, const std::shared_ptr<grpc::Channel>& channel,
            WebOptions options);
  ~WebServer();

  // A connection that has said `first_bytes`.
  void serve(boost::asio::ip::tcp::socket connection, std::string first_bytes);

  // Closes connections between two requests now, the others after their response.
  void finish();
  // Closes all.
  void abort();
  // Whether neither a session nor a call is left. A call may end after its session.
  bool is_empty() const { return sessions_.empty() && call_token_.use_count() == 1; }

  // For sessions.
  boost::asio::io_context& io() { return io_; }
  std::shared_ptr<WebCall> start_call(WebCall::Request request,
                                      std::weak_ptr<WebCall::Caller> caller);
  const WebOptions& options() const { return options_; }
  bool is_finishing() const { return is_finishing_; }
  // False: there is no room for as many more. A negative count gives back.
  bool hold_body_bytes(ptrdiff_t count);
  void forget(const std::shared_ptr<WebSession>& session) { sessions_.erase(session); }

 private:
  boost::asio::io_context& io_;
  grpc::GenericStub stub_;
  const WebOptions options_;
  std::unordered_set<std::shared_ptr<WebSession>> sessions_;
  const std::shared_ptr<const bool> call_token_ = std::make_shared<bool>();  // every call has it
  ptrdiff_t body_bytes_ = 0;
  bool is_finishing_ = false;
};

}  // namespace miden
