// The sequencer's heart: from accepted transactions to committed and proven blocks.
// spec/block-production.md §2.
#pragma once

#include <memory>
#include <span>

#include "chain/chain_state.hpp"
#include "mempool/mempool.hpp"
#include "producer/block_signer.hpp"
#include "producer/provers.hpp"

namespace miden {

struct BlockProducerOptions {
  MempoolOptions mempool;  // batch.max-txs, block.max-batches, mempool.tx-capacity
  std::chrono::milliseconds batch_interval = std::chrono::seconds(1);
  size_t batch_workers = 2;
  std::chrono::milliseconds block_interval = std::chrono::seconds(3);
  size_t max_concurrent_proofs = 8;
  Word tx_kernel_commitment;  // EngineInfo's
  // Between attempts while a validator or prover is out of order: doubles from the first to the
  // second.
  std::chrono::milliseconds first_retry = std::chrono::milliseconds(250);
  std::chrono::milliseconds longest_retry = std::chrono::seconds(5);
  // Called once, from any thread, when production cannot go on: a disk failed, or the chain is not
  // what this process made it. The program must end.
  std::function<void(const std::string&)> on_fatal;
};

struct BlockProducerStatus {
  BlockNum chain_tip;  // the pending block counts
  MempoolStats mempool;
};

class BlockProducer {
 public:
  // Takes back the journal's transactions; nothing is produced before start(). `chain` must outlive
  // this.
  BlockProducer(ChainState& chain, std::shared_ptr<BlockSigner> signer,
                std::shared_ptr<BatchProver> batch_prover,
                std::shared_ptr<BlockProver> block_prover, BlockProducerOptions options);
  ~BlockProducer();

  void start();
  // Ends the loops: a block that is being signed is given up, one that is being committed is
  // finished. What was accepted stays in the journal.
  void stop();

  // What may be asked before others are bothered with a submission. Whether the transaction has
  // been answered for and is not in the chain yet:
  bool has_accepted(const TransactionId& id) const;
  // What the chain rules out for good, as submit() and submit_batch() would say it: a note is
  // spent, a new account's id prefix is taken.
  Answer<> check_against_chain(const std::shared_ptr<const ProvenTransaction>& transaction) const;
  Answer<> check_against_chain(
      std::span<const std::shared_ptr<const ProvenTransaction>> batch) const;

  // The end of SubmitProvenTx and SubmitProvenTxBatch (§4.1 step 7): authenticate against the tip,
  // admit, journal. The committed tip, or the status of §7.2. Waits a moment; not for a server's
  // own threads. `encoded_size` is the transaction's, where the caller knows it.
  Answer<BlockNum> submit(std::shared_ptr<const ProvenTransaction> transaction,
                          size_t encoded_size = 0);
  Answer<BlockNum> submit_batch(std::vector<std::shared_ptr<const ProvenTransaction>> transactions);
  // The same for what a full node has authenticated (sequencer.Api, §6.10).
  Answer<BlockNum> submit_authenticated(AuthenticatedTransaction transaction);
  Answer<BlockNum> submit_authenticated_batch(std::vector<AuthenticatedTransaction> transactions);

  BlockProducerStatus status() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace miden
