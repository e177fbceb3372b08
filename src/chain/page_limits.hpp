// How much one page of a sync answer may hold. spec/store-rpc.md §13, §17, D-7
#pragma once

#include <cstddef>

namespace miden {

// Pages are filled with whole blocks up to here, by estimates of the encoded size...
inline constexpr size_t kPageBytes = size_t{4} << 20;
// ...and a single block larger than that is sent whole while the client's decoder takes it
// (4,823,449 bytes with room for the rest of the message); beyond that the query fails.
inline constexpr size_t kMaxPageBytes = 4'800'000;

// Encoded size of one row, never less than what it takes.
inline constexpr size_t kNullifierRowBytes = 47;
inline constexpr size_t kVaultRowBytes = 132;
inline constexpr size_t kStorageMapRowBytes = 96;  // and the slot's name
// The reference's estimates, which its clients' page sizes follow.
inline constexpr size_t kNoteSyncBlockBytes = 1600;
inline constexpr size_t kNoteSyncNoteBytes = 700;
inline constexpr size_t kTransactionBytes = 116;
inline constexpr size_t kTransactionInputBytes = 128;
inline constexpr size_t kTransactionOutputBytes = 700;

}  // namespace miden
