#include "monitor/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "monitor/assets.hpp"
#include "monitor/page_parts.hpp"

namespace miden {
namespace {

constexpr std::string_view kTabIcons[] = {"ok", "degraded", "down", "overdue", "unknown", "paused"};

// Shapes, not colours, tell states apart: circle with a check, triangle, square with a cross,
// clock, hollow circle, two bars.
Markup sprite() {
  Markup out;
  out << R"(<svg class="sprite" aria-hidden="true">)"
         R"(<symbol id="i-ok" viewBox="0 0 24 24"><circle cx="12" cy="12" r="10"/><path d="m7.5 12.3 3.1 3.1 6-6.4"/></symbol>)"
         R"(<symbol id="i-degraded" viewBox="0 0 24 24"><path d="M12 2.5 22.5 21h-21z"/><path d="M12 9.5v5m0 3.1v.1"/></symbol>)"
         R"(<symbol id="i-down" viewBox="0 0 24 24"><rect x="2" y="2" width="20" height="20" rx="3" fill="currentColor"/><path class="cut" d="m8 8 8 8m0-8-8 8"/></symbol>)"
         R"(<symbol id="i-overdue" viewBox="0 0 24 24"><circle cx="12" cy="12" r="10"/><path d="M12 6.5V12l3.6 2.2"/></symbol>)"
         R"(<symbol id="i-unknown" viewBox="0 0 24 24"><circle cx="12" cy="12" r="10" stroke-dasharray="4 3.2"/><path d="M9.6 9.6a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.2.9-1.2 1.8m0 3v.1"/></symbol>)"
         R"(<symbol id="i-paused" viewBox="0 0 24 24"><path d="M8.5 5v14m7-14v14"/></symbol>)"
         R"(<symbol id="i-copy" viewBox="0 0 24 24"><rect x="9" y="9" width="11" height="11" rx="2"/><path d="M15 9V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h3"/></symbol>)"
         R"(<symbol id="i-theme" viewBox="0 0 24 24"><circle cx="12" cy="12" r="9"/><path d="M12 3a9 9 0 0 1 0 18z" fill="currentColor"/></symbol>)"
         R"(<symbol id="i-dot" viewBox="0 0 24 24"><circle cx="12" cy="12" r="6" fill="currentColor"/></symbol>)"
         "</svg>";
  return out;
}

Markup head(const Picture& picture, const Summary& summary, const PageView& view,
            std::string_view title) {
  Markup out;
  out << R"(<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">)"
         R"(<meta name="color-scheme" content="light dark"><title>)"
      << title << " · " << picture.network_name
      << R"(</title><link id="favicon" rel="icon" type="image/svg+xml" href=")"
      << asset_address("favicon-" + summary.icon + ".svg") << "\"";
  for (const std::string_view name : kTabIcons) {
    out << " data-" << name << "=\"" << asset_address(fmt::format("favicon-{}.svg", name)) << "\"";
  }
  out << R"(><link rel="stylesheet" href=")" << asset_address("index.css") << "\">";
  if (view.is_wall) out << R"(<link rel="stylesheet" href=")" << asset_address("wall.css") << "\">";
  out << R"(<script src=")" << asset_address("theme.js") << R"("></script><script defer src=")"
      << asset_address("live.js")
      << R"("></script><noscript><meta http-equiv="refresh" content="30"></noscript></head>)";
  return out;
}

Markup header(const Picture& picture, const PageClock& clock) {
  Markup out;
  out << R"(<header class="band"><div class="band-inner">)" << render_band(picture, clock)
      << R"(<div id="lost" class="band-text" hidden><p class="verdict">)"
      << icon("overdue")
      << R"(<span>Not live. <span class="lost-since">Last update <span id="lost-time"></span>, <span id="lost-age"></span> ago.</span></span></p></div>)"
      << R"(<div class="controls"><span class="live"><svg class="icon dot" aria-hidden="true"><use href="#i-dot"/></svg><svg class="icon clock-icon" aria-hidden="true"><use href="#i-overdue"/></svg><span id="live-word">As of</span></span><span id="clock">)"
      << clock_seconds(clock.now_ms)
      << R"( UTC</span><button id="theme" class="theme-button" type="button" hidden>)"
      << icon("theme") << R"(</button></div></div></header>)";
  return out;
}

