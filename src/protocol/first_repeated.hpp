// Collections of notes, transactions and batches refuse repeated ids and name the culprit.
#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

namespace miden {

// The first id that an earlier one equals. Sorting a copy answers the usual case (none) fastest,
// and no choice of ids makes it slow.
template <class Id>
std::optional<Id> first_repeated(const std::vector<Id>& ids) {
  if (ids.size() < 2) return std::nullopt;
  std::vector<Id> sorted = ids;
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) == sorted.end()) return std::nullopt;
  std::set<Id> seen;
  for (const Id& id : ids) {
    if (!seen.insert(id).second) return id;
  }
  return std::nullopt;
}

}  // namespace miden
