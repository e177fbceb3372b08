#include "producer/block_producer.hpp"

#include <algorithm>
#include <atomic>

#include "producer/authenticate.hpp"
#include "producer/batch_builder.hpp"
#include "producer/block_builder.hpp"
#include "producer/proof_scheduler.hpp"
#include "producer/submission_status.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kShortestPeriod(50);

uint32_t unix_seconds() {
  return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                   std::chrono::system_clock::now().time_since_epoch())
                                   .count());
}

// The reference answers a nullifier that the chain has spent differently for single transactions
// and for batches (§7.2), and clients know it so.
Answer<AuthenticatedTransaction> authenticated_single(
    const StateView& view, std::shared_ptr<const ProvenTransaction> transaction,
    size_t encoded_size) {
  Result<AuthenticatedTransaction> authenticated =
      authenticate(view, std::move(transaction), encoded_size);
  if (authenticated) return *std::move(authenticated);
  Error& error = authenticated.error();
  if (error.code == "NullifiersAlreadyExist") error.code = "SpentInChain";
  return std::unexpected(submission_status(error));
}

Answer<std::vector<AuthenticatedTransaction>> authenticated_batch(
    const StateView& view, std::span<const std::shared_ptr<const ProvenTransaction>> transactions) {
  std::vector<AuthenticatedTransaction> batch;
  for (const auto& transaction : transactions) {
    Result<AuthenticatedTransaction> authenticated = authenticate(view, transaction);
    if (!authenticated) return std::unexpected(submission_status(authenticated.error()));
    batch.push_back(*std::move(authenticated));
  }
  return batch;
}

MempoolOptions bounded(MempoolOptions options, const BatchProver& prover) {
  options.max_bytes_per_batch = std::min(options.max_bytes_per_batch, prover.max_batch_bytes());
  return options;
}

}  // namespace

struct BlockProducer::Parts {
  ChainState& chain;
  std::shared_ptr<BlockSigner> signer;
  std::shared_ptr<BatchProver> batch_prover;
  std::shared_ptr<BlockProver> block_prover;
  std::function<void(const std::string&)> on_fatal;
  // The builders speak to the owner, so they end before it.
  MempoolOwner owner;
  BatchBuilder batch_builder;
  BlockBuilder block_builder;
  ProofScheduler proof_scheduler;

  Parts(ChainState& chain_state, std::shared_ptr<BlockSigner> block_signer,
        std::shared_ptr<BatchProver> prover_of_batches,
        std::shared_ptr<BlockProver> prover_of_blocks, const BlockProducerOptions& options)
      : chain(chain_state),
        signer(std::move(block_signer)),
        batch_prover(std::move(prover_of_batches)),
        block_prover(std::move(prover_of_blocks)),
        on_fatal([told = std::make_shared<std::atomic_flag>(),
                  tell = options.on_fatal](const std::string& why) {
          log_error("block production ends", {{"cause", why}});
          if (tell && !told->test_and_set()) tell(why);
        }),
        owner(chain, {.mempool = bounded(options.mempool, *batch_prover), .on_fatal = on_fatal}),
        batch_builder(chain, owner, *batch_prover,
                      {.interval = std::max(options.batch_interval, kShortestPeriod),
                       .full_check_period = std::max(options.block_interval / 10, kShortestPeriod),
                       .workers = options.batch_workers,
                       .first_retry = options.first_retry,
                       .longest_retry = options.longest_retry,
                       .on_fatal = on_fatal}),
        block_builder(chain, owner, *signer,
                      {.interval = options.block_interval,
                       .first_retry = options.first_retry,
                       .longest_retry = options.longest_retry,
                       .tx_kernel_commitment = options.tx_kernel_commitment,
                       .now = unix_seconds,
                       .on_fatal = on_fatal}),
        proof_scheduler(chain, *block_prover,
                        {.max_concurrent_proofs = options.max_concurrent_proofs,
                         .first_retry = options.first_retry,
                         .longest_retry = options.longest_retry,
                         .on_fatal = on_fatal}) {}
};

BlockProducer::BlockProducer(ChainState& chain, std::shared_ptr<BlockSigner> signer,
                             std::shared_ptr<BatchProver> batch_prover,
                             std::shared_ptr<BlockProver> block_prover,
                             BlockProducerOptions options)
    : parts_(std::make_unique<Parts>(chain, std::move(signer), std::move(batch_prover),
                                     std::move(block_prover), options)) {}

BlockProducer::~BlockProducer() { stop(); }

void BlockProducer::start() {
  parts_->batch_builder.start();
  parts_->block_builder.start();
  parts_->proof_scheduler.start();
  log_info("block production started", {{"tip", parts_->chain.tip()}});
}

void BlockProducer::stop() {
  parts_->block_builder.stop();
  parts_->batch_builder.stop();
  parts_->proof_scheduler.stop();
  parts_->owner.stop();
}

bool BlockProducer::has_accepted(const TransactionId& id) const {
  return parts_->owner.has_accepted(id);
}

Answer<> BlockProducer::check_against_chain(
    const std::shared_ptr<const ProvenTransaction>& transaction) const {
  TRY(authenticated_single(*parts_->chain.view(), transaction, 0));
  return {};
}

Answer<> BlockProducer::check_against_chain(
    std::span<const std::shared_ptr<const ProvenTransaction>> batch) const {
  TRY(authenticated_batch(*parts_->chain.view(), batch));
  return {};
}

Answer<BlockNum> BlockProducer::submit(std::shared_ptr<const ProvenTransaction> transaction,
                                       size_t encoded_size) {
  const std::shared_ptr<const StateView> view = parts_->chain.view();
  return submit_authenticated(
      TRY(authenticated_single(*view, std::move(transaction), encoded_size)));
}

Answer<BlockNum> BlockProducer::submit_batch(
    std::vector<std::shared_ptr<const ProvenTransaction>> transactions) {
  const std::shared_ptr<const StateView> view = parts_->chain.view();
  return submit_authenticated_batch(TRY(authenticated_batch(*view, transactions)));
}

Answer<BlockNum> BlockProducer::submit_authenticated(AuthenticatedTransaction transaction) {
  return parts_->owner.submit(std::move(transaction));
}

Answer<BlockNum> BlockProducer::submit_authenticated_batch(
    std::vector<AuthenticatedTransaction> transactions) {
  return parts_->owner.submit_batch(std::move(transactions));
}

BlockProducerStatus BlockProducer::status() const {
  return {.chain_tip = parts_->owner.chain_tip(), .mempool = parts_->owner.stats()};
}

}  // namespace miden
