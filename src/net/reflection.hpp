// grpc.reflection.v1.ServerReflection and the older grpc.reflection.v1alpha, which many tools still
// ask: clients such as grpcurl learn the services from the server.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/call_gate.hpp"

namespace grpc {
class Service;
}

namespace miden {

class ReflectionService {
 public:
  // `services`: full names of what the server serves, these two excepted. Descriptions come from
  // the linked-in generated code; only files that these services need are shown. The gate must
  // outlive the service.
  ReflectionService(std::vector<std::string> services, CallGate& gate);
  ~ReflectionService();

  // To register with a server, both.
  grpc::Service* service();
  grpc::Service* v1alpha_service();

 private:
  struct Services;
  std::unique_ptr<Services> services_;
};

}  // namespace miden
