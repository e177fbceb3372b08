// One check's own page: what is asked, what was answered, and what went wrong.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "monitor/page_parts.hpp"

namespace miden {
namespace {

double seconds_in(const Cell& cell, CheckState state) {
  return cell.seconds_in[std::to_underlying(state)];
}

Markup asked(const CheckPicture& check) {
  const CheckDescription& description = *check.description;
  Markup out;
  out << "<section class=\"panel\"><h2>What is checked</h2><dl class=\"wide\">";
  if (!description.target.empty()) {
    out << "<div><dt>Target</dt><dd class=\"hash\">" << description.target
        << "<button class=\"copy-button\" type=\"button\" data-copy=\"" << description.target
        << "\" aria-label=\"Copy the target\">" << icon("copy") << "</button></dd></div>";
  }
  out << "<div><dt>Interval</dt><dd>" << age_words(description.interval.count())
      << "</dd></div><div><dt>Time limit</dt><dd>" << age_words(description.timeout.count())
      << "</dd></div><div><dt>Confirmed after</dt><dd>"
      << counted(static_cast<uint64_t>(std::max(description.failures_to_confirm, 0)), "failure",
                 "failures")
      << " in a row, cleared after "
      << counted(static_cast<uint64_t>(std::max(description.successes_to_clear, 0)), "success",
                 "successes")
      << "</dd></div>";
  for (const std::string& threshold : description.thresholds) {
    out << "<div><dt>Threshold</dt><dd>" << threshold << "</dd></div>";
  }
  out << "</dl>";
  if (!description.request.empty()) {
    out << "<div class=\"request\"><code>" << description.request
        << "</code><button class=\"copy-button\" type=\"button\" data-copy=\""
        << description.request << "\" aria-label=\"Copy the request\">" << icon("copy")
        << "</button></div>";
  }
  out << "</section>";
  return out;
}

// The cells in which something went wrong, in words.
Markup faults_table(const CheckPicture& check) {
  Markup out;
  const auto append = [&](const std::vector<Cell>& cells, bool is_day) {
    for (auto cell = cells.rbegin(); cell != cells.rend(); ++cell) {
      const double down = seconds_in(*cell, CheckState::kDown);
      const double degraded = seconds_in(*cell, CheckState::kDegraded);
      if (down <= 0 && degraded <= 0 && cell->failed_looks == 0) continue;
      out << "<tr><th scope=\"row\">"
          << moment(cell->from_ms, is_day ? clock_minutes(cell->from_ms) + "–" +
                                                clock_minutes(cell->to_ms) + " UTC"
                                          : day_text(cell->from_ms))
          << "</th><td>" << age_words(static_cast<int64_t>(down * 1000)) << "</td><td>"
          << age_words(static_cast<int64_t>(degraded * 1000)) << "</td><td>" << cell->failed_looks
          << "</td></tr>";
    }
  };
  append(check.day, true);
  append(check.month, false);
  if (out.is_empty()) {
    out << "<p class=\"dim\">Nothing went wrong within the time that is known.</p>";
    return out;
  }
  Markup table;
  table << "<details><summary>What went wrong, as a table</summary><div class=\"scrolls\" "
           "tabindex=\"0\" "
           "role=\"region\" aria-label=\"What went wrong\"><table><thead><tr><th "
           "scope=\"col\">When</th><th "
           "scope=\"col\">Down</th><th scope=\"col\">Degraded</th><th scope=\"col\">Failed "
           "looks</th></tr></thead><tbody>"
        << out << "</tbody></table></div></details>";
  return table;
}

StateWords words_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return {"ok", "ok"};
    case Outcome::kDegraded:
      return {"degraded", "degraded"};
    case Outcome::kFailed:
      return {"down", "failed"};
    case Outcome::kInconclusive:
      return {"unknown", "inconclusive"};
  }
  return {"unknown", "inconclusive"};
}

std::string reason_words(const CheckResult& result) {
  if (result.reason == Reason::kNone) return {};
  std::string text(to_text(result.reason));
  if (result.reason == Reason::kGrpc || result.reason == Reason::kHttp) {
    text += fmt::format("_{}", result.code);
  }
  return text;
}

