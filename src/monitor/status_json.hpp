// The picture as JSON: `/status` as the reference answers it, `/api/v1/…` and `/health`.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "monitor/picture.hpp"

namespace miden {

// `/status` (spec/prover-and-monitor.md B4): the reference's services, words and order; each look's
// own result, without debounce.
nlohmann::ordered_json status_json(const Picture& picture);

// `/api/v1/summary`: the network, counts by state, the open incidents, the monitor's own health.
nlohmann::ordered_json summary_json(const Picture& picture);
// `/api/v1/checks`: all of them, without history.
nlohmann::ordered_json checks_json(const Picture& picture);
// `/api/v1/checks/<id>`: one, with its newest results; nothing where there is none of that id.
std::optional<nlohmann::ordered_json> check_json(const Picture& picture, std::string_view id);
// `/api/v1/checks/<id>/history`: bars, sparkline, availability.
std::optional<nlohmann::ordered_json> history_json(const Picture& picture, std::string_view id);
// `/api/v1/incidents`: of 30 days, open ones first.
nlohmann::ordered_json incidents_json(const Picture& picture);
// `/api/v1/inclusion`: 24 hours in bins of five minutes.
nlohmann::ordered_json inclusion_json(const Picture& picture);

// `/health`: of the monitor, not of the network. Whoever restarts what is not well must not do so
// for a full disk: only `is_alive` = false, no picture for 30 s, deserves a 503.
struct HealthAnswer {
  bool is_alive = true;
  nlohmann::ordered_json body;
};
HealthAnswer health_json(const Picture& picture, int64_t now_ms);

}  // namespace miden
