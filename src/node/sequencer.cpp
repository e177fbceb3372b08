#include "node/sequencer.hpp"

#include <fmt/format.h>

#include "net/end.hpp"
#include "node/admit_transaction.hpp"
#include "node/ask_ntx_builder.hpp"
#include "node/genesis_file.hpp"
#include "node/sequencer_api.hpp"
#include "node/snapshot_channel.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

class ProductionReport final : public ProducerReporter {
 public:
  ProductionReport(const BlockProducer& producer, std::string version)
      : producer_(producer), version_(std::move(version)) {}
  ProducerReport producer_report() const override {
    const BlockProducerStatus status = producer_.status();
    return {.version = version_,
            .status = "connected",
            .chain_tip = status.chain_tip,
            .unbatched_transactions = status.mempool.unbatched_transactions,
            .proposed_batches = status.mempool.proposed_batches,
            .proven_batches = status.mempool.proven_batches};
  }

 private:
  const BlockProducer& producer_;
  std::string version_;
};

// A chain's blocks carry the kernel that its transactions were proven against.
Result<void> check_kernel(const BlockHeader& tip, const Engine& engine) {
  const EngineInfo info = engine.info();
  if (tip.tx_kernel_commitment == info.kernel_commitment) return {};
  return fail(
      "KernelMismatch",
      fmt::format("the chain's transaction kernel is {}, this program's (protocol {}) is {}: use a "
                  "release that fits the chain",
                  tip.tx_kernel_commitment.to_hex(), info.protocol_version,
                  info.kernel_commitment.to_hex()));
}

}  // namespace

Result<void> run_sequencer(const SequencerOptions& options, std::stop_token stop) {
  const std::shared_ptr<const Engine> engine = make_reference_engine(0);
  const auto verifier = std::make_shared<TransactionVerifier>(engine);
  const auto chain =
      TRY(ChainState::open(options.data_directory, {.store = options.store, .executor = nullptr}));
  log_info("chain opened", {{"directory", options.data_directory.string()},
                            {"tip", chain->tip()},
                            {"genesis", chain->genesis_commitment()}});
  TRY(check_kernel(chain->view()->tip_header().header, *engine));
  const auto snapshots = SnapshotChannel::open_if_possible(options.data_directory, *chain);

  End end(std::move(stop));
  BlockProducerOptions producer_options = options.producer;
  producer_options.tx_kernel_commitment = chain->view()->tip_header().header.tx_kernel_commitment;
  producer_options.on_fatal = [&end](const std::string& why) { end.because(why); };
  const auto validator = std::make_shared<ValidatorClient>(
      ValidatorClientOptions{.url = options.validator_url, .timeout = options.validator_timeout});
  BlockProducer producer(*chain, validator, make_batch_prover(options.batch_proving, verifier),
                         make_block_prover(options.block_proving, engine),
                         std::move(producer_options));

  AdmitTransaction submitter(*validator, producer);
  const ProductionReport report(producer, options.rpc.version);
  std::optional<AskNtxBuilder> network_notes;
  if (options.ntx_builder_url) {
    network_notes.emplace(*options.ntx_builder_url, options.rpc.request_timeout);
  }
  const auto server = TRY(
      RpcServer::start(options.rpc, {.chain = chain.get(),
                                     .verifier = verifier.get(),
                                     .submitter = &submitter,
                                     .producer = &report,
                                     .network_notes = network_notes ? &*network_notes : nullptr}));
  std::unique_ptr<SequencerApi> internal;
  if (options.internal_listen) {
    internal = TRY(SequencerApi::start(
        {.listen = *options.internal_listen, .request_timeout = options.rpc.request_timeout},
        producer));
  }
  producer.start();
  const std::string failure = end.wait();

  log_info("stopping", {{"tip", chain->tip()}});
  if (network_notes) network_notes->stop();
  server->shutdown(std::chrono::seconds(3));
  if (internal) internal->shutdown(std::chrono::seconds(1));
  producer.stop();
  if (!failure.empty()) return fail("ProductionFailed", failure);
  return {};
}

Result<void> bootstrap_node(const std::filesystem::path& data_directory,
                            const std::filesystem::path& file) {
  const SignedBlock genesis = TRY(read_genesis_file(file));
  TRY(ChainState::bootstrap(data_directory, genesis));
  log_info("bootstrapped", {{"directory", data_directory.string()},
                            {"genesis", genesis.header.commitment()},
                            {"accounts", genesis.body.updated_accounts.size()}});
  return {};
}

}  // namespace miden
