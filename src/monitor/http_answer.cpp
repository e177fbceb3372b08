#include "monitor/http_answer.hpp"

#include <fmt/format.h>

#include "monitor/assets.hpp"
#include "monitor/metrics.hpp"
#include "monitor/page.hpp"
#include "monitor/status_json.hpp"

namespace miden {
namespace {

constexpr std::string_view kApi = "/api/v1/";

PageView view_of(std::string_view target) {
  PageView view;
  const auto wall = query_value(target, "wall");
  view.is_wall = wall && *wall != "0";
  const auto theme = query_value(target, "theme").value_or("");
  if (theme == "light" || theme == "dark") view.theme = theme;
  return view;
}

HttpAnswer json(const nlohmann::ordered_json& body, unsigned status = 200) {
  HttpAnswer answer;
  answer.status = status;
  answer.content_type = "application/json";
  answer.body = body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return answer;
}

HttpAnswer html(std::string body) {
  HttpAnswer answer;
  answer.body = std::move(body);
  return answer;
}

HttpAnswer missing(const HttpRequest& request, const Picture& picture, const PageClock& clock) {
  if (path_of(request.target).starts_with("/api/")) return json({{"error", "not found"}}, 404);
  HttpAnswer answer;
  answer.status = 404;
  if (request.wants_html) {
    answer.body = render_missing_page(picture, clock, view_of(request.target));
  } else {
    answer.content_type = "text/plain; charset=utf-8";
    answer.body = "not found\n";
  }
  return answer;
}

HttpAnswer asset_answer(const Asset& asset, std::string_view path, std::string_view if_none_match) {
  HttpAnswer answer;
  answer.content_type = content_type(asset);
  answer.etag = fmt::format("\"{}\"", asset.hash);
  answer.cache_control =
      path == asset_address(asset.name) ? "public, max-age=31536000, immutable" : "no-cache";
  if (if_none_match.find(answer.etag) != std::string_view::npos || if_none_match == "*") {
    answer.status = 304;
  } else {
    answer.body = asset.content;
  }
  return answer;
}

std::optional<HttpAnswer> api_answer(std::string_view what, const Picture& picture) {
  if (what == "summary") return json(summary_json(picture));
  if (what == "checks") return json(checks_json(picture));
  if (what == "incidents") return json(incidents_json(picture));
  if (what == "inclusion") return json(inclusion_json(picture));
  constexpr std::string_view kChecks = "checks/", kHistory = "/history";
  if (!what.starts_with(kChecks)) return std::nullopt;
  std::string_view id = what.substr(kChecks.size());
  std::optional<nlohmann::ordered_json> found;
  if (id.ends_with(kHistory)) {
    id.remove_suffix(kHistory.size());
    found = history_json(picture, id);
  } else {
    found = check_json(picture, id);
  }
  if (!found) return std::nullopt;
  return json(*found);
}

}  // namespace

std::string_view path_of(std::string_view target) {
  if (const size_t scheme = target.find("://");
      scheme != std::string_view::npos &&
      target.substr(0, scheme).find_first_of("/?#") == std::string_view::npos) {
    const size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target.substr(0, target.find_first_of("?#"));
}

std::optional<std::string_view> query_value(std::string_view target, std::string_view name) {
  target = target.substr(0, target.find('#'));
  size_t at = target.find('?');
  while (at != std::string_view::npos) {
    const size_t end = target.find('&', at + 1);
    const std::string_view part =
        target.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
    const size_t equals = part.find('=');
    if (part.substr(0, equals) == name) {
      return equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    }
    at = end;
  }
  return std::nullopt;
}

HttpAnswer answer_to(const HttpRequest& request, const Picture& picture, const PageClock& clock,
                     size_t event_streams) {
  const std::string_view path = path_of(request.target);
  const PageView view = view_of(request.target);
  if (path == "/") return html(render_page(picture, clock, view));
  if (path == "/fragments/status") return html(render_status_fragment(picture, clock));
  if (path == "/status") return json(status_json(picture));
  if (path == "/metrics") {
    HttpAnswer answer;
    answer.content_type = kMetricsContentType;
    answer.body = metrics_text(picture, event_streams);
    return answer;
  }
  if (path == "/health") {
    const HealthAnswer health = health_json(picture, clock.now_ms);
    return json(health.body, health.is_alive ? 200 : 503);
  }
  if (path.starts_with(kApi)) {
    if (auto answer = api_answer(path.substr(kApi.size()), picture)) return *std::move(answer);
  }
  if (const Asset* asset = find_asset(path)) {
    return asset_answer(*asset, path, request.if_none_match);
  }
  constexpr std::string_view kChecks = "/checks/", kIncidents = "/incidents/";
  std::optional<std::string> page;
  if (path.starts_with(kChecks)) {
    page = render_check_page(picture, path.substr(kChecks.size()), clock, view);
  } else if (path.starts_with(kIncidents)) {
    page = render_incident_page(picture, path.substr(kIncidents.size()), clock, view);
  }
  return page ? html(*std::move(page)) : missing(request, picture, clock);
}

}  // namespace miden