Markup recent_table(const CheckPicture& check) {
  Markup out;
  out << "<section class=\"panel\"><h2>Last results</h2>";
  if (check.recent.empty()) {
    out << "<p class=\"dim\">None yet.</p></section>";
    return out;
  }
  out << "<div class=\"scrolls\" tabindex=\"0\" role=\"region\" aria-label=\"Last results\"><table "
         "class=\"results\"><thead><tr><th scope=\"col\">When (UTC)</th><th "
         "scope=\"col\">Result</th><th "
         "scope=\"col\">Took</th><th scope=\"col\">What was seen</th></tr></thead><tbody>";
  for (const CheckResult& result : check.recent) {
    const StateWords words = words_of(result.outcome);
    out << "<tr><th scope=\"row\">" << moment(result.started_ms, clock_seconds(result.started_ms))
        << "</th><td>" << icon(words.id) << " <b class=\"" << words.id << "\">" << words.word
        << "</b></td><td>" << latency_words(static_cast<double>(result.duration_us) / 1000)
        << "</td><td class=\"seen\">" << result.headline;
    if (const std::string reason = reason_words(result); !reason.empty()) {
      out << " <code>" << reason << "</code>";
    }
    if (!result.error.empty()) out << " " << clean_text(result.error);
    out << "</td></tr>";
  }
  out << "</tbody></table></div></section>";
  return out;
}

Markup facts_panel(const CheckPicture& check) {
  Markup out;
  if (!check.last || check.last->facts.empty()) return out;
  out << "<section class=\"panel\"><h2>Values</h2><dl class=\"wide\">";
  for (const Fact& fact : check.last->facts) {
    out << "<div><dt>" << fact.label << "</dt><dd"
        << (fact.is_hash ? Markup() << " class=\"hash\"" : Markup()) << ">" << fact.value
        << "</dd></div>";
  }
  out << "</dl></section>";
  return out;
}

}  // namespace

std::optional<std::string> render_check_page(const Picture& picture, std::string_view id,
                                             const PageClock& clock, const PageView& view) {
  const CheckPicture* found = find_check(picture, id);
  if (found == nullptr) return std::nullopt;
  const CheckPicture& check = *found;
  const CheckDescription& description = *check.description;
  const StateWords words = words_of(check);
  Markup main;
  main << "<p class=\"back\"><a href=\"/\">All checks</a></p><h1>" << icon(words.id) << " "
       << description.name << "</h1><p class=\"meaning\">" << description.meaning
       << "</p><section class=\"panel\" data-state=\"" << words.id
       << "\"><h2>Now</h2><p class=\"state\"><b class=\"" << words.id << "\">" << words.word
       << "</b>";
  if (check.since_ms > 0 && check.last)
    main << " <span>for " << age(clock, check.since_ms) << "</span>";
  main << "</p>";
  if (check.last && !check.last->headline.empty()) {
    main << "<p class=\"headline\">" << check.last->headline << "</p>";
  }
  main << render_cause(check) << "<p class=\"last\">" << grouped(check.successes) << " good and "
       << counted(check.failures, "failed look", "failed looks") << " since the monitor started</p>"
       << render_sparkline(check) << render_bar(check, BarSpan::kDay)
       << render_bar(check, BarSpan::kMonth) << faults_table(check) << "</section>" << asked(check)
       << facts_panel(check) << recent_table(check);
  main << "<section class=\"panel\"><h2>Incidents</h2>";
  Markup incidents;
  for (const Incident& incident : picture.incidents) {
    if (incident.check_id == id) incidents << render_incident_line(incident, clock, false);
  }
  if (incidents.is_empty()) {
    main << "<p class=\"dim\">No incident in 30 days.</p>";
  } else {
    main << "<ol>" << incidents << "</ol>";
  }
  main << "<p><a href=\"/api/v1/checks/" << description.id << "\">As JSON</a></p></section>";
  return render_document(picture, clock, view, description.name, "detail", main);
}

}  // namespace miden
