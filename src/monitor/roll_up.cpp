#include "monitor/roll_up.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace miden {

namespace {

constexpr int64_t kHalfHourMs = kHourMs / 2;
constexpr int64_t kQuarterHourMs = kHourMs / 4;
constexpr size_t kMaxInclusionTimes = 64;

int64_t bin_of(int64_t at_ms, int64_t length_ms) {
  const int64_t rest = at_ms % length_ms;
  return at_ms - (rest < 0 ? rest + length_ms : rest);
}

// The first bin of a window of `count` bins whose last contains `now_ms`.
int64_t window_start(int64_t now_ms, int64_t length_ms, int64_t count) {
  return bin_of(now_ms, length_ms) - (count - 1) * length_ms;
}

std::optional<double> figure_of(const CheckResult& result, std::string_view name) {
  const auto found = std::ranges::find(result.figures, name, &Figure::name);
  if (found == result.figures.end() || !std::isfinite(found->value) || found->value < 0)
    return std::nullopt;
  return found->value;
}

void append_times(std::vector<double>& times, std::span<const double> more) {
  const size_t room = kMaxInclusionTimes - std::min(times.size(), kMaxInclusionTimes);
  times.insert(times.end(), more.begin(),
               more.begin() + static_cast<ptrdiff_t>(std::min(room, more.size())));
}

// Calls `part(bin's start, ms of the span within it)`.
template <class Part>
void for_each_bin(const Span& span, int64_t length_ms, const Part& part) {
  for (int64_t from = span.from_ms; from < span.to_ms;) {
    const int64_t bin = bin_of(from, length_ms);
    const int64_t to = std::min(span.to_ms, bin + length_ms);
    part(bin, to - from);
    from = to;
  }
}

// The bins of one window, each `length_ms` long, merged from finer ones.
std::vector<RollUp> window(const std::map<int64_t, RollUp>& bins, int64_t start_ms,
                           int64_t length_ms, size_t count, const Span& unsettled) {
  std::vector<RollUp> merged(count);
  const int64_t end_ms = start_ms + length_ms * static_cast<int64_t>(count);
  const auto slot = [&](int64_t at_ms) -> RollUp& {
    return merged[static_cast<size_t>((at_ms - start_ms) / length_ms)];
  };
  for (auto bin = bins.lower_bound(start_ms); bin != bins.end() && bin->first < end_ms; ++bin)
    slot(bin->first).merge(bin->second, length_ms);
  const Span visible{unsettled.state, std::max(unsettled.from_ms, start_ms),
                     std::min(unsettled.to_ms, end_ms)};
  for_each_bin(visible, length_ms, [&](int64_t at_ms, int64_t ms) {
    slot(at_ms).add_time(visible.state, ms, length_ms);
  });
  return merged;
}

std::vector<Cell> cells_of(std::span<const RollUp> bins, int64_t start_ms, int64_t length_ms) {
  std::vector<Cell> cells;
  cells.reserve(bins.size());
  for (const RollUp& bin : bins) {
    Cell cell;
    cell.from_ms = start_ms + length_ms * static_cast<int64_t>(cells.size());
    cell.to_ms = cell.from_ms + length_ms;
    for (size_t state = 0; state < kCheckStates; ++state)
      // Up: what lasted less than a second was there, too.
      cell.seconds_in[state] = static_cast<uint32_t>((bin.ms_in[state] + 999) / 1000);
    cell.failed_looks = bin.results[std::to_underlying(Outcome::kFailed)];
    cells.push_back(cell);
  }
  return cells;
}

Availability availability_of(std::span<const RollUp> bins) {
  Availability availability;
  for (const RollUp& bin : bins) {
    const int64_t down = bin.ms_in[std::to_underlying(CheckState::kDown)];
    availability.down_ms += down;
    availability.known_ms += down + bin.ms_in[std::to_underlying(CheckState::kOk)] +
                             bin.ms_in[std::to_underlying(CheckState::kDegraded)];
    availability.outages += bin.outages;
  }
  if (availability.known_ms > 0)
    availability.ratio =
        1 - static_cast<double>(availability.down_ms) / static_cast<double>(availability.known_ms);
  return availability;
}

}  // namespace

