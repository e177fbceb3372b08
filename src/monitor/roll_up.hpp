// How was a check, over hours and days? Sums of what was seen, in bins that merge into larger ones.
//
// Bins are of five minutes, hours and UTC days, aligned to Unix time. No clock and no I/O.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/serialize.hpp"
#include "monitor/picture.hpp"
#include "monitor/timeline.hpp"

namespace miden {

inline constexpr int64_t kFiveMinutesMs = int64_t{5} * 60 * 1000;
inline constexpr int64_t kHourMs = int64_t{60} * 60 * 1000;
inline constexpr int64_t kDayMs = 24 * kHourMs;

// Durations by order of magnitude: bucket i is of less than 0.5 ms * 1.75^i and not less than the
// one before; the last takes all beyond. Quantiles of merged histograms are those of all durations,
// which averages could not give.
class LatencyHistogram {
 public:
  static constexpr size_t kBuckets = 24;
  void add(int64_t duration_us);
  void merge(const LatencyHistogram& other);
  uint64_t count() const;
  // In milliseconds, somewhere within the right bucket, and between the least and the most that was
  // seen; nothing where nothing was.
  std::optional<double> quantile_ms(double share) const;
  // Exclusive; infinite for the last.
  static double upper_us(size_t bucket);

  void encode(ByteWriter& writer) const;
  static Result<LatencyHistogram> decode(ByteReader& reader);
  friend bool operator==(const LatencyHistogram&, const LatencyHistogram&) = default;

 private:
  std::array<uint32_t, kBuckets> counts_{};
  int64_t least_us_ = 0, most_us_ = 0;  // where anything was counted
};

// One bin.
struct RollUp {
  std::array<int64_t, kCheckStates> ms_in{};  // together at most the bin's length
  std::array<uint32_t, 4> results{};          // by Outcome
  uint32_t outages = 0;                       // that began in it
  LatencyHistogram latency;                   // of looks that found an answer
  // Times to inclusion in seconds, the first 64; only in bins of five minutes.
  std::vector<double> committed_s, consumed_s;
  uint32_t committed_timeouts = 0, consumed_timeouts = 0;

  // `length_ms`: of this bin.
  void merge(const RollUp& other, int64_t length_ms);
  // Takes no more than fits the bin.
  void add_time(CheckState state, int64_t ms, int64_t length_ms);

  void encode(ByteWriter& writer) const;
  static Result<RollUp> decode(ByteReader& reader);
  friend bool operator==(const RollUp&, const RollUp&) = default;
};

// All bins of one check that pictures need: 24 hours of five minutes, 31 days.
class RollUps {
 public:
  // Time that was settled, and time that is not but is shown as this.
  void add_span(const Span& span);
  void add_result(const CheckResult& result, int64_t at_ms);
  void add_outage(int64_t since_ms);
  // From the store. May come after new bins were begun: then both are merged and to be kept anew.
  void restore_five_minutes(int64_t from_ms, const RollUp& bin);
  void restore_hour(int64_t from_ms, const RollUp& bin);

  // What pictures show at `now_ms`; `unsettled` is shown as if it were settled.
  struct Bars {
    std::vector<Cell> day, month;
    Availability day_availability, month_availability;
  };
  Bars bars(int64_t now_ms, const Span& unsettled) const;
  std::vector<SparkPoint> spark(int64_t now_ms) const;
  LatencyHistogram latency_of_day(int64_t now_ms) const;
  // Bins of these five minutes, where there is one.
  const RollUp* five_minutes(int64_t from_ms) const;

  struct Changed {
    std::vector<std::pair<int64_t, RollUp>> five_minutes, hours;
  };
  // Whole bins that changed since the last call, to be kept in the place of the older ones.
  Changed take_changed();
  // Forgets what no picture of `now_ms` or later shows. Nothing that take_changed() still owes.
  void forget(int64_t now_ms);

 private:
  using Bins = std::map<int64_t, RollUp>;
  template <class Change>
  void change_bins(int64_t at_ms, const Change& change);

  Bins five_minutes_, hours_, days_;
  std::set<int64_t> changed_five_minutes_, changed_hours_;
};

// Of all checks that measure inclusion: the last 24 hours.
std::vector<InclusionBin> inclusion_bins(std::span<const RollUps* const> checks, int64_t now_ms);

}  // namespace miden
