#include "monitor/watched_check.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace miden {

namespace {

constexpr size_t kRecent = 50;
// Should nobody take them: as many as could wait for a disk.
constexpr size_t kMaxNewRows = 10'000;

TimelineRules rules_of(const CheckDescription& description) {
  return {.failures_to_confirm = description.failures_to_confirm,
          .successes_to_clear = description.successes_to_clear,
          .interval_ms = description.interval.count(),
          .timeout_ms = description.timeout.count()};
}

}  // namespace

void count_duration(DurationCounts& counts, double seconds) {
  const auto bound = std::ranges::lower_bound(DurationCounts::kUpTo, seconds);
  ++counts.counts[static_cast<size_t>(bound - DurationCounts::kUpTo.begin())];
  counts.sum_s += seconds;
}

WatchedCheck::WatchedCheck(CheckDescription description, CheckResult seed, bool is_paused,
                           int64_t now_ms, const History::OfCheck* remembered)
    : description_(std::make_shared<const CheckDescription>(std::move(description))),
      timeline_(is_paused
                    ? Timeline::paused(now_ms)
                    : Timeline(rules_of(*description_), now_ms,
                               remembered ? remembered->standing.memory : Timeline::Memory{})),
      heard_ms_(now_ms) {
  if (seed.started_ms == 0) seed.started_ms = now_ms;
  seed_ = std::make_shared<const CheckResult>(std::move(seed));
  if (remembered != nullptr) add_older(*remembered, now_ms);
}

void WatchedCheck::add_older(const History::OfCheck& older, int64_t began_ms) {
  for (const auto& [from_ms, bin] : older.five_minutes)
    roll_ups_.restore_five_minutes(from_ms, bin);
  for (const auto& [from_ms, bin] : older.hours) roll_ups_.restore_hour(from_ms, bin);
  roll_ups_.add_span({CheckState::kUnknown, older.standing.heard_ms, began_ms});
  for (const CheckResult& result : older.recent) {
    if (recent_.size() == kRecent) break;
    recent_.push_back(result);
  }
}

void WatchedCheck::remember(const CheckResult& result) {
  CheckResult slim = result;
  slim.facts.clear();
  slim.details = nullptr;
  recent_.push_front(slim);
  if (recent_.size() > kRecent) recent_.pop_back();
  if (new_rows_.size() < kMaxNewRows)
    new_rows_.push_back({description_->id, heard_ms_, next_row_++, std::move(slim)});
}

std::optional<StateChange> WatchedCheck::take(TimelineStep step,
                                              std::optional<CheckState> known_before) {
  for (const Span& span : step.settled) roll_ups_.add_span(span);
  if (!step.settled.empty() || step.change) has_news_ = true;
  if (step.change) {
    ++totals_.changes_to[std::to_underlying(step.change->to)];
    // An outage that was covered for a while is still the same.
    if (step.change->to == CheckState::kDown && known_before != CheckState::kDown)
      roll_ups_.add_outage(step.change->since_ms);
  }
  return std::move(step.change);
}

std::optional<StateChange> WatchedCheck::result(CheckResult result, int64_t now_ms) {
  const auto known_before = known();
  heard_ms_ = now_ms;
  has_news_ = true;
  ++totals_.results[std::to_underlying(result.outcome)];
  count_duration(totals_.looks, static_cast<double>(result.duration_us) / 1e6);
  if (result.outcome == Outcome::kFailed) ++failures_;
  if (result.outcome == Outcome::kOk || result.outcome == Outcome::kDegraded) ++successes_;
  for (const Figure& figure : result.figures) {
    if (!std::isfinite(figure.value) || figure.value < 0) continue;
    if (figure.name == "proof_s") count_duration(totals_.proofs, figure.value);
    if (figure.name == "committed_s") count_duration(totals_.committed, figure.value);
    if (figure.name == "consumed_s") count_duration(totals_.consumed, figure.value);
  }
  roll_ups_.add_result(result, now_ms);
  remember(result);
  TimelineStep step =
      timeline_.result(result.started_ms, now_ms, result.outcome, result.reason, result.error);
  last_ = std::move(result);
  return take(std::move(step), known_before);
}

std::optional<StateChange> WatchedCheck::unanswered(int64_t started_ms, int64_t now_ms) {
  const auto known_before = known();
  has_news_ = true;
  return take(timeline_.unanswered(started_ms, now_ms), known_before);
}

std::optional<StateChange> WatchedCheck::tick(int64_t now_ms) {
  return take(timeline_.tick(now_ms), known());
}

void WatchedCheck::clock_moved(int64_t before_ms, int64_t after_ms) {
  take(timeline_.clock_moved(before_ms, after_ms), known());
  heard_ms_ += after_ms - before_ms;
}

CheckPicture WatchedCheck::picture(int64_t now_ms) const {
  CheckPicture picture;
  picture.description = description_;
  picture.seed = seed_;
  picture.state = timeline_.state();
  picture.since_ms = timeline_.since_ms();
  picture.failed_once = timeline_.failed_once();
  picture.last = last_;
  picture.cause = timeline_.cause();
  picture.reason = timeline_.reason();
  auto bars = roll_ups_.bars(now_ms, {timeline_.state(), timeline_.settled_ms(), now_ms});
  picture.day = std::move(bars.day);
  picture.month = std::move(bars.month);
  picture.day_availability = bars.day_availability;
  picture.month_availability = bars.month_availability;
  picture.spark = roll_ups_.spark(now_ms);
  const LatencyHistogram latency = roll_ups_.latency_of_day(now_ms);
  picture.median_ms = latency.quantile_ms(0.5);
  picture.p95_ms = latency.quantile_ms(0.95);
  picture.successes = successes_;
  picture.failures = failures_;
  picture.recent.assign(recent_.begin(), recent_.end());
  picture.totals = totals_;
  return picture;
}

void WatchedCheck::take_changes(HistoryBatch& batch) {
  if (!std::exchange(has_news_, false)) return;
  for (HistoryBatch::ResultRow& row : new_rows_) batch.results.push_back(std::move(row));
  new_rows_.clear();
  RollUps::Changed changed = roll_ups_.take_changed();
  const std::string& id = description_->id;
  for (auto& [from_ms, bin] : changed.five_minutes)
    batch.five_minutes[{id, from_ms}] = std::move(bin);
  for (auto& [from_ms, bin] : changed.hours) batch.hours[{id, from_ms}] = std::move(bin);
  batch.standings[id] = {timeline_.memory(), heard_ms_};
}

}  // namespace miden
