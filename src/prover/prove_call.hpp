// One call of remote_prover.Api/Prove, from its message to its end. Include it only where the
// service is defined.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "prover/make_proof.hpp"
#include "prover/proof_queue.hpp"
#include "remote_prover.pb.h"

namespace miden {

// What the calls of one prover share; outlives them and the queue.
struct ProvingTerms {
  std::shared_ptr<const Engine> engine;
  ProofKind kind = ProofKind::kTransaction;
  std::chrono::milliseconds timeout{};  // of one call, the time it waits included
  size_t max_request_bytes = 0;
  uint32_t max_cycles = 0;  // of a transaction
  // Since the start.
  std::atomic<uint64_t> proven = 0;
  std::atomic<uint64_t> failed = 0;  // nothing to prove, or the engine gave up
};

// Answers the call when its proof is made, when its time is over (CANCELLED "Timeout expired") or
// when its caller is gone, whichever comes first. `terms` and `queue` must outlive the call.
grpc::ServerUnaryReactor* serve_prove(ProvingTerms& terms, ProofQueue& queue,
                                      const grpc::CallbackServerContext& context,
                                      const ::remote_prover::ProofRequest& request,
                                      ::remote_prover::Proof* response);

}  // namespace miden
