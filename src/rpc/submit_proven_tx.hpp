// From a client's bytes to a transaction that the node takes over. spec/store-rpc.md §18.1,
// block-production.md §4.1.
#pragma once

#include <memory>
#include <optional>

#include "chain/state_view.hpp"
#include "engine/engine.hpp"
#include "net/status.hpp"
#include "protocol/transaction.hpp"

namespace transaction {
class ProvenTransaction;
}

namespace miden {

// Decoded, complete, of this chain, with a valid proof.
struct CheckedTransaction {
  std::shared_ptr<const ProvenTransaction> transaction;
  std::string bytes;  // of `transaction`: its public notes' scripts carry no debug information
  // Serialized TransactionInputs as the client sent them. Who needs them judges them.
  std::optional<std::string> inputs;
};

// What a node does with a checked transaction: as sequencer hand it to the validator, authenticate
// it against the chain and admit it to the mempool.
class TransactionSubmitter {
 public:
  virtual ~TransactionSubmitter() = default;
  // The committed tip at admission. Called from any thread of a pool and may take as long as the
  // validator does. A refusing service's status is handed on as it came; see submission_status()
  // for the mempool's.
  virtual Answer<BlockNum> submit(CheckedTransaction transaction) = 0;
};

// Steps 1 to 6: decode, reference block, rules that decoding leaves out, gate of network accounts,
// proof. Nothing is changed anywhere. `is_network_authorized` opens the gate.
Answer<CheckedTransaction> check_submission(const StateView& view, const Engine& engine,
                                            const ::transaction::ProvenTransaction& request,
                                            bool is_network_authorized);

}  // namespace miden
