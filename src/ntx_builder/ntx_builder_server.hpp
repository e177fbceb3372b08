// The builder's service, from start to an orderly end. spec/ntx-builder.md §2, §17.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "net/server.hpp"
#include "ntx_builder/follow_chain.hpp"
#include "ntx_builder/node_client.hpp"
#include "ntx_builder/prove_transaction.hpp"
#include "ntx_builder/run_accounts.hpp"

namespace miden {

struct NtxBuilderOptions {
  SocketAddress listen;
  NodeClientOptions node;  // its genesis is the state's
  NetworkProvingOptions proving;
  AccountRunner::Options accounts;  // its expiration script is made from the delta
  ChainFollower::Options follower;
};

// The transaction script that makes a transaction expire so many blocks after its reference block.
// It is the reference's: accounts allow it by its root. Error: AssemblyFailed.
Result<AssembledScript> make_expiration_script(const Engine& engine, uint16_t delta);

// Serves ntx_builder.Api, health and reflection from the start; follows the node and executes
// transactions as soon as it is at the node's tip.
class NtxBuilder {
 public:
  // `on_fatal` is told, once or more and from any thread, why the program must end. Errors:
  // BindFailed, AssemblyFailed.
  static Result<std::unique_ptr<NtxBuilder>> start(std::unique_ptr<BuilderState> state,
                                                   std::shared_ptr<const Engine> engine,
                                                   NtxBuilderOptions options,
                                                   std::function<void(std::string)> on_fatal);
  ~NtxBuilder();
  NtxBuilder(const NtxBuilder&) = delete;
  NtxBuilder& operator=(const NtxBuilder&) = delete;

  std::string address() const;
  uint16_t port() const;
  BuilderState& state();
  bool is_in_sync() const;

  // Takes no new calls and starts no new transaction; returns when what cannot be interrupted, an
  // execution or a proof of this process, is done.
  void stop();

 private:
  struct Parts;
  explicit NtxBuilder(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace miden
