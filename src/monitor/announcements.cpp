#include "monitor/announcements.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.hpp"
#include "monitor/page_text.hpp"

namespace miden {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// The same change has the same id however often it is sent, whoever computes it.
std::string event_id(const std::string& network, const std::string& check, CheckState from,
                     CheckState to, int64_t since_ms, std::string_view kind) {
  std::string text = network;
  for (const std::string& part : {check, std::string(to_text(from)), std::string(to_text(to)),
                                  std::to_string(since_ms), std::string(kind)})
    text += '\n' + part;
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data());
  return to_hex({digest.data(), 16});
}

std::optional<CheckState> state_named(const std::string& word) {
  for (size_t state = 0; state < kCheckStates; ++state)
    if (to_text(static_cast<CheckState>(state)) == word) return static_cast<CheckState>(state);
  return std::nullopt;
}

std::string without_slash(const std::string& url) {
  return url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
}

// What cannot be seen is nothing to tell of; that a check does not run is.
bool is_told_of(CheckState state) {
  return state == CheckState::kOk || state == CheckState::kDegraded || state == CheckState::kDown ||
         state == CheckState::kOverdue;
}

// "is down: no answer within 10 s"
std::string change_in_words(CheckState state, const std::string& cause) {
  std::string words;
  switch (state) {
    case CheckState::kOk:
      return "works again";
    case CheckState::kDegraded:
      words = "is degraded";
      break;
    case CheckState::kDown:
      words = "is down";
      break;
    case CheckState::kOverdue:
      words = "is not checked any more";
      break;
    default:
      words = "is " + std::string(to_text(state));
      break;
  }
  return cause.empty() ? words : words + ": " + cause;
}

}  // namespace

Announcements::Announcements(Options options, std::vector<Subject> subjects, const json& memory)
    : options_(std::move(options)) {
  for (Subject& subject : subjects) {
    Watched watched;
    if (memory.is_object() && memory.contains(subject.id) && memory[subject.id].is_object()) {
      const json& told = memory[subject.id];
      watched.told = state_named(told.value("state", "ok")).value_or(CheckState::kOk);
      watched.told_incident = told.value("incident", uint64_t{0});
      watched.told_flapping = told.value("flapping", false);
    }
    watched.subject = std::move(subject);
    checks_.push_back(std::move(watched));
  }
}

json Announcements::memory() const {
  json memory = json::object();
  for (const Watched& watched : checks_)
    if (watched.told != CheckState::kOk)
      memory[watched.subject.id] = {{"state", to_text(watched.told)},
                                    {"incident", watched.told_incident},
                                    {"flapping", watched.told_flapping}};
  return memory;
}

void Announcements::state_changed(size_t check, const StateChange& change, int64_t steady_ms) {
  Watched& watched = checks_[check];
  if (!is_told_of(change.to)) {
    watched.now.reset();  // when it is seen again it must last again
    return;
  }
  watched.now = change;
  watched.due_ms = steady_ms + options_.after_ms;
}

bool Announcements::is_news(const Watched& watched) const {
  return watched.now && watched.now->to != watched.told;
}

ordered_json Announcements::event(const Watched& watched, const Incident* incident, int64_t wall_ms,
                                  bool is_flapping) const {
  const StateChange& now = *watched.now;
  const std::string_view kind = is_flapping ? "flapping" : "state_changed";
  ordered_json event;
  event["version"] = 1;
  event["event_id"] =
      event_id(options_.network_name, watched.subject.id, watched.told, now.to, now.since_ms, kind);
  event["kind"] = kind;
  event["network"] = options_.network_name;
  event["sent_at"] = iso_time(wall_ms);
  event["text"] = watched.subject.name + " " +
                  (is_flapping ? "keeps changing between working and failing"
                               : change_in_words(now.to, now.cause));
  event["check"] = {{"id", watched.subject.id},
                    {"name", watched.subject.name},
                    {"group", to_text(watched.subject.group)},
                    {"target", watched.subject.target}};
  event["from"] = to_text(watched.told);
  event["to"] = to_text(now.to);
  event["since"] = iso_time(now.since_ms);
  event["reason"] = {{"code", to_text(now.reason)}, {"text", now.cause}};
  event["incident"] = nullptr;
  if (incident != nullptr) {
    ordered_json& told = event["incident"];
    told["id"] = std::to_string(incident->id);
    told["opened_at"] = iso_time(incident->opened_ms);
    told["closed_at"] = nullptr;
    told["duration_seconds"] = nullptr;
    if (incident->closed_ms) {
      told["closed_at"] = iso_time(*incident->closed_ms);
      told["duration_seconds"] = (*incident->closed_ms - incident->opened_ms) / 1000;
    }
    told["affected"] = incident->affected;
    told["url"] = nullptr;
    if (!options_.page_url.empty())
      told["url"] = without_slash(options_.page_url) + "/incidents/" + std::to_string(incident->id);
  }
  return event;
}

