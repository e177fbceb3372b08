#include "monitor/status_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "monitor/page_text.hpp"

namespace miden {

namespace {

using Json = nlohmann::ordered_json;

// spec/prover-and-monitor.md B3
constexpr std::array<std::string_view, 8> kReferenceOrder{"RPC",
                                                          "Remote Prover",
                                                          "Faucet",
                                                          "Explorer",
                                                          "Local Transactions",
                                                          "Network Transactions",
                                                          "Note Transport",
                                                          "Validator"};

size_t reference_rank(const CheckPicture& check) {
  const std::string& name = check.description->reference_name;
  const auto found = std::ranges::find_if(
      kReferenceOrder, [&](std::string_view title) { return name.starts_with(title); });
  return static_cast<size_t>(found - kReferenceOrder.begin());
}

int64_t ended_ms(const CheckResult& result) {
  return result.started_ms + result.duration_us / 1000;
}

template <class Number>
Json or_null(const std::optional<Number>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json time_or_null(const std::optional<int64_t>& ms) {
  return ms ? Json(iso_time(*ms)) : Json(nullptr);
}

Json availability_json(const Availability& availability) {
  return {{"ratio", or_null(availability.ratio)},
          {"known_seconds", availability.known_ms / 1000},
          {"down_seconds", static_cast<double>(availability.down_ms) / 1000},
          {"outages", availability.outages}};
}

Json result_json(const CheckResult& result) {
  Json json{{"started_at", iso_time(result.started_ms)},
            {"started_ms", result.started_ms},
            {"duration_ms", static_cast<double>(result.duration_us) / 1000},
            {"outcome", to_text(result.outcome)},
            {"reason", to_text(result.reason)},
            {"code", result.code},
            {"error", result.error},
            {"headline", result.headline}};
  Json& figures = json["figures"] = Json::object();
  for (const Figure& figure : result.figures)
    if (std::isfinite(figure.value)) figures[figure.name] = figure.value;
  return json;
}

Json check_head(const CheckPicture& check) {
  const CheckDescription& description = *check.description;
  Json json{{"id", description.id},
            {"name", description.name},
            {"kind", to_text(description.kind)},
            {"group", to_text(description.group)},
            {"meaning", description.meaning},
            {"target", description.target},
            {"state", to_text(check.state)},
            {"since", iso_time(check.since_ms)},
            {"failed_once", check.failed_once},
            {"reason", to_text(check.reason)},
            {"cause", check.cause},
            {"interval_ms", description.interval.count()},
            {"timeout_ms", description.timeout.count()}};
  json["last"] = check.last ? result_json(*check.last) : Json(nullptr);
  json["availability"] = {{"24h", availability_json(check.day_availability)},
                          {"30d", availability_json(check.month_availability)}};
  json["latency_24h_ms"] = {{"median", or_null(check.median_ms)}, {"p95", or_null(check.p95_ms)}};
  json["since_start"] = {{"successes", check.successes}, {"failures", check.failures}};
  return json;
}

Json cells_json(const std::vector<Cell>& cells) {
  Json json = Json::array();
  for (const Cell& cell : cells) {
    Json seconds = Json::object();
    for (size_t state = 0; state < kCheckStates; ++state)
      seconds[std::string(to_text(static_cast<CheckState>(state)))] = cell.seconds_in[state];
    json.push_back({{"from", iso_time(cell.from_ms)},
                    {"to", iso_time(cell.to_ms)},
                    {"seconds", std::move(seconds)},
                    {"failed_looks", cell.failed_looks}});
  }
  return json;
}

Json incident_json(const Incident& incident) {
  const Json duration =
      incident.closed_ms ? Json((*incident.closed_ms - incident.opened_ms) / 1000) : Json(nullptr);
  return {{"id", std::to_string(incident.id)},
          {"check", {{"id", incident.check_id}, {"name", incident.check_name}}},
          {"opened_at", iso_time(incident.opened_ms)},
          {"closed_at", time_or_null(incident.closed_ms)},
          {"duration_seconds", duration},
          {"worst", to_text(incident.worst)},
          {"minor", incident.is_minor},
          {"flapping", incident.is_flapping},
          {"reason", to_text(incident.reason)},
          {"cause", incident.cause},
          {"affected", incident.affected},
          {"parent", incident.parent ? Json(std::to_string(*incident.parent)) : Json(nullptr)}};
}

Json monitor_json(const Picture& picture) {
  const MonitorHealth& health = picture.health;
  Json json{{"version", picture.version},
            {"boot", picture.boot},
            {"started_at", iso_time(picture.started_ms)},
            {"has_history", health.has_history},
            {"stores_history", health.stores_history}};
  json["store_error"] = health.store_error.empty() ? Json(nullptr) : Json(health.store_error);
  json["store_size_bytes"] = health.store_size_bytes;
  json["store_write_failures"] = health.store_write_failures;
  json["clock_moved_ms"] = or_null(health.clock_moved_ms);
  json["clock_jumps"] = health.clock_jumps;
  json["known_ratio"] = health.known_ratio;
  json["webhook"] = {{"delivered", health.webhook_delivered},
                     {"failed", health.webhook_failed},
                     {"waiting", health.webhook_queue}};
  return json;
}

const CheckPicture* find(const Picture& picture, std::string_view id) {
  const auto found = std::ranges::find_if(
      picture.checks, [&](const CheckPicture& check) { return check.description->id == id; });
  return found == picture.checks.end() ? nullptr : &*found;
}

Json counts_by_state(const Picture& picture) {
  std::array<size_t, kCheckStates> counts{};
  for (const CheckPicture& check : picture.checks) ++counts[std::to_underlying(check.state)];
  Json json{{"all", picture.checks.size()}};
  for (size_t state = 0; state < kCheckStates; ++state)
    json[std::string(to_text(static_cast<CheckState>(state)))] = counts[state];
  return json;
}

}  // namespace

Json status_json(const Picture& picture) {
  std::vector<const CheckPicture*> shown;
  for (const CheckPicture& check : picture.checks)
    if (!check.description->reference_name.empty()) shown.push_back(&check);
  std::ranges::stable_sort(shown, {},
                           [](const CheckPicture* check) { return reference_rank(*check); });

  Json services = Json::array();
  for (const CheckPicture* check : shown) {
    const CheckResult& result = check->last ? *check->last : *check->seed;
    Json service{{"name", check->description->reference_name},
                 {"status", result.reference_status},
                 {"last_checked", ended_ms(result) / 1000}};
    // What the reference does not judge, such as lag, is no error of a healthy service there.
    const bool has_error = !result.error.empty() && result.reference_status != "Healthy";
    service["error"] = has_error ? Json(result.error) : Json(nullptr);
    service["details"] = result.details;
    services.push_back(std::move(service));
  }
  Json status;
  status["services"] = std::move(services);
  status["last_updated"] = picture.taken_ms / 1000;
  status["monitor_version"] = picture.version;
  status["network_name"] = picture.network_name;
  return status;
}

Json summary_json(const Picture& picture) {
  Json json{{"network", picture.network_name},
            {"taken_at", iso_time(picture.taken_ms)},
            {"sequence", picture.sequence},
            {"checks", counts_by_state(picture)}};
  Json& open = json["open_incidents"] = Json::array();
  for (const Incident& incident : picture.incidents)
    if (!incident.closed_ms) open.push_back(incident_json(incident));
  json["monitor"] = monitor_json(picture);
  return json;
}

Json checks_json(const Picture& picture) {
  Json json{{"taken_at", iso_time(picture.taken_ms)}};
  Json& checks = json["checks"] = Json::array();
  for (const CheckPicture& check : picture.checks) checks.push_back(check_head(check));
  return json;
}

std::optional<Json> check_json(const Picture& picture, std::string_view id) {
  const CheckPicture* const check = find(picture, id);
  if (check == nullptr) return std::nullopt;
  const CheckDescription& description = *check->description;
  Json json = check_head(*check);
  json["request"] = description.request;
  json["thresholds"] = description.thresholds;
  json["parents"] = description.parents;
  Json& facts = json["facts"] = Json::array();
  if (check->last)
    for (const Fact& fact : check->last->facts)
      facts.push_back({{"label", fact.label}, {"value", fact.value}});
  Json& recent = json["recent"] = Json::array();
  for (const CheckResult& result : check->recent) recent.push_back(result_json(result));
  Json& incidents = json["incidents"] = Json::array();
  for (const Incident& incident : picture.incidents)
    if (incident.check_id == id) incidents.push_back(incident_json(incident));
  return json;
}

std::optional<Json> history_json(const Picture& picture, std::string_view id) {
  const CheckPicture* const check = find(picture, id);
  if (check == nullptr) return std::nullopt;
  Json json{{"id", id}, {"taken_at", iso_time(picture.taken_ms)}};
  json["availability"] = {{"24h", availability_json(check->day_availability)},
                          {"30d", availability_json(check->month_availability)}};
  json["24h"] = cells_json(check->day);
  json["30d"] = cells_json(check->month);
  Json& latency = json["latency_ms"] = Json::array();
  for (const SparkPoint& point : check->spark)
    latency.push_back({{"from", iso_time(point.from_ms)},
                       {"p5", or_null(point.p5_ms)},
                       {"median", or_null(point.p50_ms)},
                       {"p95", or_null(point.p95_ms)},
                       {"failed_looks", point.failed_looks}});
  return json;
}

Json incidents_json(const Picture& picture) {
  Json json{{"taken_at", iso_time(picture.taken_ms)}};
  Json& incidents = json["incidents"] = Json::array();
  for (const Incident& incident : picture.incidents) incidents.push_back(incident_json(incident));
  return json;
}

Json inclusion_json(const Picture& picture) {
  const auto series_json = [](const InclusionBin::Series& series) {
    return Json{{"least", or_null(series.least)},
                {"median", or_null(series.median)},
                {"most", or_null(series.most)},
                {"timeouts", series.timeouts}};
  };
  Json json{{"taken_at", iso_time(picture.taken_ms)}, {"unit", "seconds"}};
  Json& bins = json["bins"] = Json::array();
  for (const InclusionBin& bin : picture.inclusion)
    bins.push_back({{"from", iso_time(bin.from_ms)},
                    {"committed", series_json(bin.committed)},
                    {"consumed", series_json(bin.consumed)}});
  return json;
}

HealthAnswer health_json(const Picture& picture, int64_t now_ms) {
  constexpr int64_t kAliveWithinMs = 30'000;
  const int64_t age_ms = std::max<int64_t>(0, now_ms - picture.taken_ms);
  HealthAnswer answer;
  answer.is_alive = age_ms < kAliveWithinMs;
  const bool is_well = picture.health.stores_history && !picture.health.clock_moved_ms;
  answer.body["status"] = !answer.is_alive ? "stuck" : is_well ? "ok" : "degraded";
  answer.body["picture_age_seconds"] = static_cast<double>(age_ms) / 1000;
  answer.body["checks"] = counts_by_state(picture);
  answer.body["monitor"] = monitor_json(picture);
  return answer;
}

}  // namespace miden
