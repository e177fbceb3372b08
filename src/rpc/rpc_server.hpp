// The node's public server: rpc.Api with health and reflection on one address.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "chain/chain_state.hpp"
#include "engine/transaction_verifier.hpp"
#include "net/server.hpp"
#include "rpc/network_note_source.hpp"
#include "rpc/producer_report.hpp"
#include "rpc/rate_limit.hpp"
#include "rpc/transaction_submitter.hpp"

namespace miden {

// Defaults are those of the reference's options (spec/store-rpc.md §12.1).
struct RpcOptions {
  SocketAddress listen;
  std::string version;  // ours: a semantic version, negotiated with clients and told by Status
  // `--rpc.network-tx-auth-header-value`. Without it nobody may submit for network accounts.
  std::optional<std::string> network_tx_auth;
  std::chrono::milliseconds request_timeout{10'000};
  std::chrono::milliseconds max_connection_age{std::chrono::minutes(30)};
  RateLimiter::Options rate_limit;
  // Whether the forwarding headers say whose request it is, or only the connection does.
  bool trusts_forwarding = true;
  // `--rpc.rate-limit.max-concurrent-connections`: how many submissions may be in progress, and how
  // many questions that another service answers may wait. Reads are answered as they come.
  size_t max_waiting_calls = 1000;
  size_t max_submission_bytes = size_t{256} << 20;  // of the submissions in progress
  size_t verification_threads = 0;  // 0: one less than processors; they yield to all others
  size_t submission_threads = 64;   // each waits for the validator
  bool is_serving_at_start = true;  // what health says of rpc.Api until set_serving
  size_t max_subscriptions = 10;    // to blocks, and as many to proofs
  std::chrono::milliseconds subscription_write_timeout{10'000};
};

// What the server is over; all of it outlives the server.
struct RpcParts {
  const ChainState* chain = nullptr;
  TransactionVerifier* verifier = nullptr;
  TransactionSubmitter* submitter = nullptr;
  const ProducerReporter* producer = nullptr;
  // None: GetNetworkNoteStatus is UNAVAILABLE.
  NetworkNoteSource* network_notes = nullptr;
};

class RpcServer {
 public:
  // Errors: BindFailed, InvalidVersion.
  static Result<std::unique_ptr<RpcServer>> start(const RpcOptions& options, RpcParts parts);
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  uint16_t port() const;
  // What health says of rpc.Api.
  void set_serving(bool is_serving);
  // Takes no new calls, ends those in flight within `grace`. May be called twice.
  void shutdown(std::chrono::milliseconds grace);

  std::shared_ptr<grpc::Channel> in_process_channel();

 private:
  struct State;
  explicit RpcServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace miden
