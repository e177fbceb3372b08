// Everything that the page, the API and the metrics show, at one moment. Plain values: whoever
// renders asks nothing and locks nothing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "monitor/check.hpp"

namespace miden {

enum class CheckState : uint8_t { kOk, kDegraded, kDown, kUnknown, kOverdue, kPaused };
inline constexpr size_t kCheckStates = 6;
// "ok", "degraded", "down", "unknown", "overdue", "paused"
std::string_view to_text(CheckState state);

// A stretch of time, of the window that all cards share.
struct Cell {
  int64_t from_ms = 0, to_ms = 0;
  std::array<uint32_t, kCheckStates> seconds_in{};  // known time by confirmed state
  uint32_t failed_looks = 0;                        // confirmed or not: the tick below the bar
};

// Of the time that is known; nothing where none is.
struct Availability {
  std::optional<double> ratio;  // up / (up + down), 0 to 1
  int64_t known_ms = 0;
  int64_t down_ms = 0;
  uint32_t outages = 0;
};

// 15 minutes of successful looks.
struct SparkPoint {
  int64_t from_ms = 0;
  std::optional<double> p5_ms, p50_ms, p95_ms;
  uint32_t failed_looks = 0;
};

// How long looks and other things took, for metrics: `counts[i]` of at most `kUpTo[i]` seconds and
// more than the one before; the last is of all beyond.
struct DurationCounts {
  static constexpr std::array<double, 14> kUpTo{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                1,     2.5,  5,     10,   30,  60,   120};
  std::array<uint64_t, kUpTo.size() + 1> counts{};
  double sum_s = 0;
};

// Since the monitor started.
struct CheckTotals {
  std::array<uint64_t, 4> results{};                // by Outcome
  std::array<uint64_t, kCheckStates> changes_to{};  // confirmed ones, by state
  DurationCounts looks;                             // of all outcomes
  DurationCounts proofs, committed, consumed;       // "proof_s", "committed_s", "consumed_s"
};

struct CheckPicture {
  std::shared_ptr<const CheckDescription> description;
  CheckState state = CheckState::kUnknown;
  int64_t since_ms = 0;                     // of the state
  bool failed_once = false;                 // checking again before anything is said
  std::optional<CheckResult> last;          // the newest result of this run of the monitor
  std::shared_ptr<const CheckResult> seed;  // what `/status` shows while there is none
  std::string cause;                        // why it is not ok, in words; else empty
  Reason reason = Reason::kNone;
  std::vector<Cell> day;    // 48 of 30 minutes, oldest first
  std::vector<Cell> month;  // 30 UTC days
  Availability day_availability, month_availability;
  std::vector<SparkPoint> spark;            // 96
  std::optional<double> median_ms, p95_ms;  // of 24 hours
  uint64_t successes = 0, failures = 0;     // since the monitor started
  std::vector<CheckResult> recent;          // up to 50, newest first; without facts and details
  CheckTotals totals;
};

struct Incident {
  uint64_t id = 0;
  std::string check_id, check_name;
  int64_t opened_ms = 0;
  std::optional<int64_t> closed_ms;
  CheckState worst = CheckState::kDown;
  bool is_minor = false;  // degraded only
  bool is_flapping = false;
  Reason reason = Reason::kNone;
  std::string cause;
  std::vector<std::string> affected;  // names of checks that fell with it
  std::optional<uint64_t> parent;     // the incident that explains it
};

// Five minutes of times to inclusion, in seconds.
struct InclusionBin {
  int64_t from_ms = 0;
  struct Series {
    std::optional<double> least, median, most;
    uint32_t timeouts = 0;
  };
  Series committed;  // submitted to committed
  Series consumed;   // submitted to note consumed
};

struct MonitorHealth {
  bool stores_history = true;  // false: it cannot, and `store_error` says why; checks go on
  bool has_history = false;    // false: none is kept, by the operator's choice
  std::string store_error;
  std::optional<int64_t> clock_moved_ms;  // by how much, within the last ten minutes
  double known_ratio = 0;                 // of 30 days, all checks together
  uint64_t clock_jumps = 0;
  uint64_t store_write_failures = 0;
  uint64_t store_size_bytes = 0;
  uint64_t webhook_delivered = 0, webhook_failed = 0, webhook_queue = 0;
};

struct Picture {
  uint64_t sequence = 0;  // grows whenever something changed
  std::string boot;       // of this run of the monitor
  int64_t started_ms = 0;
  int64_t taken_ms = 0;  // server time; a picture without news is taken at least every 5 s
  std::string network_name;
  std::string version;
  std::vector<CheckPicture> checks;     // in the order of the page
  std::vector<Incident> incidents;      // open ones first, then newest first, 30 days
  std::vector<InclusionBin> inclusion;  // 288
  MonitorHealth health;
};

}  // namespace miden
