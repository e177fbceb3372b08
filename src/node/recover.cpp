#include "node/recover.hpp"

#include <fmt/format.h>

#include "chain/chain_state.hpp"
#include "net/retry.hpp"
#include "producer/validator_client.hpp"
#include "sync/block_pipeline.hpp"
#include "sync/catch_up_progress.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

constexpr std::chrono::milliseconds kFirstRetry(250);
constexpr std::chrono::milliseconds kLongestRetry(5000);

std::unexpected<Error> stopped(BlockNum tip) {
  return fail("RecoveryStopped",
              fmt::format("stopped at block {}; run it again to go on", tip.value));
}

// A validator that is away, or busy for a moment (the reference's serves nobody while another call
// is under way): one more attempt is worth it until patience ends.
class Attempts {
 public:
  Attempts(std::chrono::milliseconds patience, const std::stop_token& stop)
      : patience_(patience), stop_(stop) {}
  void progressed() {
    since_ = std::chrono::steady_clock::now();
    backoff_.reset();
  }
  bool again(const Status& status) {
    if (std::chrono::steady_clock::now() - since_ > patience_) return false;
    log_info("validator does not answer, trying again",
             {{"status", to_string(status.code)}, {"message", status.message}});
    return backoff_.wait(stop_);
  }

 private:
  const std::chrono::milliseconds patience_;
  const std::stop_token& stop_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  Backoff backoff_{kFirstRetry, kLongestRetry};
};

std::unexpected<Error> unreachable(const Status& status) {
  return fail("ValidatorUnreachable", fmt::format("the validator does not answer: {}: {}",
                                                  to_string(status.code), status.message));
}

Result<BlockNum> validator_tip(ValidatorClient& validator, Attempts& attempts,
                               const std::stop_token& stop) {
  while (true) {
    const Answer<BlockNum> tip = validator.signed_tip(stop);
    if (tip) return *tip;
    if (!attempts.again(tip.error())) return unreachable(tip.error());
  }
}

// The header of a block that both have.
Result<Word> validators_commitment(ValidatorClient& validator, BlockNum block_num,
                                   Attempts& attempts, const std::stop_token& stop) {
  while (true) {
    std::optional<Bytes> bytes;
    const Answer<> received = validator.signed_blocks(
        block_num,
        [&](Bytes block) {
          bytes = std::move(block);
          return false;
        },
        stop);
    if (bytes) return TRY(from_bytes<SignedBlock>(*bytes)).header.commitment();
    if (received) return fail("InvalidBlock", "the validator sent no block");
    if (!attempts.again(received.error())) return unreachable(received.error());
  }
}

// Before anything is applied: are the two of one chain as far as both go?
Result<void> check_common_block(const ChainState& chain, ValidatorClient& validator,
                                BlockNum validator_tip, Attempts& attempts,
                                const std::stop_token& stop) {
  const BlockNum common = std::min(chain.tip(), validator_tip);
  const Word theirs = TRY(validators_commitment(validator, common, attempts, stop));
  const Word ours = *chain.view()->block_commitment(common);
  if (ours == theirs) return {};
  return fail("ValidatorForked",
              fmt::format("block {} of this node is {}, the validator's is {}: it is another "
                          "network's validator, or one of the two was restored from a copy of a "
                          "branch that was given up",
                          common.value, ours.to_hex(), theirs.to_hex()));
}

Result<void> fetch(ChainState& chain, ValidatorClient& validator, BlockNum target,
                   Attempts& attempts, const std::stop_token& stop) {
  CatchUpProgress progress(std::chrono::seconds(2), 0);
  const auto on_applied = [&](const BlockPipeline::Group& group) {
    attempts.progressed();
    const auto report = progress.applied(std::chrono::steady_clock::now(), group.tip, target,
                                         group.blocks, group.transactions);
    if (!report || report->kind != CatchUpProgress::Report::Kind::kUnderWay) return;
    log_info("recovering", {{"tip", group.tip},
                            {"validator.tip", target},
                            {"blocks_per_s", static_cast<uint64_t>(report->blocks_per_second)},
                            {"seconds_left", report->seconds_left}});
  };
  while (chain.tip() < target) {
    BlockPipeline pipeline(chain, {}, on_applied);
    const Answer<> received = validator.signed_blocks(
        chain.tip().next(),
        [&](Bytes block) { return pipeline.push(std::string(as_string_view(block)), stop); }, stop);
    pipeline.drain(stop);
    pipeline.rethrow_failure();
    if (stop.stop_requested()) return stopped(chain.tip());
    if (const std::optional<Error> refusal = pipeline.refusal()) {
      return fail("InvalidBlock",
                  fmt::format("block {} of the validator does not fit this chain: {}",
                              chain.tip().next().value, refusal->message));
    }
    if (chain.tip() >= target) break;
    const Status status =
        received ? Status(StatusCode::kUnavailable,
                          fmt::format("its block stream ended at block {} before reaching the "
                                      "chain tip {}",
                                      chain.tip().value, target.value))
                 : received.error();
    if (!attempts.again(status)) return unreachable(status);
  }
  return {};
}

}  // namespace

Result<void> run_recover(const RecoverOptions& options, const std::stop_token& stop) {
  const auto chain =
      TRY(ChainState::open(options.data_directory, {.store = options.store, .executor = nullptr}));
  ValidatorClient validator({.url = options.validator_url, .timeout = options.validator_timeout});
  Attempts attempts(options.patience, stop);
  const BlockNum from = chain->tip();
  const BlockNum target = TRY(validator_tip(validator, attempts, stop));
  TRY(check_common_block(*chain, validator, target, attempts, stop));
  if (from > target) {
    log_warn(
        "validator lacks blocks of this chain: restore it, no block can be produced until then",
        {{"tip", from}, {"validator.tip", target}});
  }
  if (from >= target) {
    log_info("nothing to recover", {{"tip", from}, {"validator.tip", target}});
    return {};
  }
  log_info("recovering", {{"tip", from}, {"validator.tip", target}});
  TRY(fetch(*chain, validator, target, attempts, stop));
  log_info("recovered", {{"tip", chain->tip()}, {"blocks", chain->tip().value - from.value}});
  return {};
}

}  // namespace miden
