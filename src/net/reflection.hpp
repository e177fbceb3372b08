// grpc.reflection.v1.ServerReflection: clients such as grpcurl learn the services from the server.
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
  // `services`: full names of what the server serves, this one excepted. Descriptions come from the
  // linked-in generated code; only files that these services need are shown. The gate must outlive
  // the service.
  ReflectionService(std::vector<std::string> services, CallGate& gate);
  ~ReflectionService();

  // To register with a server.
  grpc::Service* service();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace miden
