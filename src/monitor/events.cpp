#include "monitor/events.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace miden {
namespace {

using Json = nlohmann::json;

// JSON has no line breaks of its own, so one line of data holds it.
std::string event(std::string_view name, const Json& data, std::string_view id = {}) {
  std::string text;
  if (!id.empty()) text += fmt::format("id: {}\n", id);
  return text + fmt::format("event: {}\ndata: {}\n\n", name,
                            data.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

EventFeed::EventFeed(std::string boot, std::string build)
    : boot_(std::move(boot)), build_(std::move(build)) {}

std::string EventFeed::update(std::vector<Fragment> fragments) {
  Json changed = Json::object();
  for (const Fragment& fragment : fragments) {
    std::string& known = html_by_id_[fragment.id];
    if (known == fragment.element.html()) continue;
    known = fragment.element.html();
    changed[fragment.id] = known;
  }
  if (changed.empty()) return {};
  ++sequence_;
  return event("update", {{"seq", sequence_}, {"html_by_id", std::move(changed)}}, id());
}

std::string EventFeed::id() const { return fmt::format("{}-{}", boot_, sequence_); }

std::string EventFeed::hello(int64_t server_ms) const {
  return "retry: 2000\n" +
         event("hello", {{"boot", boot_}, {"build", build_}, {"server_ms", server_ms}});
}

std::string EventFeed::snapshot() const {
  return event("snapshot", {{"seq", sequence_}, {"html_by_id", html_by_id_}}, id());
}

std::string EventFeed::tick(int64_t server_ms) const {
  return event("tick", {{"seq", sequence_}, {"server_ms", server_ms}});
}

std::string EventFeed::bye() { return event("bye", Json::object()); }

}  // namespace miden
