// A remote prover as the monitor uses it.
#pragma once

#include <condition_variable>
#include <expected>
#include <memory>
#include <mutex>
#include <vector>

#include "monitor/checks/local_prover.hpp"
#include "monitor/grpc_target.hpp"
#include "remote_prover.grpc.pb.h"

namespace miden {

// Asked by this monitor for one proof at a time: it must not fill a queue itself and then report
// that the queue is full. From any thread.
class ProverService {
 public:
  ProverService(ServiceUrl url, std::chrono::milliseconds proof_timeout);

  GrpcTarget& target() { return target_; }
  std::chrono::milliseconds proof_timeout() const { return proof_timeout_; }
  // kQueueFull also when another request of this monitor's does not end within `most_wait`.
  std::expected<Bytes, Fault> prove(::remote_prover::ProofType kind, ByteView payload,
                                    std::chrono::milliseconds most_wait,
                                    const std::stop_token& stop);

 private:
  const std::chrono::milliseconds proof_timeout_;
  GrpcTarget target_;
  std::mutex mutex_;  // guards is_busy_
  std::condition_variable_any changed_;
  bool is_busy_ = false;
};

// Proves transactions: by the first remote prover that does, else here. From any thread.
class TransactionProver {
 public:
  TransactionProver(std::vector<std::shared_ptr<ProverService>> remote,
                    std::shared_ptr<LocalProver> local, std::shared_ptr<const Engine> engine,
                    std::chrono::milliseconds proof_timeout);
  struct Proof {
    Bytes transaction;  // ProvenTransaction, verified
    std::string by;     // "http://host:port/", "this monitor"
  };
  std::expected<Proof, Fault> prove(ByteView tx_inputs, const std::stop_token& stop);

 private:
  const std::vector<std::shared_ptr<ProverService>> remote_;
  const std::shared_ptr<LocalProver> local_;
  const std::shared_ptr<const Engine> engine_;
  const std::chrono::milliseconds proof_timeout_;
};

}  // namespace miden
