#include "chain/account_change.hpp"

#include <algorithm>

#include "protocol/account_delta.hpp"

namespace miden {
namespace {

// Updates of one account are too small to share among threads; accounts are.
SerialExecutor& serial() {
  static SerialExecutor executor;
  return executor;
}

std::vector<SmtEntry> sorted(std::vector<SmtEntry> entries) {
  std::ranges::sort(entries, {}, &SmtEntry::key);
  return entries;
}

Result<TreeChange> new_tree(const Key& tree, std::vector<SmtEntry> entries) {
  const EmptyTree empty;
  const RememberingTree nothing(empty);
  return change_tree(tree, nothing, sorted(std::move(entries)), serial());
}

Result<void> check_commitment(const AccountHeader& header, const Word& expected) {
  const Word actual = header.commitment();
  if (actual == expected) return {};
  return fail("AccountCommitmentsMismatch",
              "account " + header.id.to_hex() + ": its new state has commitment " +
                  actual.to_hex() + ", the block says " + expected.to_hex());
}

Result<AccountChange> create_account(BlockNum block, const AccountDelta& full_state,
                                     const Word& final_commitment) {
  const Account account = TRY(full_state.to_account());
  const AccountHeader header = account.header();
  TRY(check_commitment(header, final_commitment));

  AccountChange change{
      .record = {.id = account.id,
                 .commitment = final_commitment,
                 .updated_at = block,
                 .created_at = block,
                 .is_network_account = is_network_account(account),
                 .public_state = AccountRecord::PublicState{header, account.storage.header()}},
      .old_record = std::nullopt,
      .code = to_bytes(account.code),
      .trees = {},
      .vault_updates = {},
      .map_updates = {},
  };
  std::vector<SmtEntry> vault;
  for (const Asset& asset : account.vault.assets()) {
    vault.push_back({asset.key().word(), asset.value()});
    change.vault_updates.push_back({block, asset.key().word(), asset});
  }
  if (!vault.empty()) {
    change.trees.push_back(TRY(new_tree(vault_tree(account.id), std::move(vault))));
  }
  for (const StorageSlot& slot : account.storage.slots()) {
    const auto* map = std::get_if<StorageMap>(&slot.content);
    if (map == nullptr || map->entries().empty()) continue;
    std::vector<SmtEntry> entries;
    for (const auto& [key, value] : map->entries()) {
      entries.push_back({storage_map_leaf_key(key), value});
      change.map_updates.push_back({block, slot.name, key, value});
    }
    change.trees.push_back(
        TRY(new_tree(storage_map_tree(account.id, slot.name.id()), std::move(entries))));
  }
  return change;
}

// Balance after a fungible delta; zero: the asset is gone.
Result<uint64_t> new_balance(std::optional<uint64_t> balance, int64_t delta) {
  if (delta >= 0) {
    const uint64_t sum = balance.value_or(0) + static_cast<uint64_t>(delta);
    if (sum > kMaxFungibleAmount) {
      return fail("FungibleAssetAmountOverflow", "a vault's balance exceeds the maximum amount");
    }
    return sum;
  }
  const uint64_t taken = uint64_t{0} - static_cast<uint64_t>(delta);
  if (!balance) {
    return fail("FungibleAssetNotFound", "a fungible asset is taken that the vault does not hold");
  }
  if (*balance < taken) {
    return fail("FungibleAssetAmountUnderflow", "more is taken than the vault holds");
  }
  return *balance - taken;
}

Result<Word> change_vault(const ChainReader& reader, const AccountId& account, BlockNum block,
                          const AccountVaultDelta& delta, AccountChange& change) {
  const Key tree = vault_tree(account);
  const StoredTree stored(reader, tree);
  const RememberingTree current(stored);

  std::vector<Word> keys;
  for (const auto& [key, amount] : delta.fungible) keys.push_back(key.word());
  for (const auto& [key, asset] : delta.non_fungible) keys.push_back(key.word());
  const std::vector<Word> values = expect_sound(smt_get_many(current, keys));

  std::vector<SmtEntry> entries;
  size_t place = 0;
  for (const auto& [key, amount] : delta.fungible) {
    const Word& held = values[place++];
    const auto balance = held.is_zero() ? std::nullopt : std::optional(held[0].value());
    const Word value = Word::of(TRY(new_balance(balance, amount)), 0, 0, 0);
    entries.push_back({key.word(), value});
  }
  for (const auto& [key, asset_and_action] : delta.non_fungible) {
    const auto& [asset, action] = asset_and_action;
    const bool held = !values[place++].is_zero();
    if (action == AccountVaultDelta::Action::kAdd && held) {
      return fail("DuplicateNonFungibleAsset", "an asset is added that the vault already holds");
    }
    if (action == AccountVaultDelta::Action::kRemove && !held) {
      return fail("NonFungibleAssetNotFound", "an asset is removed that the vault does not hold");
    }
    entries.push_back(
        {key.word(), action == AccountVaultDelta::Action::kAdd ? asset.value : Word()});
  }
  for (const SmtEntry& entry : entries) {
    std::optional<Asset> asset;
    if (!entry.value.is_zero()) asset = TRY(Asset::from_key_and_value(entry.key, entry.value));
    change.vault_updates.push_back({block, entry.key, std::move(asset)});
  }
  TreeChange tree_change = TRY(change_tree(tree, current, sorted(std::move(entries)), serial()));
  const Word root = tree_change.root;
  change.trees.push_back(std::move(tree_change));
  return root;
}

Result<Word> change_map(const ChainReader& reader, const AccountId& account, BlockNum block,
                        const StorageSlotName& slot, const StorageMapDelta& delta,
                        AccountChange& change) {
  const Key tree = storage_map_tree(account, slot.id());
  const StoredTree stored(reader, tree);
  const RememberingTree current(stored);
  std::vector<SmtEntry> entries;
  for (const auto& [key, value] : delta.entries) {
    entries.push_back({storage_map_leaf_key(key), value});
    change.map_updates.push_back({block, slot, key, value});
  }
  TreeChange tree_change = TRY(change_tree(tree, current, sorted(std::move(entries)), serial()));
  const Word root = tree_change.root;
  change.trees.push_back(std::move(tree_change));
  return root;
}

Result<AccountStorageHeader> change_storage(const ChainReader& reader, const AccountId& account,
                                            BlockNum block, const AccountStorageHeader& before,
                                            const AccountStorageDelta& delta,
                                            AccountChange& change) {
  std::vector<StorageSlotHeader> slots = before.slots();
  for (const auto& [name, content] : delta.slots) {
    const auto slot = std::ranges::find(slots, name, &StorageSlotHeader::name);
    if (slot == slots.end()) {
      return fail("StorageSlotNameNotFound",
                  "account " + account.to_hex() + " has no slot " + name.text());
    }
    const auto* map = std::get_if<StorageMapDelta>(&content);
    const bool is_map = slot->type == StorageSlotType::kMap;
    if (is_map != (map != nullptr)) {
      return fail(is_map ? "StorageSlotNotValue" : "StorageSlotNotMap",
                  "slot " + name.text() + " of account " + account.to_hex() + " has another type");
    }
    if (map == nullptr) {
      slot->value = std::get<Word>(content);
    } else if (!map->entries.empty()) {
      slot->value = TRY(change_map(reader, account, block, slot->name, *map, change));
    }
  }
  return AccountStorageHeader::make(std::move(slots));
}

Result<AccountChange> change_public_account(const ChainReader& reader, BlockNum block,
                                            const AccountDelta& delta, const Word& final_commitment,
                                            AccountRecord record) {
  if (!record.public_state) {
    return fail("DataCorrupted", "the stored state of account " + record.id.to_hex() +
                                     " is that of a private account");
  }
  AccountChange change{.record = std::move(record),
                       .old_record = std::nullopt,
                       .code = std::nullopt,
                       .trees = {},
                       .vault_updates = {},
                       .map_updates = {}};
  AccountRecord::PublicState& state = *change.record.public_state;
  const AccountId& id = change.record.id;

  if (!delta.vault.is_empty()) {
    state.header.vault_root = TRY(change_vault(reader, id, block, delta.vault, change));
  }
  if (!delta.storage.is_empty()) {
    state.storage = TRY(change_storage(reader, id, block, state.storage, delta.storage, change));
    state.header.storage_commitment = state.storage.commitment();
  }
  uint64_t nonce = 0;
  if (__builtin_add_overflow(state.header.nonce.value(), delta.nonce_delta.value(), &nonce) ||
      nonce >= Felt::kModulus) {
    return fail("NonceOverflow", "the nonce of account " + id.to_hex() + " overflows");
  }
  state.header.nonce = Felt::from_canonical(nonce);
  TRY(check_commitment(state.header, final_commitment));
  change.record.commitment = final_commitment;
  change.record.updated_at = block;
  return change;
}

AccountChange private_account(BlockNum block, const BlockAccountUpdate& update,
                              BlockNum created_at) {
  return {.record = {.id = update.account_id,
                     .commitment = update.final_commitment,
                     .updated_at = block,
                     .created_at = created_at,
                     .is_network_account = false,
                     .public_state = std::nullopt},
          .old_record = std::nullopt,
          .code = std::nullopt,
          .trees = {},
          .vault_updates = {},
          .map_updates = {}};
}

Result<AccountChange> change_account(const ChainReader& reader, BlockNum block,
                                     const BlockAccountUpdate& update,
                                     std::optional<AccountRecord> record) {
  const AccountId& id = update.account_id;
  const std::optional<AccountDelta>& delta = update.details.delta;
  if (id.is_public() && !delta) {
    return fail("PublicStateAccountMissingDetails",
                "public account " + id.to_hex() + " is updated without details");
  }
  if (!delta) return private_account(block, update, record ? record->created_at : block);
  if (!id.is_public()) {
    return fail("PrivateAccountWithDetails",
                "private account " + id.to_hex() + " is updated with details");
  }
  if (delta->id != id) {
    return fail("AccountIdMismatch",
                "the update of account " + id.to_hex() + " holds details of " + delta->id.to_hex());
  }
  if (delta->is_full_state()) {
    if (record) {
      return fail("AccountAlreadyExists",
                  "account " + id.to_hex() + " is created but exists already");
    }
    return create_account(block, *delta, update.final_commitment);
  }
  if (!record) {
    return fail("AccountNotFoundInDb", "account " + id.to_hex() + " is updated but unknown");
  }
  return change_public_account(reader, block, *delta, update.final_commitment, *std::move(record));
}

}  // namespace

Result<AccountChange> compute_account_change(const ChainReader& reader, BlockNum block,
                                             const BlockAccountUpdate& update,
                                             const std::optional<Bytes>& old_record) {
  std::optional<AccountRecord> record;
  if (old_record) record = decode_stored<AccountRecord>(*old_record);
  AccountChange change = TRY(change_account(reader, block, update, std::move(record)));
  change.old_record = old_record;
  return change;
}

}  // namespace miden