double LatencyHistogram::upper_us(size_t bucket) {
  static const auto kUpper = [] {
    std::array<double, kBuckets> upper{};
    double bound = 500;
    for (double& value : upper) value = std::exchange(bound, bound * 1.75);
    upper.back() = std::numeric_limits<double>::infinity();
    return upper;
  }();
  return kUpper[bucket];
}

void LatencyHistogram::add(int64_t duration_us) {
  duration_us = std::max<int64_t>(duration_us, 0);
  const bool is_first = count() == 0;
  least_us_ = is_first ? duration_us : std::min(least_us_, duration_us);
  most_us_ = is_first ? duration_us : std::max(most_us_, duration_us);
  size_t bucket = 0;
  while (static_cast<double>(duration_us) >= upper_us(bucket)) ++bucket;
  ++counts_[bucket];
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  if (other.count() == 0) return;
  const bool is_first = count() == 0;
  least_us_ = is_first ? other.least_us_ : std::min(least_us_, other.least_us_);
  most_us_ = is_first ? other.most_us_ : std::max(most_us_, other.most_us_);
  for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
}

uint64_t LatencyHistogram::count() const {
  return std::accumulate(counts_.begin(), counts_.end(), uint64_t{0});
}

std::optional<double> LatencyHistogram::quantile_ms(double share) const {
  const uint64_t all = count();
  if (all == 0) return std::nullopt;
  // The rank that is wanted, from 0 to all - 1, and where among those of its bucket it lies.
  const double rank = std::floor(std::clamp(share, 0.0, 1.0) * static_cast<double>(all - 1));
  double before = 0;
  size_t bucket = 0;
  while (before + counts_[bucket] <= rank) before += counts_[bucket++];
  const double within = (rank - before + 0.5) / counts_[bucket];
  const double lower =
      std::max(bucket == 0 ? 0 : upper_us(bucket - 1), static_cast<double>(least_us_));
  const double upper = std::min(upper_us(bucket), static_cast<double>(most_us_));
  return (lower + (upper - lower) * within) / 1000;
}

void LatencyHistogram::encode(ByteWriter& writer) const {
  for (const uint32_t value : counts_) writer.vint(value);
  writer.vint(static_cast<uint64_t>(least_us_));
  writer.vint(static_cast<uint64_t>(most_us_));
}

Result<LatencyHistogram> LatencyHistogram::decode(ByteReader& reader) {
  LatencyHistogram histogram;
  for (uint32_t& value : histogram.counts_) value = static_cast<uint32_t>(TRY(reader.vint()));
  histogram.least_us_ = static_cast<int64_t>(TRY(reader.vint()));
  histogram.most_us_ = static_cast<int64_t>(TRY(reader.vint()));
  return histogram;
}

void RollUp::add_time(CheckState state, int64_t ms, int64_t length_ms) {
  const int64_t taken = std::accumulate(ms_in.begin(), ms_in.end(), int64_t{0});
  ms_in[std::to_underlying(state)] +=
      std::clamp<int64_t>(ms, 0, std::max<int64_t>(0, length_ms - taken));
}

void RollUp::merge(const RollUp& other, int64_t length_ms) {
  for (size_t state = 0; state < kCheckStates; ++state)
    add_time(static_cast<CheckState>(state), other.ms_in[state], length_ms);
  for (size_t i = 0; i < results.size(); ++i) results[i] += other.results[i];
  outages += other.outages;
  latency.merge(other.latency);
  append_times(committed_s, other.committed_s);
  append_times(consumed_s, other.consumed_s);
  committed_timeouts += other.committed_timeouts;
  consumed_timeouts += other.consumed_timeouts;
}

void RollUp::encode(ByteWriter& writer) const {
  for (const int64_t ms : ms_in) writer.vint(static_cast<uint64_t>(ms));
  for (const uint32_t count : results) writer.vint(count);
  writer.vint(outages);
  latency.encode(writer);
  for (const auto* times : {&committed_s, &consumed_s}) {
    writer.vint(times->size());
    for (const double value : *times) writer.u64(std::bit_cast<uint64_t>(value));
  }
  writer.vint(committed_timeouts);
  writer.vint(consumed_timeouts);
}

