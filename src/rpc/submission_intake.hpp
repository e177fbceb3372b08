// How submissions are taken in without holding up one another or the reads.
//
// Each has two turns: it is checked, on few threads that yield to everything else of the process;
// then it is handed over, on threads of which each waits for the validator. So a slow validator
// delays no verification, and a flood of proofs nobody who waits for the validator. What is in
// progress is limited in number and in bytes, and beyond that refused before anything is copied. A
// submission whose caller is gone by the time of its turn is dropped.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "chain/chain_state.hpp"
#include "engine/transaction_verifier.hpp"
#include "net/thread_pool.hpp"
#include "rpc/transaction_submitter.hpp"

namespace blockchain {
class BlockNumber;
}
namespace grpc {
class CallbackServerContext;
class ServerUnaryReactor;
}  // namespace grpc
namespace transaction {
class ProvenTransaction;
class TransactionBatch;
}  // namespace transaction

namespace miden {

class SubmissionIntake {
 public:
  struct Options {
    std::optional<std::string> network_tx_auth;  // x-miden-network-tx-auth; see RpcOptions
    std::chrono::milliseconds timeout{10'000};   // of one submission, both turns together
    size_t max_in_progress = 1000;
    size_t max_bytes_in_progress = size_t{256} << 20;  // of requests
    size_t verification_threads = 0;                   // 0: one less than processors, at least one
    size_t handover_threads = 64;
  };
  // All must outlive this.
  SubmissionIntake(Options options, const ChainState& chain, TransactionVerifier& verifier,
                   TransactionSubmitter& submitter);
  ~SubmissionIntake();

  // For calls that the gate has admitted.
  grpc::ServerUnaryReactor* submit_proven_tx(grpc::CallbackServerContext& context,
                                             const ::transaction::ProvenTransaction& request,
                                             ::blockchain::BlockNumber* response,
                                             CallerHeaders caller);
  grpc::ServerUnaryReactor* submit_proven_tx_batch(grpc::CallbackServerContext& context,
                                                   const ::transaction::TransactionBatch& request,
                                                   ::blockchain::BlockNumber* response,
                                                   CallerHeaders caller);

  // What waits for its turn is UNAVAILABLE from now on.
  void refuse_waiting() { is_stopping_ = true; }
  // Ends what is left and joins the threads. May be called twice.
  void stop();

 private:
  class Place;

  // `check`: Answer<Checked>(request, is_authorized, stop token of the call); `hand_over`:
  // Answer<BlockNum>(Checked, caller).
  template <class Checked, class Request, class Check, class HandOver>
  grpc::ServerUnaryReactor* take(std::string_view method, grpc::CallbackServerContext& context,
                                 const Request& request, ::blockchain::BlockNumber* response,
                                 CallerHeaders caller, Check check, HandOver hand_over);
  Answer<> check_open() const;

  const Options options_;
  const ChainState& chain_;
  TransactionVerifier& verifier_;
  TransactionSubmitter& submitter_;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<size_t> in_progress_ = 0;
  std::atomic<size_t> bytes_in_progress_ = 0;
  // What is checked goes on to be handed over: that pool must end later.
  ThreadPool handovers_;
  ThreadPool checks_;
};

}  // namespace miden
