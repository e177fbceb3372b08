// A gRPC server: one address, some services, an orderly end. On request browsers are served on the
// same address.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/address.hpp"
#include "net/call_gate.hpp"
#include "net/quick_method.hpp"

namespace grpc {
class Channel;
class Service;
}  // namespace grpc

namespace miden {

// What the API allows a request message to hold (spec/store-rpc.md §12.3); see serve_unary() for
// how it is kept.
inline constexpr size_t kMaxRequestBytes = 4'194'304;

struct ServerOptions {
  SocketAddress listen;  // port 0: any free one
  // The transport's own limit on a request message. It must leave room above what handlers refuse:
  // the transport answers RESOURCE_EXHAUSTED, which clients take as an invitation to come back.
  size_t max_message_bytes = 4 * kMaxRequestBytes;
  // After this age a connection is asked to close; calls on it may finish.
  std::optional<std::chrono::milliseconds> max_connection_age;
  // What a call of a method that does not exist passes before it is told so; must outlive the
  // server. None: it is told at once.
  CallGate* gate = nullptr;
  // Methods of the services that are answered without gRPC where they are called over HTTP/2
  // (net/front.hpp). Must outlive the server. None: every call is gRPC's.
  const QuickMethods* quick_methods = nullptr;
  // Serves gRPC-Web over HTTP/1.1, with CORS, and `/` for load balancers. Otherwise connections
  // that do not begin as HTTP/2 are closed.
  bool serves_browsers = false;
  // How long a browser waits for the first of its response.
  std::optional<std::chrono::milliseconds> request_timeout;
  // A connection that has not said by then what it speaks is closed,
  std::chrono::milliseconds first_bytes_timeout{10'000};
  // and one whose client has read nothing for so long of what waits for it.
  std::chrono::milliseconds stall_timeout{60'000};
};

class GrpcServer {
 public:
  // Listens and serves. The services must outlive the server. Error: BindFailed, whose text names
  // the address and why ("address already in use").
  static Result<std::unique_ptr<GrpcServer>> start(const ServerOptions& options,
                                                   const std::vector<grpc::Service*>& services);
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // The port it listens on.
  uint16_t port() const;
  std::string address() const;

  // Takes no new calls, waits for those in flight, cuts off what is left after `grace`. May be
  // called twice.
  void shutdown(std::chrono::milliseconds grace);

  // A channel that reaches this server without a socket.
  std::shared_ptr<grpc::Channel> in_process_channel();

 private:
  struct State;
  explicit GrpcServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace miden
