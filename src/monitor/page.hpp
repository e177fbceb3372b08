// The page, rendered from a picture. The server is the only renderer: what the script swaps in when
// something changed are the same fragments that stand in the page.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/page_text.hpp"
#include "monitor/picture.hpp"

namespace miden {

// An element with an id of its own.
struct Fragment {
  std::string id;
  Markup element;
};

// What a visitor chose in the address.
struct PageView {
  bool is_wall = false;  // `?wall`: for a screen that nobody touches
  std::string theme;     // `?theme=`: "light", "dark" or empty
};

// "/": everything.
std::string render_page(const Picture& picture, const PageClock& clock, const PageView& view);
// "/fragments/status": what is between the page's header and its end, and the band.
std::string render_status_fragment(const Picture& picture, const PageClock& clock);
// The parts of the page that change, each with its id; together with the page's skeleton, which
// depends on `page_layout()` alone, they are the page.
std::vector<Fragment> render_fragments(const Picture& picture, const PageClock& clock);
// Changes when a page that is open must be loaded anew: other checks, another program.
std::string page_layout(const Picture& picture);

// "/checks/<id>" and "/incidents/<id>"; nothing where there is none.
std::optional<std::string> render_check_page(const Picture& picture, std::string_view id,
                                             const PageClock& clock, const PageView& view);
std::optional<std::string> render_incident_page(const Picture& picture, std::string_view id,
                                                const PageClock& clock, const PageView& view);
// For addresses that lead nowhere.
std::string render_missing_page(const Picture& picture, const PageClock& clock,
                                const PageView& view);

}  // namespace miden
