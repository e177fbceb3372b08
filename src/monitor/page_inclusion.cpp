#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "monitor/page_parts.hpp"

namespace miden {
namespace {

using Series = InclusionBin::Series;

constexpr double kHeight = 100;
constexpr double kLeastTopSeconds = 5;
constexpr size_t kBinsInRow = 12;  // an hour, of the table

double least_round_top(double seconds) {
  for (double unit = 1; unit < 1e9; unit *= 10) {
    for (const double factor : {1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0}) {
      if (factor * unit >= seconds) return factor * unit;
    }
  }
  return 1e9;
}

std::string seconds_words(std::optional<double> seconds) {
  return seconds ? latency_words(*seconds * 1000) : "–";
}

// Of the axis: round numbers.
std::string axis_words(double seconds) { return fmt::format("{:g} s", seconds); }

struct Paths {
  std::string line, whiskers, timeouts;
};

Paths paths_of(const std::vector<InclusionBin>& bins, Series InclusionBin::*which, double top) {
  const auto y_of = [&](double seconds) {
    return kHeight * (1 - std::clamp(seconds / top, 0.0, 1.0));
  };
  Paths paths;
  bool continues = false;  // a gap stays a gap
  for (size_t i = 0; i < bins.size(); ++i) {
    const Series& series = bins[i].*which;
    const double x = static_cast<double>(i) + 0.5;
    if (series.timeouts > 0) paths.timeouts += fmt::format("M{:g} 1l2 4m0-4l-2 4", x - 1);
    if (!series.median) {
      continues = false;
      continue;
    }
    paths.line += fmt::format("{}{:g} {:.1f}", continues ? "L" : "M", x, y_of(*series.median));
    if (!continues) paths.line += "h.4";  // one alone is seen, too
    continues = true;
    if (series.least && series.most && *series.most > *series.least) {
      paths.whiskers +=
          fmt::format("M{:g} {:.1f}V{:.1f}", x, y_of(*series.least), y_of(*series.most));
    }
  }
  return paths;
}

struct Range {
  std::optional<double> least, median, most;
  uint32_t timeouts = 0;
};

// Of several bins: the middle one of their medians.
Range range_of(const std::vector<InclusionBin>& bins, size_t from, size_t to,
               Series InclusionBin::*which) {
  Range range;
  std::vector<double> medians;
  for (size_t i = from; i < std::min(to, bins.size()); ++i) {
    const Series& series = bins[i].*which;
    range.timeouts += series.timeouts;
    if (series.median) medians.push_back(*series.median);
    if (series.least) range.least = std::min(range.least.value_or(*series.least), *series.least);
    if (series.most) range.most = std::max(range.most.value_or(*series.most), *series.most);
  }
  if (!medians.empty()) {
    const auto middle = medians.begin() + static_cast<ptrdiff_t>(medians.size() / 2);
    std::ranges::nth_element(medians, middle);
    range.median = *middle;
  }
  return range;
}

void append_cells(Markup& out, const Range& range) {
  out << "<td>" << seconds_words(range.median) << "</td><td>" << seconds_words(range.least) << " – "
      << seconds_words(range.most) << "</td><td>" << range.timeouts << "</td>";
}

Markup hours_table(const std::vector<InclusionBin>& bins) {
  Markup out;
  out << "<details><summary>As a table</summary><div class=\"scrolls\" tabindex=\"0\" "
         "role=\"region\" "
         "aria-label=\"Time to inclusion by hour\"><table><thead><tr><th rowspan=\"2\" "
         "scope=\"col\">Hour from (UTC)</th><th colspan=\"3\" "
         "scope=\"colgroup\">Submitted to committed</th><th colspan=\"3\" "
         "scope=\"colgroup\">Submitted to note "
         "consumed</th></tr><tr>";
  for (int i = 0; i < 2; ++i) {
    out << "<th scope=\"col\">median</th><th scope=\"col\">least – most</th><th "
           "scope=\"col\">time-outs</th>";
  }
  out << "</tr></thead><tbody>";
  for (size_t from = 0; from < bins.size(); from += kBinsInRow) {
    out << "<tr><th scope=\"row\">"
        << moment(bins[from].from_ms,
                  day_text(bins[from].from_ms) + ", " + clock_minutes(bins[from].from_ms))
        << "</th>";
    append_cells(out, range_of(bins, from, from + kBinsInRow, &InclusionBin::committed));
    append_cells(out, range_of(bins, from, from + kBinsInRow, &InclusionBin::consumed));
    out << "</tr>";
  }
  out << "</tbody></table></div></details>";
  return out;
}

}  // namespace

Markup render_inclusion(const Picture& picture, const PageClock&) {
  const std::vector<InclusionBin>& bins = picture.inclusion;
  Markup out;
  out << "<section id=\"inclusion\" class=\"panel\" aria-labelledby=\"inclusion-title\"";
  const bool is_measured = std::ranges::any_of(picture.checks, [](const CheckPicture& check) {
    return check.description->kind == CheckKind::kLocalTransaction ||
           check.description->kind == CheckKind::kNetworkTransaction;
  });
  if (!is_measured) {
    out << " hidden></section>";
    return out;
  }
  const Range committed = range_of(bins, 0, bins.size(), &InclusionBin::committed);
  const Range consumed = range_of(bins, 0, bins.size(), &InclusionBin::consumed);
  const uint32_t timeouts = committed.timeouts + consumed.timeouts;
  out << "><h2 id=\"inclusion-title\">Time to inclusion</h2>";
  if (!committed.median && !consumed.median && timeouts == 0) {
    out << "<p class=\"dim\">No transaction of the monitor within 24 hours.</p></section>";
    return out;
  }
  const double top = least_round_top(
      std::max({kLeastTopSeconds, committed.most.value_or(0), consumed.most.value_or(0)}));
  out << "<ul class=\"legend\"><li><svg class=\"key\" viewBox=\"0 0 28 8\" "
         "aria-hidden=\"true\"><path "
         "class=\"line-committed\" d=\"M0 4h28\"/></svg>submitted to committed <b>"
      << seconds_words(committed.median)
      << "</b></li><li><svg class=\"key\" viewBox=\"0 0 28 8\" aria-hidden=\"true\"><path "
         "class=\"line-consumed\" d=\"M0 4h28\"/></svg>submitted to note consumed <b>"
      << seconds_words(consumed.median) << "</b></li>";
  if (timeouts > 0) {
    out << "<li><svg class=\"key\" viewBox=\"0 0 28 8\" aria-hidden=\"true\"><path "
           "class=\"timeouts\" "
           "d=\"M11 1l6 6m0-6l-6 6\"/></svg>"
        << counted(timeouts, "time-out", "time-outs") << "</li>";
  }
  out << "</ul><div class=\"chart\"><div class=\"y-axis\" aria-hidden=\"true\"><span>"
      << axis_words(top) << "</span><span>" << axis_words(top / 2)
      << "</span><span>0</span></div><svg class=\"plot\" viewBox=\"0 0 288 100\" "
         "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Time to inclusion, 24 hours: "
         "submitted to "
         "committed, median "
      << seconds_words(committed.median) << ", most " << seconds_words(committed.most)
      << "; submitted to note consumed, median " << seconds_words(consumed.median) << ", most "
      << seconds_words(consumed.most) << "; " << counted(timeouts, "time-out", "time-outs")
      << "\"><path class=\"grid\" d=\"M0 0H288M0 50H288M0 100H288\"/>";
  for (const bool is_committed : {true, false}) {
    const Paths paths =
        paths_of(bins, is_committed ? &InclusionBin::committed : &InclusionBin::consumed, top);
    const std::string_view name = is_committed ? "committed" : "consumed";
    out << "<path class=\"whiskers-" << name << "\" d=\"";
    out.plain(paths.whiskers) << "\"/><path class=\"line-" << name << "\" d=\"";
    out.plain(paths.line) << "\"/><path class=\"timeouts\" d=\"";
    out.plain(paths.timeouts) << "\"/>";
  }
  out << "</svg><div class=\"x-axis\" aria-hidden=\"true\"><span>24 h ago</span><span>18 "
         "h</span><span>12 "
         "h</span><span>6 h</span><span>now</span></div></div>"
      << hours_table(bins) << "</section>";
  return out;
}

}  // namespace miden
