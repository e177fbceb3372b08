#include "prover/prover_server.hpp"

#include <fmt/format.h>

#include <atomic>

#include "base/version.hpp"
#include "net/health.hpp"
#include "net/reflection.hpp"
#include "net/serve_unary.hpp"
#include "prover/prove_call.hpp"
#include "remote_prover.grpc.pb.h"
#include "remote_prover_queue.grpc.pb.h"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using google::protobuf::Empty;

constexpr const char* kService = "remote_prover.Api";

::remote_prover::ProofType to_message(ProofKind kind) {
  return static_cast<::remote_prover::ProofType>(kind);
}

class ProverApi final : public ::remote_prover::Api::CallbackService {
 public:
  ProverApi(ProvingTerms& terms, ProofQueue& queue) : terms_(terms), queue_(queue) {}
  grpc::ServerUnaryReactor* Prove(grpc::CallbackServerContext* context,
                                  const ::remote_prover::ProofRequest* request,
                                  ::remote_prover::Proof* response) override {
    return serve_prove(terms_, queue_, *context, *request, response);
  }

 private:
  ProvingTerms& terms_;
  ProofQueue& queue_;
};

class WorkerStatusApi final : public ::remote_prover::WorkerStatusApi::CallbackService {
 public:
  explicit WorkerStatusApi(ProofKind kind) : kind_(kind) {}
  grpc::ServerUnaryReactor* Status(grpc::CallbackServerContext* context, const Empty* request,
                                   ::remote_prover::WorkerStatus* response) override {
    return serve_unary("WorkerStatus", context, request, response,
                       [&]() -> Answer<::remote_prover::WorkerStatus> {
                         ::remote_prover::WorkerStatus status;
                         status.set_version(std::string(kReleaseVersion));
                         status.set_supported_proof_type(to_message(kind_));
                         return status;
                       });
  }

 private:
  const ProofKind kind_;
};

// A prover without a balancer in front describes itself: the reference's monitor asks for nothing
// else (spec §A15).
class ProxyStatusApi final : public ::remote_prover::ProxyStatusApi::CallbackService {
 public:
  explicit ProxyStatusApi(ProofKind kind) : kind_(kind) {}
  grpc::ServerUnaryReactor* Status(grpc::CallbackServerContext* context, const Empty* request,
                                   ::remote_prover::ProxyStatus* response) override {
    return serve_unary(
        "ProxyStatus", context, request, response, [&]() -> Answer<::remote_prover::ProxyStatus> {
          ::remote_prover::ProxyStatus status;
          status.set_version(std::string(kReleaseVersion));
          status.set_supported_proof_type(to_message(kind_));
          ::remote_prover::ProxyWorkerStatus& worker = *status.add_workers();
          worker.set_name("this prover");
          worker.set_version(std::string(kReleaseVersion));
          worker.set_status(is_stopping ? ::remote_prover::UNHEALTHY : ::remote_prover::HEALTHY);
          return status;
        });
  }
  std::atomic<bool> is_stopping = false;

 private:
  const ProofKind kind_;
};

class QueueApi final : public ::remote_prover_queue::Api::CallbackService {
 public:
  QueueApi(const ProvingTerms& terms, ProofQueue& queue) : terms_(terms), queue_(queue) {}
  grpc::ServerUnaryReactor* Status(grpc::CallbackServerContext* context,
                                   const ::remote_prover_queue::StatusRequest* request,
                                   ::remote_prover_queue::QueueStatus* response) override {
    return serve_unary("QueueStatus", context, request, response,
                       [&]() -> Answer<::remote_prover_queue::QueueStatus> {
                         return status(request->request_id());
                       });
  }

 private:
  ::remote_prover_queue::QueueStatus status(const std::string& request_id) {
    const ProofQueueStanding standing = queue_.standing();
    ::remote_prover_queue::QueueStatus status;
    status.set_capacity(static_cast<uint32_t>(standing.capacity));
    status.set_proving(static_cast<uint32_t>(standing.proving));
    status.set_waiting(static_cast<uint32_t>(standing.waiting));
    status.set_proven(terms_.proven);
    status.set_failed(terms_.failed);
    status.set_dropped(standing.dropped);
    if (request_id.empty()) return status;
    if (const auto position = queue_.position(request_id)) {
      status.set_position(static_cast<uint32_t>(*position));
    }
    return status;
  }

  const ProvingTerms& terms_;
  ProofQueue& queue_;
};

}  // namespace

// In the order of their need: calls use the services, these the queue, whose proofs use the terms.
struct ProverServer::Parts {
  Parts(std::shared_ptr<const Engine> engine, const ProverServerOptions& options)
      : terms{.engine = std::move(engine),
              .kind = options.kind,
              .timeout = options.timeout,
              .max_request_bytes = options.max_request_bytes,
              .max_cycles = options.max_cycles},
        queue({.capacity = options.capacity, .workers = options.max_concurrent_proofs}) {
    health.set_serving(kService, true);
  }

  ProvingTerms terms;
  ProofQueue queue;
  OpenGate gate;
  ProverApi api{terms, queue};
  WorkerStatusApi worker_status{terms.kind};
  ProxyStatusApi proxy_status{terms.kind};
  QueueApi queue_status{terms, queue};
  HealthService health{gate};
  ReflectionService reflection{
      {kService, "remote_prover.WorkerStatusApi", "remote_prover.ProxyStatusApi",
       "remote_prover_queue.Api", "grpc.health.v1.Health"},
      gate};
  std::unique_ptr<GrpcServer> server;
};

ProverServer::ProverServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ProverServer::~ProverServer() { stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<ProverServer>> ProverServer::start(std::shared_ptr<const Engine> engine,
                                                          const ProverServerOptions& options) {
  auto parts = std::make_unique<Parts>(std::move(engine), options);
  ServerOptions server_options;
  server_options.listen = options.listen;
  server_options.max_message_bytes = 4 * options.max_request_bytes;
  // Prove has a time limit of its own, which browsers are told of like everybody.
  server_options.serves_browsers = true;
  parts->server = TRY(GrpcServer::start(
      server_options,
      {&parts->api, &parts->worker_status, &parts->proxy_status, &parts->queue_status,
       parts->health.service(), parts->reflection.service(), parts->reflection.v1alpha_service()}));
  return std::unique_ptr<ProverServer>(new ProverServer(std::move(parts)));
}

uint16_t ProverServer::port() const { return parts_->server->port(); }

std::string ProverServer::address() const { return parts_->server->address(); }

bool ProverServer::stop(std::chrono::milliseconds grace) {
  const auto deadline = std::chrono::steady_clock::now() + grace;
  parts_->proxy_status.is_stopping = true;
  parts_->health.set_serving(kService, false);
  parts_->health.close();
  parts_->queue.close();
  parts_->server->shutdown(grace);
  // Calls have ended; a proof whose caller is gone has none.
  return parts_->queue.wait_until_idle(deadline);
}

}  // namespace miden
