// miden-remote-prover's service, from start to an orderly end. spec/prover-and-monitor.md Part A.
#pragma once

#include <chrono>
#include <memory>

#include "net/server.hpp"
#include "prover/make_proof.hpp"

namespace miden {

struct ProverServerOptions {
  ProofKind kind = ProofKind::kTransaction;
  SocketAddress listen = {.ip = "0.0.0.0", .port = 50051};
  std::chrono::milliseconds timeout = std::chrono::seconds(60);  // of one request, queue included
  size_t capacity = 1;               // requests taken in at once, those being proven included
  size_t max_concurrent_proofs = 1;  // each of a transaction takes a gigabyte or more
  size_t max_request_bytes = kMaxRequestBytes;
  uint32_t max_cycles = 1u << 29;  // of a transaction; the VM's own limit
};

// Serves remote_prover.Api, WorkerStatusApi and ProxyStatusApi (of itself alone), the state of its
// queue (remote_prover_queue.Api, ours), health and reflection.
class ProverServer {
 public:
  // Error: BindFailed.
  static Result<std::unique_ptr<ProverServer>> start(std::shared_ptr<const Engine> engine,
                                                     const ProverServerOptions& options);
  // Stops at once, but waits for the proofs that are being made.
  ~ProverServer();
  ProverServer(const ProverServer&) = delete;
  ProverServer& operator=(const ProverServer&) = delete;

  uint16_t port() const;
  std::string address() const;

  // Takes no new calls, refuses those that wait (UNAVAILABLE: another prover may take them), gives
  // those that are being proven until the end of `grace`. False when a proof is still being made
  // then: it cannot be interrupted, only the process be ended.
  bool stop(std::chrono::milliseconds grace);

 private:
  struct Parts;
  explicit ProverServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace miden
