// grpc.health.v1.Health. spec/store-rpc.md §22.
#pragma once

#include <memory>
#include <string>

#include "net/call_gate.hpp"

namespace grpc {
class Service;
}

namespace miden {

// The empty name, the server itself, is always SERVING. A name that was never set is NOT_FOUND, for
// Watch too.
class HealthService {
 public:
  // The gate must outlive the service.
  explicit HealthService(CallGate& gate);
  ~HealthService();

  // Tells all who watch, also when nothing changed. From any thread.
  void set_serving(const std::string& service, bool is_serving);
  // Ends all watching with UNAVAILABLE: before the server shuts down, which would wait for them.
  void close();

  // To register with a server.
  grpc::Service* service();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace miden
