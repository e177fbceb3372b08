#include <algorithm>
#include <array>
#include <utility>

#include "monitor/page_parts.hpp"

namespace miden {
namespace {

struct GroupWords {
  CheckGroup group;
  std::string_view id;
  std::string_view title;
};
constexpr std::array<GroupWords, 4> kGroups = {{
    {CheckGroup::kChain, "chain", "Chain"},
    {CheckGroup::kProving, "proving", "Validation and proving"},
    {CheckGroup::kEndToEnd, "end-to-end", "End to end"},
    {CheckGroup::kUserServices, "user-services", "User services"},
}};
// Of a wall: with more, those that are well become small.
constexpr size_t kManyCards = 12;

// So that a wall is filled evenly.
size_t wall_columns(size_t cards) {
  if (cards <= 4) return 2;
  if (cards <= 6) return 3;
  return cards == 9 || cards == 10 ? 5 : 4;
}

// Nodes are rows of one card, so that one that lags stands beside those that do not.
bool is_row(const CheckPicture& check) { return check.description->kind == CheckKind::kNode; }

std::vector<const CheckPicture*> nodes_of(const Picture& picture) {
  std::vector<const CheckPicture*> nodes;
  for (const CheckPicture& check : picture.checks) {
    if (is_row(check)) nodes.push_back(&check);
  }
  return nodes;
}

// Only these answer to a browser.
bool speaks_http(CheckKind kind) {
  return kind == CheckKind::kFaucet || kind == CheckKind::kExplorer;
}

bool is_web_address(std::string_view target) {
  return target.starts_with("https://") || target.starts_with("http://");
}

Markup state_words(const CheckPicture& check, const PageClock& clock) {
  const StateWords words = words_of(check);
  Markup out;
  out << "<p class=\"state\"><b class=\"" << words.id << "\">" << words.word << "</b>";
  if (check.since_ms > 0 && check.last)
    out << " <span>for " << age(clock, check.since_ms) << "</span>";
  out << "</p>";
  return out;
}

Markup last_look(const CheckPicture& check, const PageClock& clock) {
  Markup out;
  out << "<p class=\"last\">";
  if (check.last) {
    out << "Checked " << ago(clock, check.last->started_ms) << ", took "
        << latency_words(static_cast<double>(check.last->duration_us) / 1000) << "; every ";
  } else {
    out << "First result awaited; every ";
  }
  out << age_words(check.description->interval.count()) << "</p>";
  return out;
}

Markup facts_list(const CheckPicture& check) {
  Markup out;
  if (!check.last || check.last->facts.empty()) return out;
  out << "<details><summary>Details</summary><dl>";
  for (const Fact& fact : check.last->facts) {
    out << "<div><dt>" << fact.label << "</dt><dd";
    if (fact.is_hash) out << " class=\"hash\"";
    out << ">" << fact.value;
    if (fact.is_hash) {
      out << "<button class=\"copy-button\" type=\"button\" data-copy=\"" << fact.value
          << "\" aria-label=\"Copy " << fact.label << "\">" << icon("copy") << "</button>";
    }
    out << "</dd></div>";
  }
  out << "</dl></details>";
  return out;
}

Markup card_links(const CheckPicture& check) {
  const CheckDescription& description = *check.description;
  Markup out;
  out << "<p class=\"links\">";
  const bool is_link = speaks_http(description.kind) && is_web_address(description.target);
  if (is_link) {
    out << "<a class=\"target\" href=\"" << description.target
        << "\" rel=\"noopener noreferrer\" target=\"_blank\">" << description.target << "</a>";
  } else if (!description.target.empty()) {
    out << "<a class=\"target\" href=\"/checks/" << description.id << "\">" << description.target
        << "</a>";
  }
  if (!description.target.empty()) {
    out << "<button class=\"copy-button\" type=\"button\" data-copy=\"" << description.target
        << "\" aria-label=\"Copy the address of " << description.name << "\">" << icon("copy")
        << "</button>";
  }
  out << "</p>";
  return out;
}

// The three parts of a card that change at different times: what it says now, what was, and the
// values of the last look.
Fragment card_now(const CheckPicture& check, const PageClock& clock) {
  const CheckDescription& description = *check.description;
  const StateWords words = words_of(check);
  Markup out;
  out << "<div class=\"now\" id=\"now-" << description.id << "\" data-state=\"" << words.id
      << "\"><header>" << icon(words.id) << "<h3 id=\"name-" << description.id
      << "\"><a href=\"/checks/" << description.id << "\">" << description.name << "</a></h3>"
      << state_words(check, clock) << "</header><p class=\"meaning\">" << description.meaning
      << "</p>";
  if (check.last && !check.last->headline.empty()) {
    out << "<p class=\"headline\">" << check.last->headline << "</p>";
  }
  out << render_cause(check) << last_look(check, clock) << "</div>";
  return {"now-" + description.id, std::move(out)};
}

Fragment card_past(const CheckPicture& check) {
  const std::string& id = check.description->id;
  Markup out;
  out << "<div class=\"past\" id=\"past-" << id << "\">" << render_sparkline(check)
      << render_bar(check, BarSpan::kDay) << render_bar(check, BarSpan::kMonth) << "</div>";
  return {"past-" + id, std::move(out)};
}

Fragment card_values(const CheckPicture& check) {
  const std::string& id = check.description->id;
  Markup out;
  out << "<div class=\"values\" id=\"values-" << id << "\">" << card_links(check)
      << facts_list(check) << "</div>";
  return {"values-" + id, std::move(out)};
}

Markup node_value(std::string_view label, const Markup& value, std::string_view extra_class = {}) {
  Markup out;
  out << "<span class=\"value " << extra_class << "\"><i>" << label << "</i> " << value
      << "</span>";
  return out;
}

Markup text(std::string_view words) {
  Markup out;
  out << words;
  return out;
}

Fragment node_now(const CheckPicture& check, const PageClock& clock) {
  const CheckDescription& description = *check.description;
  const StateWords words = words_of(check);
  Markup out;
  out << "<div class=\"now\" id=\"now-" << description.id << "\" data-state=\"" << words.id
      << "\"><header>" << icon(words.id) << "<h4 id=\"name-" << description.id
      << "\"><a href=\"/checks/" << description.id << "\">" << description.name << "</a></h4>"
      << state_words(check, clock) << "</header><p class=\"node-values\">";
  const bool answers = check.last && !check.last->headline.empty();
  out << node_value("Tip", text(answers ? std::string_view(check.last->headline) : "–"),
                    "headline");
  for (const std::string_view label : {"Behind best", "Genesis", "Version"}) {
    const Fact* fact = fact_of(check, label);
    out << node_value(label, text(fact != nullptr ? std::string_view(fact->value) : "–"));
  }
  out << node_value(
             "Answer",
             text(check.last ? latency_words(static_cast<double>(check.last->duration_us) / 1000)
                             : "–"))
      << "</p>" << render_cause(check) << "</div>";
  return {"now-" + description.id, std::move(out)};
}

Fragment node_past(const CheckPicture& check) {
  const std::string& id = check.description->id;
  Markup out;
  out << "<div class=\"past\" id=\"past-" << id << "\">" << render_bar(check, BarSpan::kDay)
      << "</div>";
  return {"past-" + id, std::move(out)};
}

Fragment nodes_head(const std::vector<const CheckPicture*>& nodes) {
  const auto well = static_cast<size_t>(std::ranges::count_if(
      nodes, [](const CheckPicture* node) { return node->state == CheckState::kOk; }));
  const CheckPicture* worst = *std::ranges::max_element(
      nodes, {}, [](const CheckPicture* node) { return gravity(node->state); });
  const StateWords words = words_of(*worst);
  Markup out;
  out << "<div class=\"now\" id=\"now-nodes\" data-state=\"" << words.id << "\"><header>"
      << icon(words.id) << "<h3 id=\"name-nodes\">RPC nodes</h3><p class=\"state\"><b class=\""
      << words.id << "\">" << words.word << "</b> <span>" << well << " of " << nodes.size()
      << "</span></p></header></div>";
  return {"now-nodes", std::move(out)};
}

struct GroupCount {
  size_t working = 0, all = 0;
};

Fragment group_count(const Picture& picture, const GroupWords& group) {
  GroupCount count;
  size_t failing = 0;
  for (const CheckPicture& check : picture.checks) {
    if (check.description->group != group.group) continue;
    ++count.all;
    if (check.state == CheckState::kOk) ++count.working;
    if (gravity(check.state) >= gravity(CheckState::kOverdue)) ++failing;
  }
  Markup out;
  out << "<span class=\"count";
  if (failing > 0) out << " failing";
  const std::string id = "count-" + std::string(group.id);
  out << "\" id=\"" << id << "\">" << count.working << " of " << count.all << " working</span>";
  return {id, std::move(out)};
}

void append_card(Markup& out, const CheckPicture& check, const PageClock& clock) {
  const std::string& id = check.description->id;
  out << "<article class=\"card\" id=\"check-" << id << "\" tabindex=\"-1\" aria-labelledby=\"name-"
      << id << "\">" << card_now(check, clock).element << card_past(check).element
      << card_values(check).element << "</article>";
}

void append_nodes(Markup& out, const std::vector<const CheckPicture*>& nodes,
                  const PageClock& clock) {
  out << "<article class=\"card nodes\" id=\"check-nodes\" aria-labelledby=\"name-nodes\">"
      << nodes_head(nodes).element << "<ul>";
  for (const CheckPicture* node : nodes) {
    out << "<li id=\"check-" << node->description->id << "\" tabindex=\"-1\">"
        << node_now(*node, clock).element << node_past(*node).element << "</li>";
  }
  out << "</ul></article>";
}

}  // namespace

Markup render_cause(const CheckPicture& check) {
  Markup out;
  const bool is_well = check.state == CheckState::kOk;
  if (is_well && check.failed_once) {
    out << "<div class=\"cause once\"><p>Failed once, checking again";
    if (check.last && !check.last->error.empty()) out << ": " << check.last->error;
    out << "</p></div>";
    return out;
  }
  if (is_well) return out;
  const std::string said = check.last ? clean_text(check.last->error) : std::string();
  const std::string cause = clean_text(check.cause);
  const std::string& shown = cause.empty() ? said : cause;
  if (shown.empty()) return out;
  out << "<div class=\"cause\"><p>" << shown << "</p>";
  if (said != shown && !said.empty()) {
    out << "<details><summary>What was said</summary><p class=\"said\">" << said
        << "</p></details>";
  }
  out << "</div>";
  return out;
}

std::vector<Fragment> render_card_fragments(const Picture& picture, const PageClock& clock) {
  std::vector<Fragment> fragments;
  for (const GroupWords& group : kGroups) fragments.push_back(group_count(picture, group));
  if (const auto nodes = nodes_of(picture); !nodes.empty()) fragments.push_back(nodes_head(nodes));
  for (const CheckPicture& check : picture.checks) {
    if (is_row(check)) {
      fragments.push_back(node_now(check, clock));
      fragments.push_back(node_past(check));
    } else {
      fragments.push_back(card_now(check, clock));
      fragments.push_back(card_past(check));
      fragments.push_back(card_values(check));
    }
  }
  return fragments;
}

Markup render_groups(const Picture& picture, const PageClock& clock) {
  const std::vector<const CheckPicture*> nodes = nodes_of(picture);
  const size_t cards = picture.checks.size() - nodes.size() + (nodes.empty() ? 0 : 1);
  Markup out;
  out << "<div class=\"groups";
  if (cards > kManyCards) {
    out << " many";
  } else {
    out << " columns-" << wall_columns(cards);
  }
  out << "\">";
  for (const GroupWords& group : kGroups) {
    const bool is_empty = std::ranges::none_of(picture.checks, [&](const CheckPicture& check) {
      return check.description->group == group.group;
    });
    if (is_empty) continue;
    out << "<section class=\"group\" aria-labelledby=\"group-" << group.id << "\"><h2 id=\"group-"
        << group.id << "\">" << group.title << " " << group_count(picture, group).element
        << "</h2><div class=\"cards\">";
    bool nodes_are_shown = false;
    for (const CheckPicture& check : picture.checks) {
      if (check.description->group != group.group) continue;
      if (!is_row(check)) {
        append_card(out, check, clock);
      } else if (!std::exchange(nodes_are_shown, true)) {
        append_nodes(out, nodes, clock);
      }
    }
    out << "</div></section>";
  }
  out << "</div>";
  return out;
}

}  // namespace miden