Result<RollUp> RollUp::decode(ByteReader& reader) {
  RollUp bin;
  for (int64_t& ms : bin.ms_in) ms = static_cast<int64_t>(TRY(reader.vint()));
  for (uint32_t& count : bin.results) count = static_cast<uint32_t>(TRY(reader.vint()));
  bin.outages = static_cast<uint32_t>(TRY(reader.vint()));
  bin.latency = TRY(LatencyHistogram::decode(reader));
  for (auto* times : {&bin.committed_s, &bin.consumed_s}) {
    const size_t count = TRY(reader.count(8));
    times->reserve(count);
    for (size_t i = 0; i < count; ++i) times->push_back(std::bit_cast<double>(TRY(reader.u64())));
  }
  bin.committed_timeouts = static_cast<uint32_t>(TRY(reader.vint()));
  bin.consumed_timeouts = static_cast<uint32_t>(TRY(reader.vint()));
  return bin;
}

void RollUps::add_span(const Span& whole) {
  // Of a long absence only what a picture may still show.
  const auto newest = [&](int64_t age_ms) {
    return Span{whole.state, std::max(whole.from_ms, whole.to_ms - age_ms), whole.to_ms};
  };
  for_each_bin(newest(kDayMs + kHourMs), kFiveMinutesMs, [&](int64_t at_ms, int64_t ms) {
    five_minutes_[at_ms].add_time(whole.state, ms, kFiveMinutesMs);
    changed_five_minutes_.insert(at_ms);
  });
  for_each_bin(newest(32 * kDayMs), kHourMs, [&](int64_t at_ms, int64_t ms) {
    hours_[at_ms].add_time(whole.state, ms, kHourMs);
    changed_hours_.insert(at_ms);
  });
  for_each_bin(newest(32 * kDayMs), kDayMs,
               [&](int64_t at_ms, int64_t ms) { days_[at_ms].add_time(whole.state, ms, kDayMs); });
}

template <class Change>
void RollUps::change_bins(int64_t at_ms, const Change& change) {
  const int64_t five = bin_of(at_ms, kFiveMinutesMs);
  const int64_t hour = bin_of(at_ms, kHourMs);
  change(five_minutes_[five]);
  change(hours_[hour]);
  change(days_[bin_of(at_ms, kDayMs)]);
  changed_five_minutes_.insert(five);
  changed_hours_.insert(hour);
}

void RollUps::add_result(const CheckResult& result, int64_t at_ms) {
  const bool is_answer = result.outcome == Outcome::kOk || result.outcome == Outcome::kDegraded;
  change_bins(at_ms, [&](RollUp& bin) {
    ++bin.results[std::to_underlying(result.outcome)];
    if (is_answer) bin.latency.add(result.duration_us);
  });
  RollUp& bin = five_minutes_[bin_of(at_ms, kFiveMinutesMs)];
  const auto count_of = [&](std::string_view name) {
    return static_cast<uint32_t>(std::min(figure_of(result, name).value_or(0), 1e6));
  };
  if (const auto seconds = figure_of(result, "committed_s"))
    append_times(bin.committed_s, std::span(&*seconds, 1));
  if (const auto seconds = figure_of(result, "consumed_s"))
    append_times(bin.consumed_s, std::span(&*seconds, 1));
  bin.committed_timeouts += count_of("committed_timeouts");
  bin.consumed_timeouts += count_of("consumed_timeouts");
}

void RollUps::add_outage(int64_t since_ms) {
  change_bins(since_ms, [](RollUp& bin) { ++bin.outages; });
}

void RollUps::restore_five_minutes(int64_t from_ms, const RollUp& bin) {
  const auto [mine, is_new] = five_minutes_.try_emplace(from_ms);
  mine->second.merge(bin, kFiveMinutesMs);
  if (!is_new) changed_five_minutes_.insert(from_ms);
}

void RollUps::restore_hour(int64_t from_ms, const RollUp& bin) {
  const auto [mine, is_new] = hours_.try_emplace(from_ms);
  mine->second.merge(bin, kHourMs);
  if (!is_new) changed_hours_.insert(from_ms);
  days_[bin_of(from_ms, kDayMs)].merge(bin, kDayMs);
}

RollUps::Bars RollUps::bars(int64_t now_ms, const Span& unsettled) const {
  Bars bars;
  const int64_t day = window_start(now_ms, kHalfHourMs, 48);
  const int64_t month = window_start(now_ms, kDayMs, 30);
  const auto half_hours = window(five_minutes_, day, kHalfHourMs, 48, unsettled);
  const auto days = window(days_, month, kDayMs, 30, unsettled);
  bars.day = cells_of(half_hours, day, kHalfHourMs);
  bars.month = cells_of(days, month, kDayMs);
  bars.day_availability = availability_of(half_hours);
  bars.month_availability = availability_of(days);
  return bars;
}

