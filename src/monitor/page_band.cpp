#include <fmt/format.h>

#include <algorithm>

#include "monitor/page_parts.hpp"

namespace miden {
namespace {

constexpr size_t kNamesInSentence = 3;
// The watch takes a picture every few seconds, whatever happens.
constexpr int64_t kPictureMaxAgeMs = 30'000;

std::vector<const CheckPicture*> checks_in(const Picture& picture, CheckState state) {
  std::vector<const CheckPicture*> found;
  for (const CheckPicture& check : picture.checks) {
    if (check.state == state) found.push_back(&check);
  }
  return found;
}

std::string names_of(const std::vector<const CheckPicture*>& checks) {
  std::string text;
  for (size_t i = 0; i < std::min(checks.size(), kNamesInSentence); ++i) {
    if (i > 0) text += ", ";
    text += clean_text(checks[i]->description->name, 80);
  }
  if (checks.size() > kNamesInSentence) {
    text += fmt::format(" and {} more", checks.size() - kNamesInSentence);
  }
  return text;
}

int64_t first_since(const std::vector<const CheckPicture*>& checks) {
  int64_t first = 0;
  for (const CheckPicture* check : checks) {
    if (check->since_ms > 0 && (first == 0 || check->since_ms < first)) first = check->since_ms;
  }
  return first;
}

std::string ids_of(const std::vector<const CheckPicture*>& checks) {
  std::string ids;
  for (const CheckPicture* check : checks) ids += check->description->id + " ";
  return ids;
}

const CheckPicture* block_production(const Picture& picture) {
  for (const CheckPicture& check : picture.checks) {
    if (check.description->kind == CheckKind::kBlockProduction) return &check;
  }
  return nullptr;
}

// When the newest block was first seen.
std::optional<int64_t> tip_changed_ms(const CheckPicture& chain) {
  const auto still_ms = figure_of(chain, "tip_age_ms");
  if (!still_ms || *still_ms < 0 || *still_ms > static_cast<double>(chain.last->started_ms)) {
    return std::nullopt;
  }
  return chain.last->started_ms - static_cast<int64_t>(*still_ms);
}

bool depends_on(const CheckPicture& check, std::string_view parent) {
  return std::ranges::find(check.description->parents, parent) != check.description->parents.end();
}

// Not well, because of what `parent` does.
std::vector<const CheckPicture*> affected_by(const Picture& picture, const CheckPicture& parent) {
  std::vector<const CheckPicture*> affected;
  for (const CheckPicture& check : picture.checks) {
    if (&check != &parent && gravity(check.state) >= gravity(CheckState::kDegraded) &&
        depends_on(check, parent.description->id)) {
      affected.push_back(&check);
    }
  }
  return affected;
}

bool needs_attention(const CheckPicture& check) {
  return gravity(check.state) >= gravity(CheckState::kUnknown) &&
         !(check.state == CheckState::kUnknown && !check.last);
}

// A check that is down for its own reasons, as far as the fixed dependencies tell.
bool follows_another(const Picture& picture, const CheckPicture& check) {
  return std::ranges::any_of(check.description->parents, [&](const std::string& id) {
    const CheckPicture* parent = find_check(picture, id);
    return parent != nullptr && parent != &check && parent->state == CheckState::kDown;
  });
}

Summary monitor_summary(const Picture& picture, const PageClock& clock) {
  Summary summary;
  summary.tone = summary.icon = "degraded";
  summary.title = "Monitor unwell";
  if (clock.now_ms - picture.taken_ms > kPictureMaxAgeMs) {
    summary.tone = "unknown";
    summary.icon = "overdue";
    summary.sentence = "The monitor has stopped checking";
    summary.since_ms = picture.taken_ms;
  } else if (!picture.health.stores_history) {
    const std::string why = clean_text(picture.health.store_error, 120);
    summary.sentence = fmt::format("Monitor cannot store history{}. Checks go on",
                                   why.empty() ? std::string() : fmt::format(" ({})", why));
  } else if (picture.health.clock_moved_ms) {
    const int64_t moved = *picture.health.clock_moved_ms;
    summary.sentence = fmt::format("Clock moved {} by {}", moved < 0 ? "back" : "forward",
                                   age_words(moved < 0 ? -std::max(moved, -INT64_MAX) : moved));
  }
  summary.announced = summary.sentence;
  return summary;
}

}  // namespace

Summary summarize(const Picture& picture, const PageClock& clock) {
  const size_t count = picture.checks.size();
  const auto down = checks_in(picture, CheckState::kDown);
  const auto degraded = checks_in(picture, CheckState::kDegraded);
  const auto overdue = checks_in(picture, CheckState::kOverdue);
  const auto unknown = checks_in(picture, CheckState::kUnknown);
  const auto paused = checks_in(picture, CheckState::kPaused);
  Summary monitor = monitor_summary(picture, clock);
  // A monitor that does not look comes before all that it saw.
  if (monitor.icon == "overdue") return monitor;

  Summary summary;
  const CheckPicture* chain = block_production(picture);
  if (chain != nullptr && chain->state == CheckState::kDown && chain->reason == Reason::kStaleTip) {
    const size_t affected = affected_by(picture, *chain).size();
    summary = {.tone = "down",
               .icon = "down",
               .sentence = "The chain has stopped: no new block",
               .title = "Chain stopped",
               .since_ms = tip_changed_ms(*chain).value_or(chain->since_ms),
               .announced = {}};
    if (affected > 0) {
      summary.sentence += fmt::format(", {} affected", counted(affected, "check", "checks"));
    }
  } else if (!down.empty()) {
    summary = {.tone = "down",
               .icon = "down",
               .sentence = fmt::format("{} of {} down: {}", down.size(), count, names_of(down)),
               .title = fmt::format("{} down", down.size()),
               .since_ms = first_since(down),
               .announced = {}};
  } else if (!monitor.sentence.empty()) {
    return monitor;
  } else if (!degraded.empty()) {
    summary = {.tone = "degraded",
               .icon = "degraded",
               .sentence = fmt::format("{} of {} {} attention: {}", degraded.size(), count,
                                       degraded.size() == 1 ? "needs" : "need", names_of(degraded)),
               .title = fmt::format("{} degraded", degraded.size()),
               .since_ms = first_since(degraded),
               .announced = {}};
    const std::string cause = clean_text(degraded.front()->cause, 120);
    if (degraded.size() == 1 && !cause.empty()) summary.sentence += ", " + cause;
  } else if (!overdue.empty()) {
    summary = {
        .tone = "degraded",
        .icon = "overdue",
        .sentence = fmt::format("{} of {} overdue: {}", overdue.size(), count, names_of(overdue)),
        .title = fmt::format("{} overdue", overdue.size()),
        .since_ms = first_since(overdue),
        .announced = {}};
  } else if (count == 0) {
    summary = {.tone = "unknown",
               .icon = "unknown",
               .sentence = "Nothing to check",
               .title = "Nothing to check",
               .since_ms = 0,
               .announced = {}};
  } else if (!unknown.empty()) {
    const auto without_result = static_cast<size_t>(
        std::ranges::count_if(unknown, [](const auto* check) { return !check->last; }));
    const bool starts = without_result > 0;
    summary = {
        .tone = "unknown",
        .icon = "unknown",
        .sentence = starts ? fmt::format("Starting: {} of {} have reported", count - without_result,
                                         counted(count, "check", "checks"))
                           : fmt::format("{} of {} could not be checked: {}", unknown.size(), count,
                                         names_of(unknown)),
        .title = starts ? "Starting" : fmt::format("{} unknown", unknown.size()),
        .since_ms = starts ? 0 : first_since(unknown),
        .announced = {}};
  } else {
    summary = {.tone = "ok",
               .icon = "ok",
               .sentence = count == 1 ? "The one check passes"
                                      : fmt::format("All {} checks pass", count - paused.size()),
               .title = "All well",
               .since_ms = 0,
               .announced = {}};
    if (paused.size() == count) {
      summary.tone = "unknown";
      summary.icon = "paused";
      summary.sentence = "All checks are paused";
      summary.title = "Paused";
    } else if (!paused.empty()) {
      summary.sentence += fmt::format(", {} paused", paused.size());
    }
  }
  // Not the sentence: a lag in it may change with every block, which is nothing to be read out.
  summary.announced = summary.title + "|" + ids_of(down) + "|" + ids_of(degraded) + "|" +
                      ids_of(overdue) + "|" + (summary.title == "Starting" ? "" : ids_of(unknown));
  return summary;
}

Markup render_band(const Picture& picture, const PageClock& clock) {
  const Summary summary = summarize(picture, clock);
  Markup out;
  out << "<div id=\"band\" class=\"band-text\" data-tone=\"" << summary.tone << "\" data-icon=\""
      << summary.icon << "\" data-title=\"" << summary.title << " · " << picture.network_name
      << "\" data-announced=\"" << summary.announced << "\"><p class=\"verdict\">"
      << icon(summary.icon) << "<span><span id=\"sentence\">" << summary.sentence << ".</span>";
  if (summary.since_ms > 0) {
    out << " <span class=\"since\">since "
        << moment(summary.since_ms, clock_minutes(summary.since_ms) + " UTC") << " ("
        << age(clock, summary.since_ms) << ")</span>";
  }
  out << "</span></p><p class=\"network\"><b>" << picture.network_name << "</b>";
  // What the monitor lacks itself, where something of the network comes before it.
  if (const Summary monitor = monitor_summary(picture, clock);
      !monitor.sentence.empty() && monitor.sentence != summary.sentence) {
    out << "<span> " << monitor.sentence << "</span>";
  }
  if (const CheckPicture* chain = block_production(picture); chain != nullptr && chain->last) {
    if (!chain->last->headline.empty()) {
      out << "<span> " << chain->last->headline;
      if (const auto changed = tip_changed_ms(*chain)) {
        out << ", " << age(clock, *changed) << " ago";
      }
      out << "</span>";
    }
  }
  const auto latest = std::ranges::find_if(
      picture.incidents, [](const Incident& incident) { return incident.closed_ms.has_value(); });
  if (latest != picture.incidents.end()) {
    out << "<span> last incident " << age(clock, latest->opened_ms) << " ago: <a href=\"/incidents/"
        << latest->id << "\">" << latest->check_name << ", "
        << age_words(*latest->closed_ms - latest->opened_ms) << "</a></span>";
  } else if (picture.incidents.empty()) {
    out << "<span> no incident in 30 days</span>";
  }
  out << "</p></div>";
  return out;
}

Markup render_attention(const Picture& picture, const PageClock& clock) {
  std::vector<const CheckPicture*> roots;
  for (const CheckPicture& check : picture.checks) {
    if (needs_attention(check) && !follows_another(picture, check)) roots.push_back(&check);
  }
  std::ranges::stable_sort(roots, [](const CheckPicture* left, const CheckPicture* right) {
    return gravity(left->state) > gravity(right->state);
  });
  Markup out;
  out << "<section id=\"attention\" aria-labelledby=\"attention-title\"";
  if (roots.empty()) {
    out << " hidden></section>";
    return out;
  }
  out << "><h2 id=\"attention-title\">Needs attention</h2><ul>";
  for (const CheckPicture* check : roots) {
    const StateWords words = words_of(*check);
    out << "<li>" << icon(words.id) << "<span><a href=\"#check-" << check->description->id << "\">"
        << check->description->name << "</a> <b class=\"" << words.id << "\">" << words.word
        << "</b>";
    if (!check->cause.empty())
      out << "<span class=\"why\"> " << clean_text(check->cause, 200) << "</span>";
    if (check->since_ms > 0) {
      out << " <span class=\"dim\">since "
          << moment(check->since_ms, clock_minutes(check->since_ms) + " UTC") << " ("
          << age(clock, check->since_ms) << ")</span>";
    }
    if (check->state == CheckState::kDown) {
      const auto affected = affected_by(picture, *check);
      for (size_t i = 0; i < affected.size(); ++i) {
        if (i == 0) {
          out << "<span class=\"why dim\">Also affected: ";
        } else {
          out << ", ";
        }
        out << "<a href=\"#check-" << affected[i]->description->id << "\">"
            << affected[i]->description->name << "</a>";
      }
      if (!affected.empty()) out << "</span>";
    }
    out << "</span></li>";
  }
  out << "</ul></section>";
  return out;
}

}  // namespace miden
