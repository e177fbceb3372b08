#include "monitor/public_picture.hpp"

#include <string>
#include <string_view>

namespace miden {

namespace {

using nlohmann::json;

// Workers by number, in their order.
std::string worker_name(size_t number) { return "worker " + std::to_string(number); }

// The members of `/status` that tell where something is or what it said.
void hide_in_details(json& details) {
  if (details.is_array()) {
    for (json& item : details) hide_in_details(item);
    return;
  }
  if (!details.is_object()) return;
  for (auto& [name, value] : details.items()) {
    if (value.is_string() && (name == "url" || name == "error" || name.ends_with("_url"))) {
      value = "";
    } else if (name == "workers" && value.is_array()) {
      for (size_t i = 0; i < value.size(); ++i)
        if (value[i].is_object()) value[i]["name"] = worker_name(i + 1);
    } else {
      hide_in_details(value);
    }
  }
}

std::string reason_as_cause(Reason reason) {
  return reason == Reason::kNone ? std::string() : std::string(to_text(reason));
}

void hide(CheckResult& result) {
  if (!result.error.empty())
    result.error = result.reason == Reason::kNone ? "failed" : std::string(to_text(result.reason));
  // Free text of a check: whatever looks like an address, and all that is said of workers.
  std::erase_if(result.facts, [](const Fact& fact) {
    const auto has = [](const std::string& text, std::string_view part) {
      return text.find(part) != std::string::npos;
    };
    return has(fact.value, "://") || has(fact.label, "orker") || has(fact.label, "rror");
  });
  hide_in_details(result.details);
}

}  // namespace

std::shared_ptr<const Picture> public_picture(const Picture& picture) {
  auto open = std::make_shared<Picture>(picture);
  for (CheckPicture& check : open->checks) {
    CheckDescription description = *check.description;
    description.target.clear();
    description.request.clear();
    check.description = std::make_shared<const CheckDescription>(std::move(description));
    check.cause = check.cause.empty() ? "" : reason_as_cause(check.reason);
    if (check.last) hide(*check.last);
    if (check.seed) {
      CheckResult seed = *check.seed;
      hide(seed);
      check.seed = std::make_shared<const CheckResult>(std::move(seed));
    }
    for (CheckResult& result : check.recent) hide(result);
  }
  for (Incident& incident : open->incidents) incident.cause = reason_as_cause(incident.reason);
  if (!open->health.store_error.empty()) open->health.store_error = "history cannot be stored";
  return open;
}

}  // namespace miden
