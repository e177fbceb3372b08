// Every table of the chain's store: what its keys are made of and what its values hold.
#pragma once

#include <span>

#include "protocol/account_storage.hpp"
#include "protocol/block.hpp"
#include "storage/store.hpp"

namespace miden {

// Raised whenever a table's content changes its meaning.
inline constexpr uint32_t kStoreFormat = 1;

// Fields: u32 block numbers, 15-byte account ids, 32-byte words, u16 note indices (place in the
// block's note tree).
enum Table : TableIndex {
  kMeta,           // one byte, MetaKey -> a number or a word
  kHeaders,        // block -> commitment, header, signature
  kBlocks,         // block -> SignedBlock
  kProofs,         // block -> BlockProof
  kProvingInputs,  // block -> BlockProofRequest, until the proof is applied
  kChainNodes,     // u64 index in post-order -> node of the chain's Merkle mountain range

  // Rows with history: the newest value here, older ones in kHistory.
  kTreeNodes,  // tree, depth u8, position (depth / 8 bytes, rounded up) -> subtree; depth 64: leaf
  kAccounts,   // account -> AccountRecord
  // table u8, key, block that replaced the value -> 0, or 1 and the value until then
  kHistory,
  // block -> rows (table u8, length u8, key) that nobody can ask for once the block is
  // kRetainedBlocks old
  kRetired,

  kAccountCodes,      // code commitment -> AccountCode
  kMapKeys,           // hashed map key -> raw map key
  kVaultUpdates,      // account, block, vault key -> value (zero: removed)
  kVaultUpdateBlock,  // account, vault key -> block of its last update
  kMapUpdates,        // account, block, slot id, raw key -> value, slot name
  kMapUpdateBlock,    // account, slot id, raw key -> block of its last update

  kNotes,        // block, note index -> id, metadata, inclusion path
  kNoteDetails,  // block, note index -> attachments and, of public notes, details without script
  kNotesById,    // note id, block, note index -> nothing
  kNotesByTag,   // tag u32, block, note index -> nothing
  kNotesByNullifier,  // nullifier, block, note index -> note id; public notes only
  kNoteScripts,       // script root -> NoteScript
  kNullifiers,        // prefix u16, block, nullifier -> nothing
  kTransactions,      // account, block, transaction id -> TransactionHeader

  kJournal,  // u64 sequence -> transaction ids, bytes
  kTableCount
};
std::span<const TableSpec> chain_tables();

enum class MetaKey : uint8_t {
  kFormat = 'f',     // u32 kStoreFormat
  kTip = 't',        // u32
  kProvenTip = 'p',  // u32
};
inline Key meta_key(MetaKey key) { return Key().u8(static_cast<uint8_t>(key)); }

inline Key block_key(BlockNum block) { return Key().u32(block.value); }
inline Key word_key(const Word& word) { return Key().bytes(word.to_wire()); }
inline Key account_key(const AccountId& account) { return Key().bytes(account.to_wire()); }
inline Key& append(Key& key, const Word& word) { return key.bytes(word.to_wire()); }
inline Key& append(Key& key, const StorageSlotId& slot) {
  return key.u64(slot.prefix.value()).u64(slot.suffix.value());
}

inline Key note_key(BlockNum block, uint16_t note_index) {
  return Key().u32(block.value).u16(note_index);
}

inline Key vault_update_key(const AccountId& account, BlockNum block, const Word& vault_key) {
  Key key = account_key(account).u32(block.value);
  return append(key, vault_key);
}
inline Key map_update_key(const AccountId& account, BlockNum block, const StorageSlotId& slot,
                          const Word& raw_key) {
  Key key = account_key(account).u32(block.value);
  return append(append(key, slot), raw_key);
}
inline Key note_by_id_key(const NoteId& id, BlockNum block, uint16_t note_index) {
  return word_key(id.word).u32(block.value).u16(note_index);
}
inline Key note_by_tag_key(uint32_t tag, BlockNum block, uint16_t note_index) {
  return Key().u32(tag).u32(block.value).u16(note_index);
}
inline Key note_by_nullifier_key(const Nullifier& nullifier, BlockNum block, uint16_t note_index) {
  return word_key(nullifier.word).u32(block.value).u16(note_index);
}
inline Key nullifier_key(uint16_t prefix, BlockNum block, const Nullifier& nullifier) {
  Key key = Key().u16(prefix).u32(block.value);
  return append(key, nullifier.word);
}
inline Key transaction_key(const AccountId& account, BlockNum block, const TransactionId& id) {
  Key key = account_key(account).u32(block.value);
  return append(key, id.word);
}

// Where one tree's nodes lie in kTreeNodes. Trees of accounts exist for public ones only.
inline Key account_tree() { return Key().u8(1); }
inline Key nullifier_tree() { return Key().u8(2); }
inline Key vault_tree(const AccountId& account) { return Key().u8(3).bytes(account.to_wire()); }
inline Key storage_map_tree(const AccountId& account, const StorageSlotId& slot) {
  return append(Key().u8(4).bytes(account.to_wire()), slot);
}

}  // namespace miden
