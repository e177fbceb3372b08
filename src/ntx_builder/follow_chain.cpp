#include "ntx_builder/follow_chain.hpp"

#include <fmt/format.h>

#include <exception>

#include "net/retry.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFirstPause(500);
constexpr std::chrono::milliseconds kCheckPeriod(100);
constexpr std::chrono::seconds kReportPeriod(5);

void log_applied(BlockNum block, const BlockEffects& effects) {
  log_info("block applied", {{"block", block},
                             {"network_accounts", effects.created_accounts.size()},
                             {"network_notes", effects.new_notes},
                             {"consumed_notes", effects.consumed_notes}});
}

void log_ends(const BlockEffects& effects, BlockNum block) {
  for (const auto& [transaction, end] : effects.ended) {
    const auto say = [&](std::string_view what) {
      log_info(what, {{"transaction", transaction.id},
                      {"account", transaction.account},
                      {"notes", transaction.notes.size()},
                      {"block", block}});
    };
    switch (end) {
      case InflightEnd::kLanded:
        say("submitted transaction landed");
        break;
      case InflightEnd::kOvertaken:
        say("submitted transaction cannot land any more: the chain has gone another way");
        break;
      case InflightEnd::kExpired:
        say("submitted transaction expired");
        break;
    }
  }
}

}  // namespace

struct ChainFollower::Stream {
  std::atomic<Clock::time_point> heard_at = Clock::now();
  std::atomic<bool> has_ended = false;
  // Once has_ended.
  Status status;
  std::optional<Error> refusal;  // of a block
  std::exception_ptr failure;
  // Of the stream's thread.
  Clock::time_point reported_at = Clock::now();
};

ChainFollower::ChainFollower(BuilderState& state, const RpcSource& source, Options options,
                             Hooks hooks)
    : state_(state), source_(source), options_(options), hooks_(std::move(hooks)) {}

void ChainFollower::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void ChainFollower::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void ChainFollower::run(const std::stop_token& stop) {
  Backoff backoff(kFirstPause, options_.longest_pause);
  try {
    while (!stop.stop_requested()) {
      const BlockNum before = state_.tip()->header.block_num;
      if (const auto stranger = hear_status(stop)) {
        is_in_sync_ = false;
        log_error("the node is of another network, nothing is taken from it",
                  {{"node", source_.name()}, {"cause", *stranger}});
      } else {
        const std::string cause = follow(stop);
        if (stop.stop_requested()) return;
        log_warn("block subscription ended, connecting again",
                 {{"node", source_.name()}, {"cause", cause}});
      }
      if (state_.tip()->header.block_num > before) backoff.reset();
      backoff.wait(stop);
    }
  } catch (const std::exception& error) {
    log_error("following the chain ends", {{"cause", error.what()}});
    hooks_.on_fatal(std::string("following the chain: ") + error.what());
  }
}

std::string ChainFollower::follow(const std::stop_token& stop) {
  Stream stream;
  std::jthread reader([&](const std::stop_token& end) {
    try {
      stream.status = source_.blocks(
          state_.tip()->header.block_num.next(),
          [&](const std::string& bytes) { return take(stream, bytes); }, end);
    } catch (...) {
      stream.failure = std::current_exception();
    }
    stream.has_ended = true;
  });

  std::string complaint;
  Clock::time_point asked_at = Clock::now();
  while (complaint.empty() && !stream.has_ended && sleep_for(kCheckPeriod, stop)) {
    const Clock::time_point now = Clock::now();
    if (now - asked_at < options_.status_period) continue;
    asked_at = now;
    if (const auto stranger = hear_status(stop)) {
      is_in_sync_ = false;
      complaint = *stranger;
    } else if (now - stream.heard_at.load() > options_.stall_timeout) {
      const std::optional<BlockNum> tip = source_tip_;
      if (!tip) complaint = "silent, and Status is not answered";
      if (tip && *tip > state_.tip()->header.block_num) {
        complaint = fmt::format("its tip is {} and it sends nothing", tip->value);
      }
    }
  }
  reader.request_stop();
  reader.join();
  if (stream.failure) std::rethrow_exception(stream.failure);
  if (stream.refusal) {
    return fmt::format("it sends what is no block of this chain: block {}: {}: {}",
                       state_.tip()->header.block_num.next().value, stream.refusal->code,
                       stream.refusal->message);
  }
  if (!complaint.empty()) return complaint;
  return fmt::format("{}: {}", to_string(stream.status.code), stream.status.message);
}

bool ChainFollower::take(Stream& stream, const std::string& bytes) {
  const Result<SignedBlock> block = from_bytes<SignedBlock>(as_bytes(bytes));
  if (!block) {
    stream.refusal = block.error();
    return false;
  }
  const Result<BlockEffects> effects = state_.apply_block(*block);
  if (!effects) {
    stream.refusal = effects.error();
    return false;
  }
  const Clock::time_point now = Clock::now();
  stream.heard_at = now;
  judge_sync();
  if (is_in_sync_ || now - stream.reported_at > kReportPeriod) {
    stream.reported_at = now;
    log_applied(block->header.block_num, *effects);
  }
  log_ends(*effects, block->header.block_num);
  hooks_.on_change();
  return true;
}

std::optional<std::string> ChainFollower::hear_status(const std::stop_token& stop) {
  const Answer<UpstreamStatus> status = source_.status(options_.status_timeout, stop);
  if (!status) {
    source_tip_ = std::nullopt;
    return std::nullopt;
  }
  if (status->genesis_commitment != state_.genesis_commitment()) {
    source_tip_ = std::nullopt;
    return fmt::format("its genesis is {}, this one's {}", status->genesis_commitment.to_hex(),
                       state_.genesis_commitment().to_hex());
  }
  source_tip_ = status->tip;
  judge_sync();
  return std::nullopt;
}

void ChainFollower::judge_sync() {
  const std::optional<BlockNum> source_tip = source_tip_;
  if (!source_tip) return;
  const BlockNum tip = state_.tip()->header.block_num;
  const uint32_t allowance = is_in_sync_ ? options_.in_sync_blocks : 0;
  const bool is_near = uint64_t{tip.value} + allowance >= source_tip->value;
  if (is_in_sync_.exchange(is_near) == is_near) return;
  if (is_near) {
    log_info("ntx-builder is now in sync", {{"tip", tip}});
    hooks_.on_change();
  } else {
    log_warn("ntx-builder has fallen behind", {{"tip", tip}, {"node.tip", *source_tip}});
  }
}

}  // namespace miden