// Ids of the parts that the script takes over when it has to ask for the page.
std::string fragment_ids(const Picture& picture, const PageClock& clock) {
  std::string ids;
  for (const Fragment& fragment : render_fragments(picture, clock)) {
    ids += (ids.empty() ? "" : " ") + fragment.id;
  }
  return ids;
}

Markup live_part(const Picture& picture, const PageClock& clock) {
  Markup out;
  out << render_attention(picture, clock) << render_groups(picture, clock)
      << render_inclusion(picture, clock) << render_incidents(picture, clock);
  return out;
}

}  // namespace

Markup render_footer(const Picture& picture) {
  Markup out;
  out << R"(<footer id="footer" class="footer"><span>miden-network-monitor )" << picture.version
      << "</span>";
  if (picture.health.known_ratio > 0) {
    out << "<span>known " << percent(picture.health.known_ratio) << " of the time</span>";
  }
  out << R"(<a href="/api/v1/summary">JSON</a><a href="/metrics">Metrics</a><a href="/?wall">Wall</a></footer>)";
  return out;
}

std::string render_document(const Picture& picture, const PageClock& clock, const PageView& view,
                            std::string_view title, std::string_view kind, const Markup& main) {
  const Summary summary = summarize(picture, clock);
  Markup out;
  out << R"(<!doctype html><html lang="en" class=")" << kind << (view.is_wall ? " wall" : "")
      << "\"";
  if (!view.theme.empty()) out << " data-theme=\"" << view.theme << "\"";
  out << " data-tone=\"" << summary.tone << "\" data-live=\"starting\" data-network=\""
      << picture.network_name << "\" data-title=\"" << title << " · " << picture.network_name
      << "\" data-build=\"" << page_layout(picture) << "\" data-server-ms=\"" << clock.now_ms
      << "\" data-fragments=\"";
  out.plain(fragment_ids(picture, clock))
      << "\">" << head(picture, summary, view, title)
      << R"(<body><a class="skip" href="#main">Skip to the checks</a>)" << sprite()
      << header(picture, clock)
      << R"(<p id="announcer" class="unseen" role="status"></p><main id="main" tabindex="-1">)"
      << main << "</main>" << render_footer(picture)
      << R"(<div id="tip" role="tooltip" hidden></div></body></html>)";
  return out.html();
}

std::vector<Fragment> render_fragments(const Picture& picture, const PageClock& clock) {
  std::vector<Fragment> fragments;
  fragments.push_back({"band", render_band(picture, clock)});
  fragments.push_back({"attention", render_attention(picture, clock)});
  for (Fragment& fragment : render_card_fragments(picture, clock)) {
    fragments.push_back(std::move(fragment));
  }
  fragments.push_back({"inclusion", render_inclusion(picture, clock)});
  fragments.push_back({"incidents", render_incidents(picture, clock)});
  fragments.push_back({"footer", render_footer(picture)});
  return fragments;
}

std::string page_layout(const Picture& picture) {
  std::string layout = picture.version + assets_hash();
  for (const CheckPicture& check : picture.checks) {
    layout += "|" + check.description->id + "|" + check.description->name;
  }
  return fmt::format("{:016x}", std::hash<std::string>()(layout));
}

std::string render_page(const Picture& picture, const PageClock& clock, const PageView& view) {
  Markup main;
  main << "<h1 class=\"unseen\">Status of " << picture.network_name << "</h1>"
       << live_part(picture, clock);
  return render_document(picture, clock, view, summarize(picture, clock).title, "overview", main);
}

std::string render_status_fragment(const Picture& picture, const PageClock& clock) {
  Markup out;
  out << "<div id=\"status\" data-build=\"" << page_layout(picture) << "\" data-server-ms=\""
      << clock.now_ms << "\">" << render_band(picture, clock) << live_part(picture, clock)
      << render_footer(picture) << "</div>";
  return out.html();
}

std::string render_missing_page(const Picture& picture, const PageClock& clock,
                                const PageView& view) {
  Markup main;
  main
      << R"(<h1>Not here</h1><section class="panel"><p>There is nothing at this address. <a href="/">All checks</a></p></section>)";
  return render_document(picture, clock, view, "Not found", "detail", main);
}

}  // namespace miden
