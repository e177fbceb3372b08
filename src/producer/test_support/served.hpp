// A service of the test's on a free port.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <memory>
#include <string>

#include "net/address.hpp"

namespace miden {

class Served {
 public:
  explicit Served(grpc::Service& service) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
  }
  ~Served() { stop(); }
  // Nothing listens there any more.
  void stop() { server_->Shutdown(std::chrono::system_clock::now()); }
  ServiceUrl url() const { return *ServiceUrl::parse("http://127.0.0.1:" + std::to_string(port_)); }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace miden
