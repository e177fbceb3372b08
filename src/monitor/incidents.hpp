// Which outages were there, when, and what explains them?
//
// No clock and no I/O: times are Unix milliseconds and given by the caller.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "monitor/picture.hpp"
#include "monitor/timeline.hpp"

namespace miden {

inline constexpr int64_t kDegradedForMs = int64_t{5} * 60 * 1000;   // then it is an incident
inline constexpr int64_t kReopenWithinMs = int64_t{5} * 60 * 1000;  // then it is the same one
inline constexpr size_t kFlappingChanges = 6;
inline constexpr int64_t kFlappingWithinMs = int64_t{30} * 60 * 1000;
inline constexpr int64_t kCalmAfterMs = int64_t{15} * 60 * 1000;
inline constexpr int64_t kIncidentsShownMs = int64_t{30} * 24 * 60 * 60 * 1000;
inline constexpr size_t kMaxIncidentsShown = 1000;

// Opens when a check goes down, or has been degraded for a while; closes when it is well. A state
// that cannot be seen neither opens nor closes. Six confirmed changes within half an hour are one
// incident, until it is calm.
class Incidents {
 public:
  struct Subject {
    std::string id, name;
    std::vector<std::string> parents;
    int64_t interval_ms = 3000;
    std::optional<CheckState> known;  // as it was remembered
  };
  // `remembered`: as take_changed() gave them. Those of checks that are gone are closed.
  Incidents(std::vector<Subject> checks, std::vector<Incident> remembered, int64_t now_ms);
  // Of an earlier run, read only now: those that were open then ended unseen.
  void add_older(std::vector<Incident> older, int64_t now_ms);

  void state_changed(size_t check, const StateChange& change);
  // `is_cut_off`: nothing can be looked at, by no fault of what is looked at.
  void tick(int64_t now_ms, bool is_cut_off);
  void clock_moved(int64_t by_ms);
  // Drops what is not shown any more; the store keeps it longer.
  void forget(int64_t now_ms);

  // Open ones first, then the newest first, of 30 days.
  std::vector<Incident> shown(int64_t now_ms) const;
  // The one that is open for a check, or was the last.
  const Incident* newest_of(size_t check) const;
  // Those that are new or changed since the last call.
  std::vector<Incident> take_changed();

 private:
  struct Watched {
    Subject subject;
    std::optional<int64_t> degraded_since_ms;  // while it is, and no incident is open
    StateChange last_bad;                      // away from kOk
    std::vector<int64_t> changes_ms;           // confirmed, of the last half hour
    int64_t last_change_ms = 0;
  };
  Incident* open_of(const std::string& check_id);
  Incident& open(size_t check, CheckState state, int64_t since_ms);
  void close(Incident& incident, int64_t at_ms);
  void link(Incident& incident, const Watched& watched);
  void changed(const Incident& incident) { changed_.insert(incident.id); }

  std::vector<Watched> checks_;
  std::vector<Incident> incidents_;  // by id
  std::set<uint64_t> changed_;
  uint64_t next_id_ = 1;
};

}  // namespace miden
