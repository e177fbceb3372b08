#include "monitor/roll_up.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace miden {
namespace {

using ::testing::DoubleEq;
using ::testing::Optional;

constexpr int64_t kNoon = 1'767'268'800'000;  // 2026-01-01T12:00:00Z

CheckResult result_of(Outcome outcome, int64_t duration_us) {
  CheckResult result;
  result.outcome = outcome;
  result.duration_us = duration_us;
  return result;
}

Span nothing_unsettled() { return {}; }

// Keeps everything and counts it one by one.
struct NaiveHistory {
  struct Look {
    int64_t at_ms;
    CheckResult result;
  };
  std::vector<Span> spans;
  std::vector<Look> looks;
  std::vector<int64_t> outages;

  int64_t ms_in(CheckState state, int64_t from_ms, int64_t to_ms) const {
    int64_t sum = 0;
    for (const Span& span : spans)
      if (span.state == state)
        sum += std::max<int64_t>(0, std::min(span.to_ms, to_ms) - std::max(span.from_ms, from_ms));
    return sum;
  }
  std::vector<double> answers_ms(int64_t from_ms, int64_t to_ms) const {
    std::vector<double> sorted;
    for (const Look& look : looks)
      if (look.at_ms >= from_ms && look.at_ms < to_ms &&
          (look.result.outcome == Outcome::kOk || look.result.outcome == Outcome::kDegraded))
        sorted.push_back(static_cast<double>(look.result.duration_us) / 1000);
    std::ranges::sort(sorted);
    return sorted;
  }
  uint32_t failed(int64_t from_ms, int64_t to_ms) const {
    return static_cast<uint32_t>(std::ranges::count_if(looks, [&](const Look& look) {
      return look.at_ms >= from_ms && look.at_ms < to_ms && look.result.outcome == Outcome::kFailed;
    }));
  }
};

struct RandomHistory {
  NaiveHistory naive;
  RollUps roll_ups;
  int64_t end_ms = 0;
};

RandomHistory random_history(uint32_t seed, int64_t start_ms, int64_t length_ms,
                             int64_t look_every_ms) {
  std::mt19937 random(seed);
  RandomHistory history;
  std::uniform_int_distribution<int> state_of(0, kCheckStates - 1);
  std::lognormal_distribution<double> duration(std::log(40'000.0), 1.5);
  int64_t now = start_ms;
  while (now < start_ms + length_ms) {
    const auto state = static_cast<CheckState>(state_of(random));
    const int64_t span_ms = std::uniform_int_distribution<int64_t>(
        1, random() % 4 == 0 ? 5 * kHourMs : 400'000)(random);
    const Span span{state, now, now + span_ms};
    history.naive.spans.push_back(span);
    history.roll_ups.add_span(span);
    if (state == CheckState::kDown) {
      history.naive.outages.push_back(now);
      history.roll_ups.add_outage(now);
    }
    for (int64_t at = now; at < span.to_ms; at += look_every_ms) {
      const CheckResult result =
          result_of(static_cast<Outcome>(random() % 4), static_cast<int64_t>(duration(random)));
      history.naive.looks.push_back({at, result});
      history.roll_ups.add_result(result, at);
    }
    now = span.to_ms;
  }
  history.end_ms = now;
  return history;
}

void expect_cells(const std::vector<Cell>& cells, const NaiveHistory& naive) {
  for (const Cell& cell : cells) {
    for (size_t state = 0; state < kCheckStates; ++state) {
      const int64_t ms = naive.ms_in(static_cast<CheckState>(state), cell.from_ms, cell.to_ms);
      ASSERT_EQ(cell.seconds_in[state], (ms + 999) / 1000)
          << "state " << state << ", cell from " << cell.from_ms;
    }
    ASSERT_EQ(cell.failed_looks, naive.failed(cell.from_ms, cell.to_ms)) << cell.from_ms;
  }
}

void expect_availability(const Availability& availability, const NaiveHistory& naive,
                         int64_t from_ms, int64_t to_ms) {
  const int64_t down = naive.ms_in(CheckState::kDown, from_ms, to_ms);
  const int64_t up = naive.ms_in(CheckState::kOk, from_ms, to_ms) +
                     naive.ms_in(CheckState::kDegraded, from_ms, to_ms);
  EXPECT_EQ(availability.down_ms, down);
  EXPECT_EQ(availability.known_ms, up + down);
  if (up + down > 0) {
    ASSERT_TRUE(availability.ratio);
    EXPECT_NEAR(*availability.ratio, static_cast<double>(up) / static_cast<double>(up + down),
                1e-12);
  } else {
    EXPECT_FALSE(availability.ratio);
  }
  EXPECT_EQ(availability.outages, std::ranges::count_if(naive.outages, [&](int64_t at) {
              return at >= from_ms && at < to_ms;
            }));
}

// An estimate is good where it lies in the bucket of the true value.
void expect_quantile(std::optional<double> estimate, const std::vector<double>& sorted,
                     double share) {
  ASSERT_EQ(estimate.has_value(), !sorted.empty());
  if (!estimate) return;
  const double exact = sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
  EXPECT_GE(*estimate, sorted.front());
  EXPECT_LE(*estimate, sorted.back());
  EXPECT_LE(*estimate, std::max(exact * 1.75, 0.5));
  EXPECT_GE(*estimate, exact / 1.75 - 0.5);
}

TEST(RollUps, ADayIsWhatCountingOneByOneGives) {
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    const RandomHistory history = random_history(seed, kNoon, 30 * kHourMs, 7'000);
    const int64_t now = history.end_ms - static_cast<int64_t>(seed) * 123'457;
    const RollUps::Bars bars = history.roll_ups.bars(now, nothing_unsettled());
    ASSERT_EQ(bars.day.size(), 48U);
    EXPECT_LE(bars.day.back().from_ms, now);
    EXPECT_GT(bars.day.back().to_ms, now);
    expect_cells(bars.day, history.naive);
    expect_availability(bars.day_availability, history.naive, bars.day.front().from_ms,
                        bars.day.back().to_ms);
    const auto spark = history.roll_ups.spark(now);
    ASSERT_EQ(spark.size(), 96U);
    for (const SparkPoint& point : spark) {
      const int64_t to_ms = point.from_ms + 15 * 60 * 1000;
      const auto sorted = history.naive.answers_ms(point.from_ms, to_ms);
      expect_quantile(point.p5_ms, sorted, 0.05);
      expect_quantile(point.p50_ms, sorted, 0.5);
      expect_quantile(point.p95_ms, sorted, 0.95);
      ASSERT_EQ(point.failed_looks, history.naive.failed(point.from_ms, to_ms));
    }
  }
}

TEST(RollUps, AMonthIsWhatCountingOneByOneGives) {
  for (uint32_t seed = 11; seed <= 13; ++seed) {
    SCOPED_TRACE(seed);
    RandomHistory history = random_history(seed, kNoon, 40 * kDayMs, 600'000);
    const auto bars_before = history.roll_ups.bars(history.end_ms, nothing_unsettled());
    ASSERT_EQ(bars_before.month.size(), 30U);
    EXPECT_EQ(bars_before.month.front().from_ms % kDayMs, 0);
    expect_cells(bars_before.month, history.naive);
    expect_availability(bars_before.month_availability, history.naive,
                        bars_before.month.front().from_ms, bars_before.month.back().to_ms);
    // Forgetting takes away nothing that is shown.
    history.roll_ups.take_changed();
    history.roll_ups.forget(history.end_ms);
    const auto bars = history.roll_ups.bars(history.end_ms, nothing_unsettled());
    expect_cells(bars.month, history.naive);
    expect_cells(bars.day, history.naive);
  }
}

TEST(RollUps, WhatIsKeptAndRestoredShowsTheSame) {
  RandomHistory history = random_history(21, kNoon, 3 * kDayMs, 30'000);
  RollUps restored;
  const RollUps::Changed changed = history.roll_ups.take_changed();
  for (const auto& [from_ms, bin] : changed.five_minutes) {
    ByteWriter writer;
    bin.encode(writer);
    ByteReader reader(writer.view());
    const auto decoded = RollUp::decode(reader);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, bin);
    EXPECT_EQ(reader.remaining(), 0U);
    restored.restore_five_minutes(from_ms, *decoded);
  }
  for (const auto& [from_ms, bin] : changed.hours) restored.restore_hour(from_ms, bin);
  const auto bars = restored.bars(history.end_ms, nothing_unsettled());
  expect_cells(bars.day, history.naive);
  expect_cells(bars.month, history.naive);
  const auto again = history.roll_ups.take_changed();
  EXPECT_TRUE(again.five_minutes.empty() && again.hours.empty());
  // Nothing is owed again for what was restored.
  EXPECT_TRUE(restored.take_changed().five_minutes.empty());
}

TEST(RollUps, WhatIsNotSettledIsShownAndNotKept) {
  RollUps roll_ups;
  roll_ups.add_span({CheckState::kOk, kNoon, kNoon + 60'000});
  const auto bars =
      roll_ups.bars(kNoon + 90'000, {CheckState::kDown, kNoon + 60'000, kNoon + 90'000});
  EXPECT_EQ(bars.day.back().seconds_in[0], 60U);
  EXPECT_EQ(bars.day.back().seconds_in[2], 30U);
  EXPECT_THAT(bars.day_availability.ratio, Optional(DoubleEq(2.0 / 3)));
  EXPECT_EQ(roll_ups.bars(kNoon + 90'000, nothing_unsettled()).day.back().seconds_in[2], 0U);
}

TEST(RollUps, AnHourThatIsLivedTwiceCountsOnce) {
  RollUps roll_ups;
  roll_ups.add_span({CheckState::kOk, kNoon, kNoon + kHourMs});
  roll_ups.add_span({CheckState::kDown, kNoon, kNoon + kHourMs});
  const auto bars = roll_ups.bars(kNoon + kHourMs, nothing_unsettled());
  EXPECT_EQ(bars.day_availability.known_ms, kHourMs);
  EXPECT_THAT(bars.day_availability.ratio, Optional(1.0));
}

TEST(RollUps, NothingKnownIsNoRatio) {
  RollUps roll_ups;
  roll_ups.add_span({CheckState::kUnknown, kNoon, kNoon + kHourMs});
  const auto bars = roll_ups.bars(kNoon + kHourMs, nothing_unsettled());
  EXPECT_FALSE(bars.day_availability.ratio);
  EXPECT_EQ(bars.day_availability.known_ms, 0);
  EXPECT_EQ(roll_ups.latency_of_day(kNoon).quantile_ms(0.5), std::nullopt);
}

TEST(RollUps, ALongAbsenceCostsOnlyWhatIsShown) {
  RollUps roll_ups;
  roll_ups.add_span({CheckState::kUnknown, 0, kNoon});  // since 1970
  const auto changed = roll_ups.take_changed();
  EXPECT_LE(changed.five_minutes.size(), 26U * 12);
  EXPECT_LE(changed.hours.size(), 33U * 24);
}

TEST(LatencyHistogram, MergingIsCountingTogether) {
  const uint32_t seed = 31;
  std::mt19937 random(seed);
  std::lognormal_distribution<double> duration(std::log(20'000.0), 2);
  LatencyHistogram together;
  std::vector<LatencyHistogram> parts(7);
  for (int i = 0; i < 5000; ++i) {
    const auto us = static_cast<int64_t>(duration(random));
    together.add(us);
    parts[random() % parts.size()].add(us);
  }
  LatencyHistogram merged;
  for (const LatencyHistogram& part : parts) merged.merge(part);
  EXPECT_EQ(merged, together) << "seed " << seed;
  EXPECT_EQ(merged.count(), 5000U);
}

TEST(LatencyHistogram, OneDurationIsItself) {
  LatencyHistogram one;
  one.add(42'000);
  EXPECT_THAT(one.quantile_ms(0.05), Optional(DoubleEq(42)));
  EXPECT_THAT(one.quantile_ms(0.95), Optional(DoubleEq(42)));
  LatencyHistogram long_one;
  long_one.add(int64_t{10} * 60 * 1'000'000);  // beyond the last bound
  EXPECT_THAT(long_one.quantile_ms(0.5), Optional(DoubleEq(600'000)));
}

TEST(InclusionBins, TellLeastMedianAndMostOfAllChecks) {
  RollUps local, network;
  const auto add = [](RollUps& roll_ups, std::string name, double value, int64_t at_ms) {
    CheckResult result = result_of(Outcome::kOk, 1);
    result.figures.push_back({std::move(name), value});
    roll_ups.add_result(result, at_ms);
  };
  add(local, "committed_s", 4, kNoon);
  add(local, "committed_s", 9, kNoon + 1000);
  add(network, "committed_s", 5, kNoon + 2000);
  add(network, "consumed_s", 12, kNoon + 2000);
  add(network, "consumed_timeouts", 2, kNoon + 3000);
  add(local, "committed_s", 7, kNoon - 1);
  add(local, "committed_s", std::nan(""), kNoon);
  const RollUps* const checks[] = {&local, &network};
  const auto bins = inclusion_bins(checks, kNoon + 100'000);
  ASSERT_EQ(bins.size(), 288U);
  const InclusionBin& last = bins.back();
  EXPECT_EQ(last.from_ms, kNoon);
  EXPECT_THAT(last.committed.least, Optional(4.0));
  EXPECT_THAT(last.committed.median, Optional(5.0));
  EXPECT_THAT(last.committed.most, Optional(9.0));
  EXPECT_THAT(last.consumed.median, Optional(12.0));
  EXPECT_EQ(last.consumed.timeouts, 2U);
  EXPECT_THAT(bins[286].committed.median, Optional(7.0));
  EXPECT_EQ(bins[285].committed.median, std::nullopt);
}

}  // namespace
}  // namespace miden
