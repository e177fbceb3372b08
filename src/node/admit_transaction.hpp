// The end of SubmitProvenTx and SubmitProvenTxBatch on a sequencer. spec/block-production.md §4.1
// steps 6 and 7.
#pragma once

#include "producer/block_producer.hpp"
#include "producer/validator_client.hpp"
#include "rpc/transaction_submitter.hpp"

namespace miden {

// First the validator, which must have seen a transaction before it signs a block with it, then the
// mempool. A transaction that the mempool refuses stays validated, which harms nobody. The
// validator is not asked about what the chain rules out for good, nor again about what this node
// has accepted.
class AdmitTransaction final : public TransactionSubmitter {
 public:
  // Both must outlive this.
  AdmitTransaction(ValidatorClient& validator, BlockProducer& producer)
      : validator_(validator), producer_(producer) {}
  Answer<BlockNum> submit(CheckedTransaction transaction, const CallerHeaders& caller) override;
  Answer<BlockNum> submit_batch(CheckedBatch batch, const CallerHeaders& caller) override;

 private:
  Answer<> validate(const CheckedTransaction& transaction, const std::stop_token& stop);

  ValidatorClient& validator_;
  BlockProducer& producer_;
};

}  // namespace miden
