#include "chain/account_change.hpp"

namespace miden {
namespace {

Key vault_update_block_key(const AccountId& account, const Word& vault_key) {
  Key key = account_key(account);
  return append(key, vault_key);
}
Key map_update_block_key(const AccountId& account, const StorageSlotId& slot,
                         const StorageMapKey& map_key) {
  Key key = account_key(account);
  return append(append(key, slot), map_key.word);
}

// Remembers each entry's last update and retires the row of the one before.
template <class Update, class LastKey, class RowKey>
void write_update_rows(BlockWrite& write, const ChainReader& before, const AccountChange& change,
                       const std::vector<Update>& updates, Table rows, Table last_blocks,
                       LastKey last_key, RowKey row_key) {
  std::vector<Key> last_keys;
  last_keys.reserve(updates.size());
  for (const Update& update : updates) last_keys.push_back(last_key(update));
  std::vector<std::optional<Bytes>> last(updates.size());
  if (change.old_record) last = before.rows().get_many(last_blocks, last_keys);
  for (size_t i = 0; i < updates.size(); ++i) {
    if (last[i]) write.retire(rows, row_key(updates[i], BlockNum{KeyReader(*last[i]).u32()}));
    write.put(last_blocks, last_keys[i], Key().u32(write.block().value).view());
  }
}

}  // namespace

void write_account_change(BlockWrite& write, const ChainReader& before,
                          const AccountChange& change) {
  const AccountId& id = change.record.id;
  write.replace(kAccounts, account_key(id), change.old_record, to_bytes(change.record));
  if (change.code) {
    write.put(kAccountCodes, word_key(change.record.public_state->header.code_commitment),
              *change.code);
  }
  for (const TreeChange& tree : change.trees) write_tree_change(write, tree, TreeHistory::kKept);

  const auto vault_row = [&](const VaultUpdate& update, BlockNum block) {
    return vault_update_key(id, block, update.vault_key);
  };
  write_update_rows(
      write, before, change, change.vault_updates, kVaultUpdates, kVaultUpdateBlock,
      [&](const VaultUpdate& update) { return vault_update_block_key(id, update.vault_key); },
      vault_row);
  for (const VaultUpdate& update : change.vault_updates) {
    write.put(kVaultUpdates, vault_row(update, update.block_num),
              update.asset ? update.asset->value() : Word());
  }

  const auto map_row = [&](const StorageMapUpdate& update, BlockNum block) {
    return map_update_key(id, block, update.slot.id(), update.key.word);
  };
  write_update_rows(
      write, before, change, change.map_updates, kMapUpdates, kMapUpdateBlock,
      [&](const StorageMapUpdate& update) {
        return map_update_block_key(id, update.slot.id(), update.key);
      },
      map_row);
  for (const StorageMapUpdate& update : change.map_updates) {
    ByteWriter value;
    update.value.encode(value);
    update.slot.encode(value);
    write.put(kMapUpdates, map_row(update, update.block_num), value.view());
    if (update.value.is_zero()) continue;
    write.put(kMapKeys, word_key(storage_map_leaf_key(update.key)), update.key.word);
  }
}

}  // namespace miden
