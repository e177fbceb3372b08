#include "sync/block_follower.hpp"

#include <fmt/format.h>

#include <cmath>

#include "net/retry.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using Clock = BlockSources::Clock;
constexpr Clock::time_point kNever = Clock::time_point::max();

SourceFault fault_of(const Error& refusal) {
  return refusal.code == "NewBlockInvalidPrevCommitment" ? SourceFault::kForked
                                                         : SourceFault::kLied;
}

// UNAVAILABLE and CANCELLED are connections and servers that go away; whatever else a source says,
// it says to us.
SourceFault fault_of(const Status& status) {
  const bool is_end =
      status.code == StatusCode::kUnavailable || status.code == StatusCode::kCancelled;
  return is_end ? SourceFault::kEnded : SourceFault::kRefused;
}

}  // namespace

// One stream of one source.
struct BlockFollower::Session {
  explicit Session(BlockNum tip) : received(tip.value) {}

  std::atomic<uint32_t> received;  // number of the last block, if the source counts as it should
  // Since when the source has let us wait; kNever while we let it wait.
  std::atomic<Clock::time_point> waiting_since = Clock::now();
  std::atomic<bool> has_ended = false;
  Status ended;  // once has_ended

  // The judge's.
  Clock::time_point behind_since = kNever;
  Clock::time_point pace_since = Clock::now();
  uint32_t pace_from = received;
};

BlockFollower::BlockFollower(ChainState& chain, BlockSources& sources, Options options)
    : chain_(chain),
      sources_(sources),
      options_(std::move(options)),
      progress_(options_.report_period, options_.behind_blocks) {}

void BlockFollower::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void BlockFollower::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void BlockFollower::run(const std::stop_token& stop) {
  try {
    while (!stop.stop_requested()) {
      const std::optional<size_t> best = sources_.best();
      if (!best) {
        sources_.set_followed(std::nullopt);
        sleep_for(options_.check_period, stop);
        continue;
      }
      sources_.set_followed(best);
      follow(*best, stop);
    }
  } catch (const std::exception& error) {
    log_error("block sync ends", {{"cause", error.what()}});
    if (options_.on_fatal) options_.on_fatal(std::string("block sync: ") + error.what());
  }
  sources_.set_followed(std::nullopt);
}

void BlockFollower::follow(size_t source, const std::stop_token& stop) {
  const BlockNum tip = chain_.tip();
  Session session(tip);
  BlockPipeline pipeline(chain_, options_.pipeline,
                         [&](const BlockPipeline::Group& group) { applied(source, group); });
  std::jthread reader([&](const std::stop_token& end) {
    session.ended = sources_.source(source).blocks(
        tip.next(),
        [&](std::string block) {
          session.waiting_since = kNever;
          const bool goes_on = pipeline.push(std::move(block), end);
          ++session.received;
          session.waiting_since = Clock::now();
          return goes_on;
        },
        end);
    session.has_ended = true;
  });

  std::optional<Complaint> complaint;
  while (!complaint && !session.has_ended && !pipeline.has_ended() &&
         sleep_for(options_.check_period, stop)) {
    complaint = judge(source, session);
  }
  reader.request_stop();
  reader.join();
  // What came before the end is as good as ever.
  if (!stop.stop_requested()) pipeline.drain(stop);
  pipeline.rethrow_failure();
  if (stop.stop_requested()) return;

  if (const std::optional<Error> refusal = pipeline.refusal()) {
    sources_.leave(source, fault_of(*refusal),
                   fmt::format("block {}: {}: {}", chain_.tip().next().value, refusal->code,
                               refusal->message));
  } else if (complaint && complaint->fault) {
    sources_.leave(source, *complaint->fault, complaint->detail);
  } else if (complaint) {
    log_info("changing to another block source",
             {{"left", sources_.source(source).name()}, {"cause", complaint->detail}});
  } else {
    sources_.leave(source, fault_of(session.ended),
                   fmt::format("{}: {}", to_string(session.ended.code), session.ended.message));
  }
}

std::optional<BlockFollower::Complaint> BlockFollower::judge(size_t source, Session& session) {
  const Clock::time_point now = Clock::now();
  const uint32_t received = session.received;
  const Clock::time_point waiting_since = session.waiting_since;
  const std::optional<BlockNum> source_tip = sources_.tip_of(source);

  // A proof of it that was none.
  if (source_tip && !sources_.is_eligible(source)) return Complaint{std::nullopt, "it was left"};

  if (waiting_since != kNever && now - waiting_since > options_.stall_timeout) {
    if (!source_tip) return Complaint{SourceFault::kStalled, "silent, and Status is not answered"};
    if (source_tip->value > received) {
      return Complaint{SourceFault::kStalled,
                       fmt::format("it says that its tip is {} and sends nothing after block {}",
                                   source_tip->value, received)};
    }
  }

  const uint32_t own_tip = source_tip.value_or(kGenesis).value;
  const bool has_more = own_tip > uint64_t{received} + options_.behind_blocks;
  if (!has_more || waiting_since == kNever || !sources_.has_other(source)) {
    session.pace_since = now;
    session.pace_from = received;
  } else if (now - session.pace_since > options_.pace_window) {
    if (received - session.pace_from < options_.pace_window / options_.slowest_block) {
      return Complaint{
          SourceFault::kStalled,
          fmt::format("{} blocks in {} s, and {} more to come", received - session.pace_from,
                      options_.pace_window.count() / 1000, own_tip - received)};
    }
    session.pace_since = now;
    session.pace_from = received;
  }

  const std::optional<size_t> best = sources_.best();
  const uint32_t best_tip = best ? sources_.tip_of(*best).value_or(kGenesis).value : 0;
  if (best_tip <= uint64_t{own_tip} + options_.behind_blocks) {
    session.behind_since = kNever;
  } else if (session.behind_since == kNever) {
    session.behind_since = now;
  } else if (now - session.behind_since > options_.behind_timeout) {
    return Complaint{std::nullopt, fmt::format("its tip is {}, that of {} is {}", own_tip,
                                               sources_.source(*best).name(), best_tip)};
  }
  return std::nullopt;
}

void BlockFollower::applied(size_t source, const BlockPipeline::Group& group) {
  sources_.delivered(source, group.blocks);
  const BlockNum source_tip = std::max(sources_.tip_of(source).value_or(kGenesis), group.tip);
  const auto report =
      progress_.applied(Clock::now(), group.tip, source_tip, group.blocks, group.transactions);
  if (report && report->kind == CatchUpProgress::Report::Kind::kUnderWay) {
    log_info("catching up", {{"tip", group.tip},
                             {"source.tip", source_tip},
                             {"blocks_per_s", std::lround(report->blocks_per_second)},
                             {"transactions_per_s", std::lround(report->transactions_per_second)},
                             {"seconds_left", report->seconds_left}});
  } else if (report) {
    log_info("caught up", {{"tip", group.tip},
                           {"blocks", report->blocks},
                           {"seconds", report->seconds},
                           {"blocks_per_s", std::lround(report->blocks_per_second)}});
  } else if (!progress_.is_catching_up()) {
    log_info("block applied", {{"block", group.tip}, {"transactions", group.transactions}});
  }
}

}  // namespace miden