std::vector<Announcement> Announcements::take_due(
    int64_t steady_ms, int64_t wall_ms, const std::function<const Incident*(size_t)>& incident_of) {
  const auto is_flapping = [&](size_t check) {
    const Incident* const incident = incident_of(check);
    return incident != nullptr && incident->is_flapping;
  };

  // Those that are due, and those that will be within the window: they go together.
  std::vector<size_t> due, soon;
  int64_t first_due_ms = steady_ms;
  for (size_t check = 0; check < checks_.size(); ++check) {
    Watched& watched = checks_[check];
    if (!watched.now) continue;
    if (is_flapping(check)) {
      if (!watched.told_flapping) due.push_back(check);
      continue;
    }
    // Calm again: what it is now was not told.
    if (watched.told_flapping && watched.now->to == watched.told) watched.told_flapping = false;
    if (!is_news(watched)) continue;
    if (watched.due_ms <= steady_ms) {
      due.push_back(check);
      first_due_ms = std::min(first_due_ms, watched.due_ms);
    } else if (watched.due_ms <= steady_ms + kBatchWindowMs) {
      soon.push_back(check);
    }
  }
  while (!told_ms_.empty() && told_ms_.front() <= steady_ms - kBatchWindowMs) told_ms_.pop_front();
  if (due.empty()) return {};
  const size_t together = due.size() + soon.size() + told_ms_.size();
  const bool may_wait = steady_ms < first_due_ms + kBatchWindowMs;
  if (together >= kBatchFrom && may_wait && (!soon.empty() || due.size() < kBatchFrom)) return {};

  std::vector<Announcement> singles;
  for (const size_t check : due) {
    Watched& watched = checks_[check];
    const Incident* const incident = incident_of(check);
    const bool flaps = is_flapping(check);
    Announcement single;
    single.body = event(watched, incident, wall_ms, flaps);
    single.is_recovery = !flaps && watched.now->to == CheckState::kOk;
    single.incident = single.is_recovery ? watched.told_incident : incident ? incident->id : 0;
    if (!flaps) single.check_id = watched.subject.id;
    singles.push_back(std::move(single));
    watched.told = flaps ? CheckState::kDown : watched.now->to;
    watched.told_flapping = flaps;
    watched.told_incident = incident != nullptr ? incident->id : 0;
  }
  if (singles.size() < kBatchFrom) {
    for (size_t i = 0; i < singles.size(); ++i) told_ms_.push_back(steady_ms);
    return singles;
  }

  Announcement batch;
  batch.body["version"] = 1;
  batch.body["event_id"] = singles.front().body["event_id"].get<std::string>() + "-batch";
  batch.body["kind"] = "batch";
  batch.body["network"] = options_.network_name;
  batch.body["sent_at"] = iso_time(wall_ms);
  std::string text = std::to_string(singles.size()) + " changes";
  for (size_t i = 0; i < singles.size(); ++i)
    text += (i == 0 ? ": " : "; ") + singles[i].body["text"].get<std::string>();
  batch.body["text"] = text;
  batch.body["events"] = ordered_json::array();
  for (Announcement& single : singles) batch.body["events"].push_back(std::move(single.body));
  std::vector<Announcement> announcements;
  announcements.push_back(std::move(batch));
  return announcements;
}

}  // namespace miden
