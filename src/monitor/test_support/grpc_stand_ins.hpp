// Services of a network that say what a test wants them to say.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <mutex>

#include "grpc/health/v1/health.grpc.pb.h"
#include "internal/validator.grpc.pb.h"
#include "net/serve_unary.hpp"
#include "net/server.hpp"
#include "remote_prover.grpc.pb.h"
#include "rpc.grpc.pb.h"

namespace miden {

// A scripted answer: what the function gives, or never an answer where it gives nothing.
template <class Response>
class Script {
 public:
  using Say = std::function<std::optional<Answer<Response>>()>;
  void set(Say say) {
    const std::lock_guard lock(mutex_);
    say_ = std::move(say);
  }
  void set(Answer<Response> answer) {
    set([answer = std::move(answer)] { return answer; });
  }
  grpc::ServerUnaryReactor* serve(grpc::CallbackServerContext* context,
                                  const google::protobuf::Message*, Response* response) {
    class Never final : public grpc::ServerUnaryReactor {
      void OnCancel() override { Finish(grpc::Status::CANCELLED); }
      void OnDone() override { delete this; }
    };
    Say say;
    {
      const std::lock_guard lock(mutex_);
      say = say_;
      ++calls_;
    }
    auto said = say();
    if (!said) return new Never;
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    if (*said) {
      *response = **said;
      reactor->Finish(grpc::Status::OK);
    } else {
      reactor->Finish(to_grpc(said->error()));
    }
    return reactor;
  }
  int calls() const { return calls_; }

 private:
  std::mutex mutex_;  // guards say_
  Say say_ = [] { return refuse(StatusCode::kUnimplemented, ""); };
  std::atomic<int> calls_ = 0;
};

// Defines a service of one scripted method, `Name` of `service`.
#define SCRIPTED_SERVICE(Class, service, Method, Request, Response)                                \
  class Class final : public service::CallbackService {                                            \
   public:                                                                                         \
    Script<Response> answer;                                                                       \
    grpc::ServerUnaryReactor* Method(grpc::CallbackServerContext* context, const Request* request, \
                                     Response* response) override {                                \
      return answer.serve(context, request, response);                                             \
    }                                                                                              \
  }

SCRIPTED_SERVICE(ValidatorStandIn, ::validator::Api, Status, google::protobuf::Empty,
                 ::validator::ValidatorStatus);
SCRIPTED_SERVICE(ProxyStandIn, ::remote_prover::ProxyStatusApi, Status, google::protobuf::Empty,
                 ::remote_prover::ProxyStatus);
SCRIPTED_SERVICE(WorkerStandIn, ::remote_prover::WorkerStatusApi, Status, google::protobuf::Empty,
                 ::remote_prover::WorkerStatus);
SCRIPTED_SERVICE(ProveStandIn, ::remote_prover::Api, Prove, ::remote_prover::ProofRequest,
                 ::remote_prover::Proof);
SCRIPTED_SERVICE(NodeStandIn, ::rpc::Api, Status, google::protobuf::Empty, ::rpc::RpcStatus);
SCRIPTED_SERVICE(HealthStandIn, ::grpc::health::v1::Health, Check,
                 ::grpc::health::v1::HealthCheckRequest, ::grpc::health::v1::HealthCheckResponse);
#undef SCRIPTED_SERVICE

inline std::unique_ptr<GrpcServer> serve_on(uint16_t port,
                                            const std::vector<grpc::Service*>& services) {
  ServerOptions options;
  options.listen = {.ip = "127.0.0.1", .port = port};
  auto server = GrpcServer::start(options, services);
  EXPECT_TRUE(server) << server.error().message;
  return server ? *std::move(server) : nullptr;
}

inline ServiceUrl url_of(uint16_t port) {
  return {.is_tls = false, .host = "127.0.0.1", .port = port};
}

}  // namespace miden
