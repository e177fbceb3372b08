#include "monitor/incidents.hpp"

#include <algorithm>
#include <utility>

namespace miden {

namespace {

constexpr std::string_view kOwnNetworkId = "monitor";

CheckState worse_of(CheckState a, CheckState b) {
  return std::to_underlying(a) > std::to_underlying(b) ? a : b;
}

bool is_parent(const std::vector<std::string>& parents, const std::string& id) {
  return std::ranges::find(parents, id) != parents.end();
}

}  // namespace

Incidents::Incidents(std::vector<Subject> checks, std::vector<Incident> remembered, int64_t now_ms)
    : incidents_(std::move(remembered)),
      // Later than all that an unreadable store may hold.
      next_id_(static_cast<uint64_t>(std::max<int64_t>(now_ms, 1))) {
  for (Subject& subject : checks) {
    Watched watched;
    watched.last_change_ms = now_ms;
    watched.subject = std::move(subject);
    checks_.push_back(std::move(watched));
  }
  std::ranges::sort(incidents_, {}, &Incident::id);
  for (Incident& incident : incidents_) {
    next_id_ = std::max(next_id_, incident.id + 1);
    if (incident.closed_ms) continue;
    const auto watched = std::ranges::find(checks_, incident.check_id,
                                           [](const Watched& check) { return check.subject.id; });
    // Well when the monitor stopped, unless it was only waiting for calm.
    if (watched == checks_.end() ||
        (watched->subject.known == CheckState::kOk && !incident.is_flapping))
      close(incident, now_ms);
  }
}

void Incidents::add_older(std::vector<Incident> older, int64_t now_ms) {
  for (Incident& incident : older) {
    if (std::ranges::find(incidents_, incident.id, &Incident::id) != incidents_.end()) continue;
    incidents_.push_back(std::move(incident));
    if (!incidents_.back().closed_ms) close(incidents_.back(), now_ms);
    next_id_ = std::max(next_id_, incidents_.back().id + 1);
  }
  std::ranges::sort(incidents_, {}, &Incident::id);
}

Incident* Incidents::open_of(const std::string& check_id) {
  for (auto incident = incidents_.rbegin(); incident != incidents_.rend(); ++incident)
    if (incident->check_id == check_id && !incident->closed_ms) return &*incident;
  return nullptr;
}

const Incident* Incidents::newest_of(size_t check) const {
  const std::string& id = checks_[check].subject.id;
  for (auto incident = incidents_.rbegin(); incident != incidents_.rend(); ++incident)
    if (incident->check_id == id) return &*incident;
  return nullptr;
}

void Incidents::close(Incident& incident, int64_t at_ms) {
  incident.closed_ms = std::max(at_ms, incident.opened_ms);
  incident.is_flapping = false;
  changed(incident);
}

// The open incident of the check, the one that was closed just before, or a new one.
Incident& Incidents::open(size_t check, CheckState state, int64_t since_ms) {
  Watched& watched = checks_[check];
  watched.degraded_since_ms.reset();
  Incident* incident = open_of(watched.subject.id);
  if (incident == nullptr) {
    const auto newest = std::find_if(
        incidents_.rbegin(), incidents_.rend(),
        [&](const Incident& candidate) { return candidate.check_id == watched.subject.id; });
    if (newest != incidents_.rend() && *newest->closed_ms >= since_ms - kReopenWithinMs)
      incident = &*newest;
  }
  if (incident == nullptr) {
    incident = &incidents_.emplace_back();
    incident->id = next_id_++;
    incident->check_id = watched.subject.id;
    incident->check_name = watched.subject.name;
    incident->opened_ms = since_ms;
    incident->worst = state;
    link(*incident, watched);
  }
  incident->closed_ms.reset();
  // What it was when it was worst.
  if (worse_of(state, incident->worst) == state) {
    incident->reason = watched.last_bad.reason;
    incident->cause = watched.last_bad.cause;
  }
  incident->worst = worse_of(incident->worst, state);
  incident->is_minor = incident->worst == CheckState::kDegraded;
  changed(*incident);
  return *incident;
}

// An incident that starts while one of a parent is open, or shortly before, is explained by it.
void Incidents::link(Incident& incident, const Watched& watched) {
  const auto explains = [&](const Incident& cause, const Incident& effect, int64_t interval_ms) {
    return effect.opened_ms >= cause.opened_ms - 2 * interval_ms &&
           (!cause.closed_ms || effect.opened_ms <= *cause.closed_ms);
  };
  const auto tie = [&](Incident& cause, Incident& effect) {
    effect.parent = cause.id;
    if (std::ranges::find(cause.affected, effect.check_name) == cause.affected.end())
      cause.affected.push_back(effect.check_name);
    changed(cause);
    changed(effect);
  };
  for (Watched& other : checks_) {
    const int64_t interval_ms = std::max(watched.subject.interval_ms, other.subject.interval_ms);
    if (is_parent(watched.subject.parents, other.subject.id)) {
      if (Incident* const cause = open_of(other.subject.id);
          cause != nullptr && !incident.parent && explains(*cause, incident, interval_ms))
        tie(*cause, incident);
    } else if (is_parent(other.subject.parents, watched.subject.id)) {
      if (Incident* const effect = open_of(other.subject.id);
          effect != nullptr && !effect->parent && explains(incident, *effect, interval_ms))
        tie(incident, *effect);
    }
  }
}

void Incidents::state_changed(size_t check, const StateChange& change) {
  Watched& watched = checks_[check];
  if (change.to != CheckState::kOk && change.to != CheckState::kDegraded &&
      change.to != CheckState::kDown) {
    watched.degraded_since_ms.reset();
    return;
  }
  if (change.to != CheckState::kOk) watched.last_bad = change;
  const bool is_news = watched.subject.known && *watched.subject.known != change.to;
  watched.subject.known = change.to;
  if (is_news) {
    watched.last_change_ms = change.confirmed_ms;
    watched.changes_ms.push_back(change.confirmed_ms);
    std::erase_if(watched.changes_ms,
                  [&](int64_t at_ms) { return at_ms <= change.confirmed_ms - kFlappingWithinMs; });
  }

  if (change.to == CheckState::kDown) {
    open(check, CheckState::kDown, change.since_ms);
  } else if (change.to == CheckState::kDegraded) {
    if (open_of(watched.subject.id) == nullptr) watched.degraded_since_ms = change.since_ms;
  } else {
    watched.degraded_since_ms.reset();
    if (Incident* const incident = open_of(watched.subject.id);
        incident != nullptr && !incident->is_flapping)
      close(*incident, change.since_ms);
  }

  if (is_news && watched.changes_ms.size() >= kFlappingChanges) {
    Incident* incident = open_of(watched.subject.id);
    if (incident == nullptr)
      incident = &open(check, watched.last_bad.to, watched.changes_ms.front());
    if (!std::exchange(incident->is_flapping, true)) changed(*incident);
  }
}

void Incidents::tick(int64_t now_ms, bool is_cut_off) {
  for (size_t check = 0; check < checks_.size(); ++check) {
    Watched& watched = checks_[check];
    if (watched.degraded_since_ms && now_ms - *watched.degraded_since_ms >= kDegradedForMs)
      open(check, CheckState::kDegraded, *watched.degraded_since_ms);
    Incident* const incident = open_of(watched.subject.id);
    if (incident == nullptr || !incident->is_flapping) continue;
    if (now_ms - watched.last_change_ms < kCalmAfterMs) continue;
    incident->is_flapping = false;
    watched.changes_ms.clear();
    changed(*incident);
    if (watched.subject.known == CheckState::kOk) close(*incident, watched.last_change_ms);
  }

  Incident* const own = open_of(std::string(kOwnNetworkId));
  if (is_cut_off && own == nullptr) {
    Incident incident;
    incident.id = next_id_++;
    incident.check_id = kOwnNetworkId;
    incident.check_name = "Monitor's own network";
    incident.opened_ms = now_ms;
    incident.worst = CheckState::kUnknown;
    incident.reason = Reason::kLocal;
    incident.cause = "nothing can be reached from here";
    changed(incident);
    incidents_.push_back(std::move(incident));
  } else if (!is_cut_off && own != nullptr) {
    close(*own, now_ms);
  }
}

void Incidents::forget(int64_t now_ms) {
  const auto is_old = [&](const Incident& incident) {
    return incident.closed_ms && *incident.closed_ms < now_ms - kIncidentsShownMs &&
           !changed_.contains(incident.id);
  };
  std::erase_if(incidents_, is_old);
  if (incidents_.size() > kMaxIncidentsShown) {
    const auto oldest = std::ranges::find_if(incidents_, [&](const Incident& incident) {
      return incident.closed_ms && !changed_.contains(incident.id);
    });
    if (oldest != incidents_.end()) incidents_.erase(oldest);
  }
}

void Incidents::clock_moved(int64_t by_ms) {
  for (Watched& watched : checks_) {
    watched.last_change_ms += by_ms;
    if (watched.degraded_since_ms) *watched.degraded_since_ms += by_ms;
    for (int64_t& at_ms : watched.changes_ms) at_ms += by_ms;
  }
}

std::vector<Incident> Incidents::shown(int64_t now_ms) const {
  std::vector<Incident> shown;
  for (auto incident = incidents_.rbegin(); incident != incidents_.rend(); ++incident)
    if (!incident->closed_ms || *incident->closed_ms >= now_ms - kIncidentsShownMs)
      shown.push_back(*incident);
  std::ranges::stable_sort(shown, [](const Incident& a, const Incident& b) {
    if (a.closed_ms.has_value() != b.closed_ms.has_value()) return !a.closed_ms;
    return a.opened_ms > b.opened_ms;
  });
  return shown;
}

std::vector<Incident> Incidents::take_changed() {
  std::vector<Incident> taken;
  for (const Incident& incident : incidents_)
    if (changed_.contains(incident.id)) taken.push_back(incident);
  changed_.clear();
  return taken;
}

}  // namespace miden
