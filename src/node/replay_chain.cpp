#include "node/replay_chain.hpp"

#include <fmt/format.h>

#include <cmath>

#include "sync/block_pipeline.hpp"
#include "sync/catch_up_progress.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

namespace fs = std::filesystem;

constexpr size_t kProofsPerWrite = 256;

std::unexpected<Error> stopped() { return fail("Stopped", "stopped before the end"); }

std::unexpected<Error> missing(std::string_view what, BlockNum block) {
  return fail("StorageDiverged", fmt::format("the {} of block {} is missing", what, block.value));
}

void log_progress(const CatchUpProgress::Report& report) {
  if (report.kind == CatchUpProgress::Report::Kind::kDone) {
    log_info("all blocks applied",
             {{"blocks", report.blocks}, {"seconds", std::lround(report.seconds)}});
  } else {
    log_info("applying blocks", {{"blocks_left", report.blocks_left},
                                 {"blocks_per_second", std::lround(report.blocks_per_second)},
                                 {"seconds_left", report.seconds_left}});
  }
}

Result<void> replay_blocks(const StateView& source, ChainState& chain,
                           const std::stop_token& stop) {
  CatchUpProgress progress;
  BlockPipeline pipeline(chain, {}, [&](const BlockPipeline::Group& group) {
    const auto report = progress.applied(std::chrono::steady_clock::now(), group.tip, source.tip(),
                                         group.blocks, group.transactions);
    if (report) log_progress(*report);
  });
  for (BlockNum block{1}; block <= source.tip(); block = block.next()) {
    const std::optional<Bytes> bytes = source.block(block);
    if (!bytes) return missing("body", block);
    if (!pipeline.push(std::string(bytes->begin(), bytes->end()), stop)) break;
  }
  pipeline.drain(stop);
  pipeline.rethrow_failure();
  if (const auto refusal = pipeline.refusal()) {
    return fail(refusal->code,
                fmt::format("block {}: {}", chain.tip().next().value, refusal->message));
  }
  if (chain.tip() != source.tip()) return stopped();
  return {};
}

Result<void> replay_proofs(const StateView& source, ChainState& chain,
                           const std::stop_token& stop) {
  while (chain.proven_tip() < source.proven_tip()) {
    if (stop.stop_requested()) return stopped();
    const BlockNum first = chain.proven_tip().next();
    std::vector<Bytes> proofs;
    for (BlockNum block = first; block <= source.proven_tip() && proofs.size() < kProofsPerWrite;
         block = block.next()) {
      std::optional<Bytes> proof = source.proof(block);
      if (!proof) return missing("proof", block);
      proofs.push_back(*std::move(proof));
    }
    TRY(chain.apply_proofs(first, proofs));
  }
  return {};
}

}  // namespace

Result<void> replay_chain(const fs::path& from, const fs::path& to, const std::stop_token& stop) {
  const auto source_chain =
      TRY(ChainState::open(from, {.store = {}, .executor = std::make_shared<SerialExecutor>()}));
  const std::shared_ptr<const StateView> source = source_chain->view();
  const std::optional<Bytes> bytes = source->block(kGenesis);
  if (!bytes) return missing("body", kGenesis);
  const SignedBlock genesis = TRY(from_bytes<SignedBlock>(*bytes));
  if (genesis.header.commitment() != source->genesis_commitment()) {
    return fail("StorageDiverged", "the body of the genesis block is not that of its header");
  }
  TRY(ChainState::bootstrap(to, genesis));
  const auto chain = TRY(ChainState::open(to));
  TRY(replay_blocks(*source, *chain, stop));
  if (chain->view()->tip_header().commitment != source->tip_header().commitment) {
    return fail("StorageDiverged", "the stored blocks lead to another tip than the stored headers");
  }
  return replay_proofs(*source, *chain, stop);
}

}  // namespace miden
