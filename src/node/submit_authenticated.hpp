// A full node that does the sequencer's checking for it. spec/store-rpc.md §18.5,
// block-production.md §4.3, §6.10.
#pragma once

#include <chrono>
#include <memory>

#include "chain/chain_state.hpp"
#include "net/address.hpp"
#include "producer/validator_client.hpp"
#include "rpc/transaction_submitter.hpp"

namespace grpc {
class Channel;
}

namespace miden {

// What this chain says of a transaction's inputs goes to the sequencer with it, which asks its own
// mempool only. The validator sees it first. No header of the caller's is needed any more: the
// gates were this node's.
class SubmitAuthenticated final : public TransactionSubmitter {
 public:
  struct Options {
    ServiceUrl validator_url;
    ServiceUrl sequencer_url;                                     // its --internal.listen
    std::chrono::milliseconds timeout = std::chrono::seconds(5);  // of each call
  };
  // `chain` must outlive this.
  SubmitAuthenticated(const ChainState& chain, const Options& options);

  // Refused here: a nullifier that is spent, and a new account whose id's prefix another one has,
  // INTERNAL with the reference's texts. Everything else is the validator's or the sequencer's
  // answer as it comes.
  Answer<BlockNum> submit(CheckedTransaction transaction, const CallerHeaders& caller) override;
  Answer<BlockNum> submit_batch(CheckedBatch batch, const CallerHeaders& caller) override;

 private:
  Answer<> validate(const CheckedTransaction& transaction, const std::stop_token& stop);

  const ChainState& chain_;
  const std::chrono::milliseconds timeout_;
  ValidatorClient validator_;
  const std::shared_ptr<grpc::Channel> sequencer_;
};

}  // namespace miden
