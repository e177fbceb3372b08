// miden-node sequencer.
#include <fmt/format.h>

#include <limits>
#include <memory>

#include "miden_node/command.hpp"
#include "miden_node/node_options.hpp"
#include "node/sequencer.hpp"

namespace miden {
namespace {

constexpr const char* kProductionGroup = "Block production";

struct SequencerCommand {
  Result<void> run(std::stop_token stop);

  SequencerOptions options;
  RpcSettings rpc;
  StoreSettings store;
};

// Each is a thread.
constexpr uint64_t kMostWorkers = 1024;

void add_count(CLI::App& command, const std::string& name, size_t& target, const std::string& help,
               const std::string& environment,
               uint64_t most = std::numeric_limits<uint64_t>::max()) {
  command.add_option(name, target, help)
      ->envname(environment)
      ->check(positive(most))
      ->capture_default_str()
      ->group(kProductionGroup);
}

// `kind` is "batch" or "block". More than one URL, the timeout and the fallback are ours.
void add_prover_options(CLI::App& command, const std::string& kind, ProvingOptions& proving) {
  const std::string prefix = "--" + kind + "-prover.";
  const std::string environment =
      kind == "batch" ? "MIDEN_NODE_BATCH_PROVER_" : "MIDEN_NODE_BLOCK_PROVER_";
  add_urls(command, prefix + "url", proving.urls,
           "Remote " + kind +
               " prover; none: proven here. May be given more than once: one stands in for another")
      ->envname(environment + "URL")
      ->group(kProductionGroup);
  add_duration(command, prefix + "timeout", proving.timeout,
               "Limit for one attempt at a remote " + kind + " prover")
      ->envname(environment + "TIMEOUT")
      ->group(kProductionGroup);
  command
      .add_flag(prefix + "local-fallback", proving.falls_back_to_local,
                "Prove here while no remote " + kind + " prover works")
      ->envname(environment + "LOCAL_FALLBACK")
      ->group(kProductionGroup);
}

void add_production_options(CLI::App& command, SequencerCommand& settings) {
  SequencerOptions& options = settings.options;
  add_url(command, "--validator.url", options.validator_url, "The validator")
      ->envname("MIDEN_NODE_VALIDATOR_URL")
      ->required()
      ->group(kProductionGroup);
  add_duration(command, "--validator.timeout", options.validator_timeout,
               "Limit for one call to the validator")
      ->envname("MIDEN_NODE_VALIDATOR_TIMEOUT")
      ->group(kProductionGroup);
  add_url(command, "--ntx-builder.url", options.ntx_builder_url,
          "The network transaction builder, asked by GetNetworkNoteStatus; connected when needed")
      ->envname("MIDEN_NODE_NTX_BUILDER_URL")
      ->required()
      ->group(kProductionGroup);
  add_duration(command, "--batch.interval", options.producer.batch_interval,
               "Longest pause between batches")
      ->envname("MIDEN_NODE_BATCH_INTERVAL")
      ->group(kProductionGroup);
  MempoolOptions& mempool = options.producer.mempool;
  add_count(command, "--batch.max-txs", mempool.max_transactions_per_batch,
            "Transactions in a batch", "MIDEN_NODE_BATCH_MAX_TXS");
  add_count(command, "--batch.workers", options.producer.batch_workers, "Batches proven at once",
            "MIDEN_NODE_BATCH_WORKERS", kMostWorkers);
  add_prover_options(command, "batch", options.batch_proving);
  add_duration(command, "--block.interval", options.producer.block_interval, "Time between blocks")
      ->envname("MIDEN_NODE_BLOCK_INTERVAL")
      ->group(kProductionGroup);
  add_count(command, "--block.max-batches", mempool.max_batches_per_block, "Batches in a block",
            "MIDEN_NODE_BLOCK_MAX_BATCHES");
  add_count(command, "--block.max-concurrent-proofs", options.producer.max_concurrent_proofs,
            "Blocks proven at once", "MIDEN_NODE_BLOCK_MAX_CONCURRENT_PROOFS", kMostWorkers);
  add_prover_options(command, "block", options.block_proving);
  add_count(command, "--mempool.tx-capacity", mempool.transaction_capacity,
            "Transactions accepted and not committed", "MIDEN_NODE_MEMPOOL_TX_CAPACITY");
  add_listen(command, "--internal.listen", options.internal_listen,
             "Address of the private sequencer.Api, for full nodes that admit submissions "
             "themselves; who reaches it is believed, so keep it off public networks")
      ->envname("MIDEN_NODE_SEQUENCER_INTERNAL_LISTEN")
      ->group(kProductionGroup);
}

Result<void> check_limits(const SequencerOptions& options) {
  const MempoolOptions& mempool = options.producer.mempool;
  if (mempool.max_transactions_per_batch > kMaxAccountsPerBatch) {
    return fail("BatchLimit", fmt::format("batch.max-txs cannot exceed protocol limit of {}",
                                          kMaxAccountsPerBatch));
  }
  if (mempool.max_batches_per_block > kMaxBatchesPerBlock) {
    return fail("BlockLimit", fmt::format("block.max-batches cannot exceed protocol limit of {}",
                                          kMaxBatchesPerBlock));
  }
  return {};
}

Result<void> SequencerCommand::run(std::stop_token stop) {
  TRY(check_limits(options));
  options.rpc = TRY(rpc.checked());
  options.store = store.store;
  return run_sequencer(options, std::move(stop));
}

}  // namespace

Command add_sequencer_command(CLI::App& program) {
  const auto sequencer = std::make_shared<SequencerCommand>();
  CLI::App* command =
      program.add_subcommand("sequencer", "Take transactions, make blocks, serve the public API");
  add_data_directory(*command, sequencer->options.data_directory);
  add_rpc_options(*command, sequencer->rpc);
  add_store_options(*command, sequencer->store);
  add_production_options(*command, *sequencer);
  return {.app = command,
          .run = [sequencer](std::stop_token stop) { return sequencer->run(std::move(stop)); }};
}

}  // namespace miden
