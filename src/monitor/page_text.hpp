// How the page writes numbers, times and states: one way everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/markup.hpp"
#include "monitor/picture.hpp"

namespace miden {

// Whether ages ("4 s ago") are written, or left to the page's script, so that a fragment changes
// only when something happened.
struct PageClock {
  int64_t now_ms = 0;
  bool writes_ages = true;
};

// "4 s", "1 min 20 s", "6 min", "3 h 4 min", "3 d 4 h"; the script counts on in the same form.
std::string age_words(int64_t ms);
// "42 ms", "3.2 s", "2 min 5 s"
std::string latency_words(double ms);
// "48,213"
std::string grouped(uint64_t number);
// Rounded down to two decimals: "100 %" means none was lost.
std::string percent(double ratio);
std::string percent(const Availability& availability);
// "3 checks", "1 check"
std::string counted(uint64_t count, std::string_view one, std::string_view many);

// Of UTC: "10:42", "10:42:07", "25 Nov", "2026-11-25T10:42:07Z".
std::string clock_minutes(int64_t ms);
std::string clock_seconds(int64_t ms);
std::string day_text(int64_t ms);
std::string iso_time(int64_t ms);

// <time> elements. An age counts on by itself; a moment gets the viewer's own time as a tip.
Markup age(const PageClock& clock, int64_t since_ms);
// "just now", "20 s ago"
Markup ago(const PageClock& clock, int64_t since_ms);
Markup moment(int64_t ms, std::string text);

struct StateWords {
  std::string_view id;    // of the icon, and the class of what it colours
  std::string_view word;  // "Working"
};
StateWords words_of(const CheckPicture& check);
StateWords words_of(CheckState state);
// A picture of a form of its own for each state; says nothing to screen readers, the word does.
Markup icon(std::string_view id);

// How much it matters: what comes first where the worst is shown.
int gravity(CheckState state);
std::optional<double> figure_of(const CheckPicture& check, std::string_view name);
const Fact* fact_of(const CheckPicture& check, std::string_view label);
const CheckPicture* find_check(const Picture& picture, std::string_view id);

}  // namespace miden
