#include "node/full_node.hpp"

#include "net/end.hpp"
#include "node/forward_upstream.hpp"
#include "node/readiness.hpp"
#include "node/snapshot_channel.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

// It serves and follows any chain, but can only verify proofs of its own release.
void warn_of_foreign_kernel(const BlockHeader& tip, const Engine& engine) {
  const EngineInfo info = engine.info();
  if (tip.tx_kernel_commitment == info.kernel_commitment) return;
  log_warn("the chain's transaction kernel is not this program's: submissions will be refused",
           {{"chain.kernel", tip.tx_kernel_commitment},
            {"kernel", info.kernel_commitment},
            {"protocol", info.protocol_version}});
}

}  // namespace

Result<void> run_full_node(const FullNodeOptions& options, std::stop_token stop) {
  const std::shared_ptr<const Engine> engine = make_reference_engine(0);
  TransactionVerifier verifier(engine);
  const auto chain =
      TRY(ChainState::open(options.data_directory, {.store = options.store, .executor = nullptr}));
  log_info("chain opened", {{"directory", options.data_directory.string()},
                            {"tip", chain->tip()},
                            {"proven_tip", chain->proven_tip()},
                            {"genesis", chain->genesis_commitment()}});
  warn_of_foreign_kernel(chain->view()->tip_header().header, *engine);
  const auto snapshots = SnapshotChannel::open_if_possible(options.data_directory, *chain);

  End end(std::move(stop));
  ChainFollower::Options sync = options.sync;
  sync.on_fatal = [&end](const std::string& why) { end.because(why); };
  ChainFollower follower(*chain, std::move(sync));

  ForwardUpstream upstream(follower.sources(), options.rpc.request_timeout);
  std::optional<SubmitAuthenticated> authenticated;
  if (options.authenticated) {
    authenticated.emplace(*chain, *options.authenticated);
    log_info("submissions are admitted here",
             {{"validator", options.authenticated->validator_url.to_string()},
              {"sequencer", options.authenticated->sequencer_url.to_string()}});
  }
  TransactionSubmitter* submitter = &upstream;
  if (authenticated) submitter = &*authenticated;
  const UpstreamReport report(follower.sources());

  RpcOptions rpc = options.rpc;
  rpc.is_serving_at_start = false;
  const auto server = TRY(RpcServer::start(rpc, {.chain = chain.get(),
                                                 .verifier = &verifier,
                                                 .submitter = submitter,
                                                 .producer = &report,
                                                 .network_notes = &upstream}));
  Readiness readiness(*chain, follower.sources(),
                      {.threshold = options.ready_threshold, .period = Readiness::Options{}.period},
                      [&server](bool is_ready) { server->set_serving(is_ready); });
  follower.start();
  readiness.start();
  const std::string failure = end.wait();

  log_info("stopping", {{"tip", chain->tip()}});
  readiness.stop();
  upstream.stop();
  server->shutdown(std::chrono::seconds(3));
  follower.stop();
  if (!failure.empty()) return fail("SyncFailed", failure);
  return {};
}

}  // namespace miden