std::vector<SparkPoint> RollUps::spark(int64_t now_ms) const {
  const int64_t start = window_start(now_ms, kQuarterHourMs, 96);
  std::vector<SparkPoint> points;
  points.reserve(96);
  for (const RollUp& bin : window(five_minutes_, start, kQuarterHourMs, 96, {})) {
    SparkPoint point;
    point.from_ms = start + kQuarterHourMs * static_cast<int64_t>(points.size());
    point.p5_ms = bin.latency.quantile_ms(0.05);
    point.p50_ms = bin.latency.quantile_ms(0.5);
    point.p95_ms = bin.latency.quantile_ms(0.95);
    point.failed_looks = bin.results[std::to_underlying(Outcome::kFailed)];
    points.push_back(point);
  }
  return points;
}

LatencyHistogram RollUps::latency_of_day(int64_t now_ms) const {
  LatencyHistogram all;
  for (auto bin = five_minutes_.lower_bound(window_start(now_ms, kFiveMinutesMs, 288));
       bin != five_minutes_.end() && bin->first <= now_ms; ++bin)
    all.merge(bin->second.latency);
  return all;
}

const RollUp* RollUps::five_minutes(int64_t from_ms) const {
  const auto found = five_minutes_.find(from_ms);
  return found == five_minutes_.end() ? nullptr : &found->second;
}

RollUps::Changed RollUps::take_changed() {
  Changed changed;
  for (const int64_t from_ms : std::exchange(changed_five_minutes_, {}))
    changed.five_minutes.emplace_back(from_ms, five_minutes_[from_ms]);
  for (const int64_t from_ms : std::exchange(changed_hours_, {})) {
    changed.hours.emplace_back(from_ms, hours_[from_ms]);
  }
  return changed;
}

void RollUps::forget(int64_t now_ms) {
  // A day more than is shown: a clock that was set back shows a window that is older. What lies in
  // the future since then goes, too.
  const auto forget_outside = [&](Bins& bins, int64_t age_ms, const std::set<int64_t>* owed) {
    std::erase_if(bins, [&](const auto& bin) {
      return (bin.first < now_ms - age_ms || bin.first > now_ms + kDayMs) &&
             (owed == nullptr || !owed->contains(bin.first));
    });
  };
  forget_outside(five_minutes_, kDayMs + kHourMs, &changed_five_minutes_);
  forget_outside(hours_, kDayMs + kHourMs, &changed_hours_);
  forget_outside(days_, 31 * kDayMs, nullptr);
}

std::vector<InclusionBin> inclusion_bins(std::span<const RollUps* const> checks, int64_t now_ms) {
  const auto summary = [](std::vector<double> times, uint32_t timeouts) {
    InclusionBin::Series series;
    series.timeouts = timeouts;
    if (times.empty()) return series;
    std::ranges::sort(times);
    series.least = times.front();
    series.most = times.back();
    const size_t middle = times.size() / 2;
    series.median = times.size() % 2 == 1 ? times[middle] : (times[middle - 1] + times[middle]) / 2;
    return series;
  };
  std::vector<InclusionBin> bins;
  bins.reserve(288);
  for (int64_t from_ms = window_start(now_ms, kFiveMinutesMs, 288); bins.size() < 288;
       from_ms += kFiveMinutesMs) {
    std::vector<double> committed, consumed;
    uint32_t committed_timeouts = 0, consumed_timeouts = 0;
    for (const RollUps* const check : checks) {
      const RollUp* const bin = check->five_minutes(from_ms);
      if (bin == nullptr) continue;
      committed.insert(committed.end(), bin->committed_s.begin(), bin->committed_s.end());
      consumed.insert(consumed.end(), bin->consumed_s.begin(), bin->consumed_s.end());
      committed_timeouts += bin->committed_timeouts;
      consumed_timeouts += bin->consumed_timeouts;
    }
    bins.push_back({from_ms, summary(std::move(committed), committed_timeouts),
                    summary(std::move(consumed), consumed_timeouts)});
  }
  return bins;
}

}  // namespace miden
