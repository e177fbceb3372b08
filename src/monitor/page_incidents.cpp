#include <fmt/format.h>

#include <algorithm>

#include "monitor/page_parts.hpp"

namespace miden {
namespace {

constexpr int64_t kDayMs = 24 * 3'600'000;
constexpr size_t kMaxIncidents = 200;  // a page of more helps nobody; the API has all

int64_t day_of(int64_t ms) { return ms / kDayMs; }

std::string day_title(int64_t ms, int64_t now_ms) {
  const std::string day = day_text(ms);
  if (day_of(ms) == day_of(now_ms)) return "Today, " + day;
  if (day_of(ms) + 1 == day_of(now_ms)) return "Yesterday, " + day;
  return day;
}

// "10:42–10:51 UTC"; with days where it went over midnight.
Markup period(const Incident& incident, const PageClock& clock) {
  Markup out;
  out << moment(incident.opened_ms, clock_minutes(incident.opened_ms));
  if (!incident.closed_ms) {
    out << " UTC, " << age(clock, incident.opened_ms) << " so far";
    return out;
  }
  const bool is_one_day = day_of(incident.opened_ms) == day_of(*incident.closed_ms);
  out << "–"
      << moment(*incident.closed_ms,
                (is_one_day ? std::string() : day_text(*incident.closed_ms) + " ") +
                    clock_minutes(*incident.closed_ms))
      << " UTC, " << age_words(*incident.closed_ms - incident.opened_ms);
  return out;
}

}  // namespace

Markup render_incident_line(const Incident& incident, const PageClock& clock, bool names_check) {
  StateWords words = words_of(incident.worst);
  std::string_view word = incident.is_flapping ? "Flapping" : words.word;
  Markup out;
  out << "<li class=\"incident";
  if (!incident.closed_ms) out << " open";
  out << "\">" << icon(words.id) << "<span><a href=\"/incidents/" << incident.id
      << "\" class=\"period\">" << period(incident, clock) << "</a> ";
  if (names_check) out << "<b>" << incident.check_name << "</b> ";
  out << "<b class=\"" << words.id << "\">" << word << "</b>";
  if (!incident.closed_ms) out << " <span class=\"open-word\">Open</span>";
  if (!incident.cause.empty())
    out << "<span class=\"why\">" << clean_text(incident.cause, 200) << "</span>";
  if (!incident.affected.empty()) {
    out << "<span class=\"why dim\">Also affected: ";
    for (size_t i = 0; i < incident.affected.size(); ++i) {
      if (i > 0) out << ", ";
      out << incident.affected[i];
    }
    out << "</span>";
  }
  out << "</span></li>";
  return out;
}

Markup render_incidents(const Picture& picture, const PageClock& clock) {
  Markup out;
  out << "<section id=\"incidents\" class=\"panel\" aria-labelledby=\"incidents-title\"><h2 "
         "id=\"incidents-title\">Incidents</h2>";
  // Those that another one explains are told there.
  std::vector<const Incident*> shown;
  for (const Incident& incident : picture.incidents) {
    if (!incident.parent && shown.size() < kMaxIncidents) shown.push_back(&incident);
  }
  if (shown.empty()) {
    out << "<p class=\"dim\">No incident in 30 days.</p></section>";
    return out;
  }
  bool lists_open_ones = false;
  int64_t day = -1;
  for (const Incident* incident : shown) {
    if (!incident->closed_ms) {
      if (!std::exchange(lists_open_ones, true)) out << "<h3>Open</h3><ol>";
    } else if (day_of(incident->opened_ms) != day) {
      if (day >= 0 || lists_open_ones) out << "</ol>";
      day = day_of(incident->opened_ms);
      out << "<h3>" << day_title(incident->opened_ms, clock.now_ms) << "</h3><ol>";
    }
    out << render_incident_line(*incident, clock, true);
  }
  out << "</ol></section>";
  return out;
}

std::optional<std::string> render_incident_page(const Picture& picture, std::string_view id,
                                                const PageClock& clock, const PageView& view) {
  const auto found = std::ranges::find_if(picture.incidents, [&](const Incident& incident) {
    return std::to_string(incident.id) == id;
  });
  if (found == picture.incidents.end()) return std::nullopt;
  const Incident& incident = *found;
  const StateWords words = words_of(incident.worst);
  Markup main;
  main << "<p class=\"back\"><a href=\"/\">All checks</a></p><h1>Incident " << incident.id << ": "
       << incident.check_name
       << "</h1><section class=\"panel\"><dl class=\"wide\"><div><dt>State</dt><dd>"
       << icon(words.id) << " <b class=\"" << words.id << "\">" << words.word << "</b>"
       << (incident.is_flapping ? ", flapping" : "") << (incident.is_minor ? ", minor" : "")
       << "</dd></div><div><dt>When</dt><dd>" << day_text(incident.opened_ms) << ", "
       << period(incident, clock) << "</dd></div><div><dt>Cause</dt><dd>"
       << (incident.cause.empty() ? std::string("not known") : incident.cause)
       << "</dd></div><div><dt>Reason</dt><dd>" << to_text(incident.reason) << "</dd></div>";
  if (find_check(picture, incident.check_id) != nullptr) {
    main << "<div><dt>Check</dt><dd><a href=\"/checks/" << incident.check_id << "\">"
         << incident.check_name << "</a></dd></div>";
  }
  if (incident.parent) {
    main << "<div><dt>Explained by</dt><dd><a href=\"/incidents/" << *incident.parent
         << "\">incident " << *incident.parent << "</a></dd></div>";
  }
  main << "</dl></section>";
  Markup children;
  for (const Incident& other : picture.incidents) {
    if (other.parent == incident.id) children << render_incident_line(other, clock, true);
  }
  if (!children.is_empty()) {
    main << "<section class=\"panel\"><h2>What fell with it</h2><ol>" << children
         << "</ol></section>";
  } else if (!incident.affected.empty()) {
    main << "<section class=\"panel\"><h2>What fell with it</h2><ul class=\"plain\">";
    for (const std::string& name : incident.affected) main << "<li>" << name << "</li>";
    main << "</ul></section>";
  }
  return render_document(picture, clock, view, fmt::format("Incident {}", incident.id), "detail",
                         main);
}

}  // namespace miden
