// Every table of the builder's store: what its keys are made of and what its values hold.
#pragma once

#include <optional>
#include <span>

#include "ntx_builder/builder_state.hpp"
#include "storage/store.hpp"

namespace miden {

// Raised whenever a table's content changes its meaning; BuilderState::migrate() leads there.
inline constexpr uint32_t kBuilderStoreFormat = 1;

enum BuilderTable : TableIndex {
  kBuilderMeta,       // one byte, BuilderMetaKey -> see there
  kNetworkAccounts,   // account -> NetworkAccountRow
  kAccountStates,     // account -> Account, as of some block
  kAccountDeltas,     // account, block -> AccountDelta since then
  kNoteRows,          // place -> NoteRow
  kWaitingBodies,     // place -> Note, while it may still be consumed
  kWaitingNotes,      // account, place -> u32 block of the next try, u32 size of the body
  kPlaceById,         // note id -> place
  kPlaceByNullifier,  // nullifier -> place; nothing: consumed, and forgotten but for that
  kFinishedNotes,     // block in which the note's story ended, place -> nothing
  kInflight,          // account -> InflightTransaction
  kBuilderScripts,    // script root -> u64 number, NoteScript
  kScriptsByAge,      // u64 number, growing -> script root
  kBuilderTableCount
};
std::span<const TableSpec> builder_tables();

enum class BuilderMetaKey : uint8_t {
  kFormat = 'f',   // u32 kBuilderStoreFormat
  kGenesis = 'g',  // commitment of the genesis block
  kTip = 't',      // BlockHeader, PartialBlockchain
};

// Where a note came onto the chain: its block and its place among that block's network notes.
// Orders notes by age.
struct NotePlace {
  uint32_t block = 0;
  uint32_t index = 0;
  friend auto operator<=>(const NotePlace&, const NotePlace&) = default;
};

// A note for any public account (spec §5.2). It waits while it may still be consumed, by a network
// account or by one that may yet be created; its body goes with the wait.
struct NoteRow {
  NoteId id;
  Nullifier nullifier;
  AccountId account;
  uint64_t execution_hint = 0;
  NoteScriptRoot script_root = {};
  uint32_t body_size = 0;
  uint32_t attempts = 0;
  std::optional<BlockNum> last_attempt = {};
  std::optional<std::string> last_error = {};
  std::optional<BlockNum> committed_at = {};
  std::optional<TransactionId> committed_by = {};
  std::optional<BlockNum> next_try = {};     // present: it waits
  std::optional<BlockNum> finished_at = {};  // present: it no longer does

  bool is_waiting() const { return next_try.has_value(); }
  void encode(ByteWriter& writer) const;
  static Result<NoteRow> decode(ByteReader& reader);
};

// How much of an account's state lies where, which decides when it is written anew.
struct NetworkAccountRow {
  uint64_t state_bytes = 0;
  uint64_t delta_bytes = 0;
  uint32_t delta_count = 0;
  void encode(ByteWriter& writer) const;
  static Result<NetworkAccountRow> decode(ByteReader& reader);
};

[[noreturn]] void throw_corrupt_builder_store(const std::string& what);

// A row of ours: one that does not decode is a damaged disk.
template <class T>
T decode_builder_row(ByteView row, const char* what) {
  Result<T> value = from_bytes<T>(row);
  if (!value) throw_corrupt_builder_store(what);
  return *std::move(value);
}

inline Key builder_meta_key(BuilderMetaKey key) { return Key().u8(static_cast<uint8_t>(key)); }
inline Key place_key(NotePlace place) { return Key().u32(place.block).u32(place.index); }
inline Key network_account_key(const AccountId& account) { return Key().bytes(account.to_wire()); }
template <class Id>
Key id_key(const Id& id) {
  return Key().bytes(id.word.to_wire());
}
inline Key account_delta_key(const AccountId& account, BlockNum block) {
  return network_account_key(account).u32(block.value);
}
inline Key waiting_key(const AccountId& account, NotePlace place) {
  return network_account_key(account).u32(place.block).u32(place.index);
}
inline Key finished_key(BlockNum block, NotePlace place) {
  return Key().u32(block.value).u32(place.block).u32(place.index);
}
inline NotePlace read_place(KeyReader& reader) {
  const uint32_t block = reader.u32();
  return {block, reader.u32()};
}

}  // namespace miden
