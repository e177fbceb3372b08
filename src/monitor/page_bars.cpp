#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "monitor/page_parts.hpp"

namespace miden {
namespace {

// Drawn in units that the page stretches to the card's width.
constexpr int kBarWidth = 239;
constexpr int kCellHeight = 24;
constexpr int kLaneTop = 27, kLaneHeight = 3;  // below: a tick wherever anything failed
// Ten seconds within a day stay visible.
constexpr double kLeastShare = 0.15;

constexpr double kSparkHeight = 40;
// A line of 40 microseconds that wavers is no news.
constexpr double kLeastSparkTopMs = 10;

double seconds_in(const Cell& cell, CheckState state) {
  return cell.seconds_in[std::to_underlying(state)];
}

struct CellShares {
  double down = 0, degraded = 0, up = 0;
};

// Of the cell's known time.
CellShares shares_of(const Cell& cell) {
  const double down = seconds_in(cell, CheckState::kDown);
  const double degraded = seconds_in(cell, CheckState::kDegraded);
  const double known = down + degraded + seconds_in(cell, CheckState::kOk);
  if (known <= 0) return {};
  CellShares shares{.down = down / known, .degraded = degraded / known};
  if (shares.down > 0) shares.down = std::max(shares.down, kLeastShare);
  if (shares.degraded > 0) shares.degraded = std::max(shares.degraded, kLeastShare);
  shares.degraded = std::min(shares.degraded, 1 - shares.down);
  shares.up = 1 - shares.down - shares.degraded;
  return shares;
}

std::string rectangle(double x, double y, double width, double height) {
  return fmt::format("M{:g} {:.4g}h{:g}v{:.4g}h-{:g}z", x, y, width, height, width);
}

std::string ratio_words(const Availability& availability) {
  if (!availability.ratio) return "no data";
  std::string text = percent(availability) + " up";
  if (availability.outages == 0) return text + ", no outage";
  return text + fmt::format(", {} of {} in all", counted(availability.outages, "outage", "outages"),
                            age_words(availability.down_ms));
}

// "[first, step, [[index, down s, degraded s, failed looks], ...]]": what the page's script says of
// a cell that one points at. Cells without a fault are left out.
std::string cells_for_script(const std::vector<Cell>& cells) {
  if (cells.empty()) return "[]";
  std::string faults;
  std::string empty;
  for (size_t i = 0; i < cells.size(); ++i) {
    const double down = seconds_in(cells[i], CheckState::kDown);
    const double degraded = seconds_in(cells[i], CheckState::kDegraded);
    const double up = seconds_in(cells[i], CheckState::kOk);
    if (down + degraded + up <= 0) {
      empty += fmt::format("{}{}", empty.empty() ? "" : ",", i);
    } else if (down > 0 || degraded > 0 || cells[i].failed_looks > 0) {
      faults += fmt::format("{}[{},{:.0f},{:.0f},{}]", faults.empty() ? "" : ",", i, down, degraded,
                            cells[i].failed_looks);
    }
  }
  return fmt::format("[{},{},{},[{}],[{}]]", cells.front().from_ms,
                     cells.front().to_ms - cells.front().from_ms, cells.size(), faults, empty);
}

}  // namespace

Markup render_bar(const CheckPicture& check, BarSpan span) {
  const bool is_day = span == BarSpan::kDay;
  const std::vector<Cell>& cells = is_day ? check.day : check.month;
  const Availability& availability = is_day ? check.day_availability : check.month_availability;
  const auto count = static_cast<int>(std::max<size_t>(cells.size(), 1));
  const double step = static_cast<double>(kBarWidth + 1) / count;
  const double width = step - 1;

  // Runs of cells in which all was well are one dashed line each: most of most bars.
  // What is not known is one hollow box.
  std::string well, up, degraded, down, none, failed;
  size_t well_run = 0, none_run = 0;
  const auto end_runs = [&](size_t at) {
    const auto start = [&](size_t run) { return static_cast<double>(at - run) * step; };
    const auto length = [&](size_t run) { return static_cast<double>(run) * step - 1; };
    if (well_run > 0) well += fmt::format("M{:g} 12h{:g}", start(well_run), length(well_run));
    if (none_run > 0) {
      none += rectangle(start(none_run) + 0.5, 0.5, length(none_run) - 1, kCellHeight - 1);
    }
    well_run = none_run = 0;
  };
  for (size_t i = 0; i < cells.size(); ++i) {
    const double x = static_cast<double>(i) * step;
    const CellShares shares = shares_of(cells[i]);
    const bool is_known = shares.up + shares.degraded + shares.down > 0;
    if (cells[i].failed_looks > 0 || shares.down > 0) {
      failed += rectangle(x, kLaneTop, width, kLaneHeight);
    }
    if (is_known ? none_run > 0 || shares.up < 1 : well_run > 0) end_runs(i);
    if (!is_known) {
      ++none_run;
      continue;
    }
    if (shares.up >= 1) {
      ++well_run;
      continue;
    }
    double top = 0;
    const auto stack = [&](std::string& path, double share) {
      if (share > 0) path += rectangle(x, top, width, share * kCellHeight);
      top += share * kCellHeight;
    };
    stack(up, shares.up);
    stack(degraded, shares.degraded);
    stack(down, shares.down);
  }
  end_runs(cells.size());
  Markup out;
  out << "<figure class=\"history\"><svg class=\"bar\" viewBox=\"0 0 239 30\" "
         "preserveAspectRatio=\"none\" "
         "role=\"img\" tabindex=\"0\" aria-label=\""
      << (is_day ? "24 hours: " : "30 days: ") << ratio_words(availability) << "\" data-cells=\"";
  out.plain(cells_for_script(cells)) << "\">";
  const auto path = [&](const std::string& data, std::string_view name) {
    if (data.empty()) return;
    out << "<path class=\"" << name << "\" d=\"";
    out.plain(data) << "\"/>";
  };
  if (!well.empty()) {
    out << "<path class=\"bar-well\" stroke-dasharray=\"";
    out.plain(fmt::format("{:g} 1", width)) << "\" d=\"";
    out.plain(well) << "\"/>";
  }
  path(up, "bar-ok");
  path(degraded, "bar-degraded");
  path(down, "bar-down");
  path(none, "bar-none");
  path(failed, "bar-failed");
  out << "</svg><figcaption><span>" << (is_day ? "24 h ago" : "30 d ago") << "</span><b>"
      << percent(availability) << "</b><span>" << (is_day ? "now" : "today")
      << "</span></figcaption>";
  // A percentage of less than its window says so.
  constexpr int64_t kHourMs = 3'600'000;
  const int64_t window = (is_day ? 24 : 30 * 24) * kHourMs;
  if (availability.ratio && availability.known_ms < window / 10 * 9) {
    out << "<p class=\"known\">of the " << age_words(availability.known_ms) << " known</p>";
  }
  out << "</figure>";
  return out;
}

Markup render_sparkline(const CheckPicture& check) {
  const std::vector<SparkPoint>& points = check.spark;
  double top = kLeastSparkTopMs;
  for (const SparkPoint& point : points) {
    if (point.p95_ms && std::isfinite(*point.p95_ms)) top = std::max(top, 1.2 * *point.p95_ms);
  }
  const auto y_of = [&](double ms) { return kSparkHeight * (1 - std::clamp(ms / top, 0.0, 1.0)); };
  // A line may not bridge what is not known: each run of points is a piece of its own.
  std::string line, band, failed;
  size_t i = 0;
  while (i < points.size()) {
    if (points[i].failed_looks > 0) failed += fmt::format("M{} 40v-5", i);
    if (!points[i].p50_ms) {
      ++i;
      continue;
    }
    const size_t from = i;
    std::string upper, lower;
    for (; i < points.size() && points[i].p50_ms; ++i) {
      if (i > from && points[i].failed_looks > 0) failed += fmt::format("M{} 40v-5", i);
      line += fmt::format("{}{} {:.1f}", i == from ? "M" : "L", i, y_of(*points[i].p50_ms));
      upper += fmt::format("{}{} {:.1f}", i == from ? "M" : "L", i,
                           y_of(points[i].p95_ms.value_or(*points[i].p50_ms)));
      lower.insert(0,
                   fmt::format("L{} {:.1f}", i, y_of(points[i].p5_ms.value_or(*points[i].p50_ms))));
    }
    if (i - from == 1) line += "h0.9";
    band += upper + lower + "z";
  }
  Markup out;
  if (line.empty()) return out;
  std::string words = "Answer times of 24 hours";
  if (check.median_ms) words += ": median " + latency_words(*check.median_ms);
  if (check.p95_ms) words += ", 95th percentile " + latency_words(*check.p95_ms);
  out << "<figure class=\"spark-figure\"><svg class=\"spark\" viewBox=\"0 0 95 40\" "
         "preserveAspectRatio=\"none\" "
         "role=\"img\" aria-label=\""
      << words << "\"><path class=\"spark-band\" d=\"";
  out.plain(band) << "\"/><path class=\"spark-line\" d=\"";
  out.plain(line) << "\"/>";
  if (!failed.empty()) {
    out << "<path class=\"spark-failed\" d=\"";
    out.plain(failed) << "\"/>";
  }
  out << "</svg><figcaption>";
  if (check.median_ms)
    out << "<span>median <b>" << latency_words(*check.median_ms) << "</b></span>";
  if (check.p95_ms) out << "<span>95th <b>" << latency_words(*check.p95_ms) << "</b></span>";
  out << "</figcaption></figure>";
  return out;
}

}  // namespace miden
