// Numbers of protocol 0.15. spec/types.md §3.
#pragma once

#include <cstddef>
#include <cstdint>

namespace miden {

inline constexpr size_t kAccountUpdateMaxSize = size_t{1} << 18;  // bytes of AccountUpdateDetails
inline constexpr size_t kNoteMaxSize = size_t{1}
                                       << 18;  // bytes of a public note without debug info
inline constexpr size_t kMaxAssetsPerNote = 64;
inline constexpr size_t kMaxNoteStorageItems = 1024;
inline constexpr size_t kMaxNoteAttachments = 4;
inline constexpr size_t kMaxWordsPerAttachment = 256;
inline constexpr size_t kMaxAttachmentWords = 512;
inline constexpr size_t kMaxInputNotesPerTx = 1024;
inline constexpr size_t kMaxOutputNotesPerTx = 1024;
inline constexpr uint32_t kMinProofSecurityLevel = 96;  // bits
inline constexpr uint8_t kBatchNoteTreeDepth = 10;
inline constexpr size_t kMaxInputNotesPerBatch = 1024;
inline constexpr size_t kMaxOutputNotesPerBatch = 1024;
inline constexpr size_t kMaxAccountsPerBatch = 1024;
inline constexpr uint8_t kBlockNoteTreeDepth = 16;
inline constexpr size_t kMaxBatchesPerBlock = 64;
inline constexpr size_t kMaxNotesPerBlock = 65536;
inline constexpr size_t kMinAccountProcedures = 2;
inline constexpr size_t kMaxAccountProcedures = 256;
inline constexpr size_t kMaxStorageSlots = 255;
inline constexpr uint64_t kMaxFungibleAmount = (uint64_t{1} << 63) - (uint64_t{1} << 31);

}  // namespace miden
