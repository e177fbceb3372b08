#include "monitor/page_text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

namespace miden {
namespace {

constexpr int64_t kSecondMs = 1000, kMinuteMs = 60 * kSecondMs, kHourMs = 60 * kMinuteMs,
                  kDayMs = 24 * kHourMs;
// Of the last minute, an age to these steps: numbers that run everywhere make a page restless.
constexpr int64_t kCoarseMs = 5 * kSecondMs;
// Later and earlier moments are no times but accidents; four digits of year.
constexpr int64_t kLastMs = 253402300799 * kSecondMs;

std::tm utc(int64_t ms) {
  const std::time_t seconds = std::clamp<int64_t>(ms, 0, kLastMs) / kSecondMs;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

std::string two_units(int64_t large, std::string_view large_unit, int64_t small,
                      std::string_view small_unit) {
  return small == 0 ? fmt::format("{} {}", large, large_unit)
                    : fmt::format("{} {} {} {}", large, large_unit, small, small_unit);
}

}  // namespace

std::string age_words(int64_t ms) {
  ms = std::max<int64_t>(ms, 0);
  if (ms < kMinuteMs) return fmt::format("{} s", ms / kSecondMs);
  if (ms < 5 * kMinuteMs) {
    return two_units(ms / kMinuteMs, "min", ms % kMinuteMs / kSecondMs, "s");
  }
  if (ms < kHourMs) return fmt::format("{} min", ms / kMinuteMs);
  if (ms < kDayMs) return two_units(ms / kHourMs, "h", ms % kHourMs / kMinuteMs, "min");
  return two_units(ms / kDayMs, "d", ms % kDayMs / kHourMs, "h");
}

std::string latency_words(double ms) {
  if (!std::isfinite(ms) || ms < 0) return "–";
  if (ms < 1) return "under 1 ms";
  if (ms < 1000) return fmt::format("{:.0f} ms", ms);
  if (ms < 100 * kSecondMs) return fmt::format("{:.1f} s", ms / kSecondMs);
  return age_words(static_cast<int64_t>(std::min(ms, 1e15)));
}

std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t i = text.size(); i > 3;) text.insert(i -= 3, 1, ',');
  return text;
}

std::string percent(double ratio) {
  if (!std::isfinite(ratio)) return "–";
  const double hundredths = std::floor(std::clamp(ratio, 0.0, 1.0) * 1e4 + 1e-9);
  return hundredths >= 1e4 ? "100 %" : fmt::format("{:.2f} %", hundredths / 100);
}

std::string percent(const Availability& availability) {
  if (!availability.ratio) return "no data";
  if (availability.down_ms > 0) return percent(std::min(*availability.ratio, 0.99999));
  return percent(*availability.ratio);
}

std::string counted(uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : many);
}

std::string clock_minutes(int64_t ms) { return fmt::format("{:%H:%M}", utc(ms)); }
std::string clock_seconds(int64_t ms) { return fmt::format("{:%H:%M:%S}", utc(ms)); }
std::string iso_time(int64_t ms) { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc(ms)); }

std::string day_text(int64_t ms) {
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm parts = utc(ms);
  return fmt::format("{} {}", parts.tm_mday, kMonths[static_cast<size_t>(parts.tm_mon)]);
}

Markup age(const PageClock& clock, int64_t since_ms) {
  Markup out;
  out << "<time data-age datetime=\"" << iso_time(since_ms) << "\">";
  if (clock.writes_ages) out << age_words(clock.now_ms - since_ms);
  out << "</time>";
  return out;
}

Markup ago(const PageClock& clock, int64_t since_ms) {
  const int64_t ms = std::max<int64_t>(clock.now_ms - since_ms, 0);
  Markup out;
  out << "<time data-age data-coarse datetime=\"" << iso_time(since_ms) << "\">";
  if (clock.writes_ages && ms < 2 * kCoarseMs) {
    out << "just now";
  } else if (clock.writes_ages) {
    out << age_words(ms < kMinuteMs ? ms - ms % kCoarseMs : ms) << " ago";
  }
  out << "</time>";
  return out;
}

Markup moment(int64_t ms, std::string text) {
  Markup out;
  out << "<time datetime=\"" << iso_time(ms) << "\">" << text << "</time>";
  return out;
}

StateWords words_of(CheckState state) {
  switch (state) {
    case CheckState::kOk:
      return {"ok", "Working"};
    case CheckState::kDegraded:
      return {"degraded", "Degraded"};
    case CheckState::kDown:
      return {"down", "Down"};
    case CheckState::kUnknown:
      return {"unknown", "Could not check"};
    case CheckState::kOverdue:
      return {"overdue", "Check overdue"};
    case CheckState::kPaused:
      return {"paused", "Paused by operator"};
  }
  return {"unknown", "Could not check"};
}

StateWords words_of(const CheckPicture& check) {
  if (check.state == CheckState::kUnknown && !check.last) return {"unknown", "No data yet"};
  return words_of(check.state);
}

Markup icon(std::string_view id) {
  Markup out;
  out << "<svg class=\"icon " << id << "\" aria-hidden=\"true\"><use href=\"#i-" << id
      << "\"/></svg>";
  return out;
}

int gravity(CheckState state) {
  switch (state) {
    case CheckState::kDown:
      return 5;
    case CheckState::kDegraded:
      return 4;
    case CheckState::kOverdue:
      return 3;
    case CheckState::kUnknown:
      return 2;
    case CheckState::kPaused:
      return 1;
    case CheckState::kOk:
      return 0;
  }
  return 0;
}

std::optional<double> figure_of(const CheckPicture& check, std::string_view name) {
  if (!check.last) return std::nullopt;
  for (const Figure& figure : check.last->figures) {
    if (figure.name == name && std::isfinite(figure.value)) return figure.value;
  }
  return std::nullopt;
}

const Fact* fact_of(const CheckPicture& check, std::string_view label) {
  if (!check.last) return nullptr;
  for (const Fact& fact : check.last->facts) {
    if (fact.label == label) return &fact;
  }
  return nullptr;
}

const CheckPicture* find_check(const Picture& picture, std::string_view id) {
  for (const CheckPicture& check : picture.checks) {
    if (check.description->id == id) return &check;
  }
  return nullptr;
}

}  // namespace miden
