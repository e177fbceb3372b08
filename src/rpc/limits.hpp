// How much one request may ask for. spec/store-rpc.md §13.
#pragma once

#include <cstddef>
#include <string_view>

#include "net/status.hpp"

namespace miden {

struct CountLimit {
  std::string_view endpoint;
  std::string_view parameter;
  size_t max = 0;  // is accepted
};

inline constexpr CountLimit kSyncNullifiersPrefixes{"SyncNullifiers", "nullifier_prefix", 1000};
inline constexpr CountLimit kSyncTransactionsAccounts{"SyncTransactions", "account_id", 1000};
inline constexpr CountLimit kSyncNotesTags{"SyncNotes", "note_tag", 1000};
inline constexpr CountLimit kGetNotesByIdIds{"GetNotesById", "note_id", 100};
inline constexpr CountLimit kGetAccountMapKeys{"GetAccount", "storage_map_key", 64};  // of all maps
inline constexpr CountLimit kGetAccountMaps{"GetAccount", "storage_maps", 255};

// What GetLimits tells.
inline constexpr CountLimit kCountLimits[] = {kSyncNullifiersPrefixes, kSyncTransactionsAccounts,
                                              kSyncNotesTags,          kGetNotesByIdIds,
                                              kGetAccountMapKeys,      kGetAccountMaps};

// OUT_OF_RANGE, never RESOURCE_EXHAUSTED: asking again would not help.
Answer<> check_count(const CountLimit& limit, int count);
Answer<> check_count(const CountLimit& limit, size_t count);

// What one message may hold. The client's decoder stops at 4,823,449 bytes.
inline constexpr size_t kMaxResponseBytes = 4'194'304;

}  // namespace miden
