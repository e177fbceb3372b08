// What the history holds of what was seen, and how it lies in the store.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/serialize.hpp"
#include "monitor/incidents.hpp"
#include "monitor/picture.hpp"
#include "monitor/roll_up.hpp"
#include "monitor/timeline.hpp"

namespace miden {

// A result without facts, details and the reference's word, which only the newest needs.
Bytes encode_result(const CheckResult& result);
Result<CheckResult> decode_result(ByteView bytes);

Bytes encode_incident(const Incident& incident);
Result<Incident> decode_incident(ByteView bytes);

// Where a check stood when it was last written.
struct CheckStanding {
  Timeline::Memory memory;
  int64_t heard_ms = 0;  // until when anything is known

  friend bool operator==(const CheckStanding&, const CheckStanding&) = default;
};
Bytes encode_standing(const CheckStanding& standing);
Result<CheckStanding> decode_standing(ByteView bytes);

// Changes of one moment. A later value of the same bin, check or incident replaces an earlier one.
struct HistoryBatch {
  struct ResultRow {
    std::string check_id;
    int64_t at_ms = 0;
    uint32_t sequence = 0;  // tells results of one millisecond apart
    CheckResult result;
  };
  using BinKey = std::pair<std::string, int64_t>;  // check, start
  std::vector<ResultRow> results;
  std::map<BinKey, RollUp> five_minutes, hours;
  std::map<std::string, CheckStanding> standings;
  std::map<uint64_t, Incident> incidents;
  std::optional<std::string> webhook;  // its memory and outbox
};

// What was read at the start.
struct History {
  struct OfCheck {
    CheckStanding standing;
    std::vector<std::pair<int64_t, RollUp>> five_minutes;  // of the last day
    std::vector<std::pair<int64_t, RollUp>> hours;         // of the last month
    std::vector<CheckResult> recent;                       // up to 50, newest first
  };
  std::map<std::string, OfCheck> checks;
  std::vector<Incident> incidents;  // of the last 30 days, and open ones
  std::optional<std::string> webhook;
};

}  // namespace miden
