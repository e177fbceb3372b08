// Which changes are worth a message, and what does it say?
//
// No clock and no I/O. Deadlines are of a steady clock in milliseconds, what is written of the
// wall.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "monitor/picture.hpp"
#include "monitor/timeline.hpp"

namespace miden {

// One POST to the operator's webhook, apart from when it is sent.
struct Announcement {
  nlohmann::ordered_json body;
  // Of a single change; a batch and flapping speak for themselves and replace nothing.
  std::optional<std::string> check_id;
  uint64_t incident = 0;
  bool is_recovery = false;
};

inline constexpr int64_t kBatchWindowMs = 10'000;
inline constexpr size_t kBatchFrom = 4;  // changes within the window

// A state must last before it is told; what was told is taken back when it is over, and only that,
// also by a later run of the monitor. A check that flaps is told once, until it is calm.
class Announcements {
 public:
  struct Options {
    std::string network_name;
    std::string page_url;  // empty: no links
    int64_t after_ms = 30'000;
  };
  struct Subject {
    std::string id, name;
    CheckGroup group = CheckGroup::kChain;
    std::string target;
  };
  // `memory`: what memory() gave before, or null.
  Announcements(Options options, std::vector<Subject> subjects, const nlohmann::json& memory);

  void state_changed(size_t check, const StateChange& change, int64_t steady_ms);
  // What is to be sent now. `incident_of`: the check's newest incident, or null.
  std::vector<Announcement> take_due(int64_t steady_ms, int64_t wall_ms,
                                     const std::function<const Incident*(size_t)>& incident_of);
  // What must outlive the process: what was told of each check.
  nlohmann::json memory() const;

 private:
  struct Watched {
    Subject subject;
    CheckState told = CheckState::kOk;
    uint64_t told_incident = 0;
    bool told_flapping = false;
    std::optional<StateChange> now;  // the newest state that is told of
    int64_t due_ms = 0;
  };
  bool is_news(const Watched& watched) const;
  nlohmann::ordered_json event(const Watched& watched, const Incident* incident, int64_t wall_ms,
                               bool is_flapping) const;

  const Options options_;
  std::vector<Watched> checks_;
  std::deque<int64_t> told_ms_;  // of single messages, the last few
};

}  // namespace miden
