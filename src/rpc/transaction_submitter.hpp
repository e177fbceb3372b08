// What a node does with submissions that its public API has checked.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "net/status.hpp"
#include "protocol/transaction.hpp"

namespace miden {

// Decoded, complete, of this chain, with a valid proof.
struct CheckedTransaction {
  std::shared_ptr<const ProvenTransaction> transaction;
  std::string bytes;  // of `transaction`: its public notes' scripts carry no debug information
  // Serialized TransactionInputs as the client sent them. Who needs them judges them.
  std::optional<std::string> inputs;
};

// A user's batch: its transactions in order, committed whole or not at all.
struct CheckedBatch {
  std::vector<CheckedTransaction> transactions;
  std::string proven_batch;    // ProvenBatch as it came
  std::string proposed_batch;  // ProposedBatch as it came
};

// Metadata of the caller that a node which only forwards hands on, and whether there still is one.
struct CallerHeaders {
  std::optional<std::string> accept;
  std::optional<std::string> network_tx_auth;  // x-miden-network-tx-auth
  // Requested when the call is over: timed out or given up. A call to another service on its behalf
  // ends with it.
  std::stop_token left;
};

// As sequencer: hand it to the validator, authenticate it against the chain and admit it to the
// mempool. As full node: hand it to the node that this one follows.
class TransactionSubmitter {
 public:
  virtual ~TransactionSubmitter() = default;
  // The committed tip at admission. Called from any thread of a pool and may take as long as the
  // validator does or the caller waits. A refusing service's status is handed on as it came; see
  // submission_status() for the mempool's.
  virtual Answer<BlockNum> submit(CheckedTransaction transaction, const CallerHeaders& caller) = 0;
  virtual Answer<BlockNum> submit_batch(CheckedBatch batch, const CallerHeaders& caller) = 0;
};

}  // namespace miden
