#include "sync/catch_up_progress.hpp"

#include <algorithm>

namespace miden {
namespace {

double seconds_between(CatchUpProgress::Time from, CatchUpProgress::Time to) {
  return std::max(std::chrono::duration<double>(to - from).count(), 1e-6);
}

}  // namespace

std::optional<CatchUpProgress::Report> CatchUpProgress::applied(Time now, BlockNum tip,
                                                                BlockNum source_tip, size_t blocks,
                                                                size_t transactions) {
  const uint32_t left = source_tip > tip ? source_tip.value - tip.value : 0;
  if (!started_) {
    if (left <= near_) return std::nullopt;
    started_ = reported_ = now;
    blocks_ = blocks_since_report_ = transactions_since_report_ = 0;
    return std::nullopt;  // no rate yet
  }
  blocks_ += blocks;
  blocks_since_report_ += blocks;
  transactions_since_report_ += transactions;
  if (left <= near_) {
    const double seconds = seconds_between(*started_, now);
    started_.reset();
    return Report{.kind = Report::Kind::kDone,
                  .blocks_left = left,
                  .blocks_per_second = static_cast<double>(blocks_) / seconds,
                  .blocks = blocks_,
                  .seconds = seconds};
  }
  if (now - reported_ < period_) return std::nullopt;
  const double elapsed = seconds_between(reported_, now);
  const double rate = static_cast<double>(blocks_since_report_) / elapsed;
  const Report report{
      .kind = Report::Kind::kUnderWay,
      .blocks_left = left,
      .blocks_per_second = rate,
      .transactions_per_second = static_cast<double>(transactions_since_report_) / elapsed,
      .seconds_left = static_cast<uint64_t>(left / std::max(rate, 1e-6))};
  reported_ = now;
  blocks_since_report_ = transactions_since_report_ = 0;
  return report;
}

}  // namespace miden
