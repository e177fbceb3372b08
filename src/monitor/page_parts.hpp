// The parts that pages are made of, one file each.
#pragma once

#include "monitor/page.hpp"
#include "monitor/page_text.hpp"

namespace miden {

// page_band.cpp: is all well, and if not, where?
struct Summary {
  std::string tone;       // "ok", "degraded", "down", "unknown"
  std::string icon;       // of the band and of the tab
  std::string sentence;   // without ages
  std::string title;      // for the tab: "2 down", "All well"
  int64_t since_ms = 0;   // of what the sentence says; 0: not said
  std::string announced;  // changes when the sentence is worth being read out
};
Summary summarize(const Picture& picture, const PageClock& clock);
Markup render_band(const Picture& picture, const PageClock& clock);
Markup render_attention(const Picture& picture, const PageClock& clock);

// page_cards.cpp: what does each check say? Card by card, in groups; the skeleton's fragments are
// `render_card_fragments()`.
std::vector<Fragment> render_card_fragments(const Picture& picture, const PageClock& clock);
Markup render_groups(const Picture& picture, const PageClock& clock);
Markup render_cause(const CheckPicture& check);

// page_bars.cpp: what was it like before?
enum class BarSpan { kDay, kMonth };
Markup render_bar(const CheckPicture& check, BarSpan span);
Markup render_sparkline(const CheckPicture& check);

// page_inclusion.cpp: how long until a transaction is in a block?
Markup render_inclusion(const Picture& picture, const PageClock& clock);

// page_incidents.cpp: what went wrong within 30 days?
Markup render_incidents(const Picture& picture, const PageClock& clock);
Markup render_incident_line(const Incident& incident, const PageClock& clock, bool names_check);

// What every page has around it.
std::string render_document(const Picture& picture, const PageClock& clock, const PageView& view,
                            std::string_view title, std::string_view kind, const Markup& main);
Markup render_footer(const Picture& picture);

}  // namespace miden
