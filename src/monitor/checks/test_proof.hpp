// Proofs that provers are asked to make, to see that they can. spec/prover-and-monitor.md B8.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>

#include "monitor/checks/prover_service.hpp"

namespace miden {

// What a prover is asked for, and how its answer is judged. From any thread.
class TestProofs {
 public:
  virtual ~TestProofs() = default;
  // A Fault: what it is made of cannot be had now; that is no fault of the prover.
  virtual std::expected<Bytes, Fault> payload(::remote_prover::ProofType kind,
                                              const std::stop_token& stop) = 0;
  // Is this the proof of that payload? kProofInvalid, kMalformed.
  virtual std::optional<Fault> judge(::remote_prover::ProofType kind, ByteView payload,
                                     ByteView proof) const = 0;
};

struct TestProofsOptions {
  std::shared_ptr<const Engine> engine;
  ServiceUrl rpc;  // whose genesis block the transaction refers to
  std::chrono::milliseconds request_timeout{10'000};
  // Proves the transaction inside a batch.
  std::shared_ptr<TransactionProver> transaction_prover;
};

// A transaction that creates an account which nobody will have; a batch of that transaction; a
// block request without batches. Made when first asked for, and again for another genesis.
std::shared_ptr<TestProofs> make_test_proofs(const TestProofsOptions& options);

}  // namespace miden
