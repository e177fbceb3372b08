// One HTTP/2 connection that makes unary gRPC calls.
//
// Over nghttp2 instead of gRPC: the load generator shares the machine with the server it measures,
// and gRPC's client costs as much as its server. A call of this one costs a few microseconds.
#pragma once

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/address.hpp"

namespace miden {

struct CallOutcome {
  int status = -1;  // gRPC's; -1: the stream ended without one
  std::string message;
  std::string answer;  // the encoded response
  std::chrono::steady_clock::duration latency{};
};

// For one thread. Throws std::runtime_error when the connection breaks.
class Connection {
 public:
  using Done = std::function<void(CallOutcome&&)>;

  // `accept`: the header that negotiates version and network; empty: none.
  Connection(const SocketAddress& server, std::string accept);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `path` is "/rpc.Api/Method"; both views must outlive the call. `done` may make calls.
  void call(std::string_view path, std::string_view request, Done done);
  // Sends what there is to send, without waiting.
  void send();
  // Takes what has arrived, without waiting, and tells of what is done.
  void receive();

  int fd() const { return fd_; }
  bool wants_to_send() const { return !unsent_.empty(); }

 private:
  struct Call {
    std::string_view request;  // what is left of it
    bool has_prefix = false;
    std::string received;
    CallOutcome outcome;
    Done done;
    std::chrono::steady_clock::time_point started;
  };
  struct Callbacks;

  int fd_ = -1;
  nghttp2_session* session_ = nullptr;
  std::string authority_;
  std::string accept_;
  std::string unsent_;  // given by nghttp2, not taken by the socket
  std::unordered_map<int32_t, Call> calls_;
};

// Waits for one answer. Throws std::runtime_error when it takes more than ten seconds or is not OK.
std::string ask(Connection& connection, std::string_view path, std::string_view request);

}  // namespace miden
