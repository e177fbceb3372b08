// What decoders of this folder share.
#pragma once

#include <algorithm>
#include <vector>

#include "base/serialize.hpp"

namespace miden {

// How a rule's error looks to whoever decodes bytes: the reference wraps it as an invalid value.
// End of file stays what it is.
template <class T>
Result<T> as_invalid_value(Result<T> result) {
  if (result || result.error().code == "UnexpectedEOF" || result.error().code == "InvalidValue") {
    return result;
  }
  return invalid_value(std::move(result.error().message));
}

// Entries as they came, put in the order in which the reference keeps and writes them: ascending by
// key, the last of equal keys.
template <class Key, class Value>
void sort_last_wins(std::vector<std::pair<Key, Value>>& entries) {
  const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
  const auto not_ascending = [](const auto& a, const auto& b) { return !(a.first < b.first); };
  if (std::ranges::adjacent_find(entries, not_ascending) == entries.end()) return;
  std::ranges::stable_sort(entries, by_key);
  std::ranges::reverse(entries);
  const auto equal_key = [](const auto& a, const auto& b) { return a.first == b.first; };
  const auto repeated = std::ranges::unique(entries, equal_key);
  entries.erase(repeated.begin(), repeated.end());
  std::ranges::reverse(entries);
}

}  // namespace miden
