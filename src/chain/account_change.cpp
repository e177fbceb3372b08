#include "chain/account_change.hpp"

#include <algorithm>
#include <memory>

#include "protocol/account_delta.hpp"

namespace miden {
namespace {

std::vector<SmtEntry> sorted(std::vector<SmtEntry> entries) {
  std::ranges::sort(entries, {}, &SmtEntry::key);
  return entries;
}

// A vault or map and what is to be set in it.
struct TreeUnderChange {
  TreeUnderChange(std::unique_ptr<SmtReader> before, Key tree)
      : stored(std::move(before)), current(*stored), wanted{tree, &current, {}} {}

  std::unique_ptr<SmtReader> stored;
  RememberingTree current;
  TreeEntries wanted;
};

// An account's change while the roots of its trees are not known yet.
struct Draft {
  explicit Draft(AccountRecord record)
      : change{.record = std::move(record),
               .old_record = std::nullopt,
               .code = std::nullopt,
               .trees = {},
               .vault_updates = {},
               .map_updates = {}} {}

  AccountChange change;
  struct ChangedTree {
    std::unique_ptr<TreeUnderChange> tree;
    std::optional<size_t> slot;  // of a map; nothing: the vault
  };
  std::vector<ChangedTree> trees;
  // Of a public account that existed: its slots, complete but for those roots.
  std::vector<StorageSlotHeader> slots;
  Felt nonce_delta;
};

void add_new_tree(Draft& draft, const Key& tree, std::vector<SmtEntry> entries) {
  auto under_change = std::make_unique<TreeUnderChange>(std::make_unique<EmptyTree>(), tree);
  under_change->wanted.entries = sorted(std::move(entries));
  draft.trees.push_back({std::move(under_change), std::nullopt});
}

Result<void> check_commitment(const AccountHeader& header, const Word& expected) {
  const Word actual = header.commitment();
  if (actual == expected) return {};
  return fail("AccountCommitmentsMismatch",
              "account " + header.id.to_hex() + ": its new state has commitment " +
                  actual.to_hex() + ", the block says " + expected.to_hex());
}

Result<Draft> create_account(BlockNum block, const AccountDelta& full_state,
                             const Word& final_commitment) {
  const Account account = TRY(full_state.to_account());
  const AccountHeader header = account.header();
  TRY(check_commitment(header, final_commitment));

  Draft draft({.id = account.id,
               .commitment = final_commitment,
               .updated_at = block,
               .created_at = block,
               .is_network_account = is_network_account(account),
               .public_state = AccountRecord::PublicState{header, account.storage.header()}});
  AccountChange& change = draft.change;
  change.code = to_bytes(account.code);
  std::vector<SmtEntry> vault;
  for (const Asset& asset : account.vault.assets()) {
    vault.push_back({asset.key().word(), asset.value()});
    change.vault_updates.push_back({block, asset.key().word(), asset});
  }
  if (!vault.empty()) add_new_tree(draft, vault_tree(account.id), std::move(vault));
  for (const StorageSlot& slot : account.storage.slots()) {
    const auto* map = std::get_if<StorageMap>(&slot.content);
    if (map == nullptr || map->entries().empty()) continue;
    std::vector<SmtEntry> entries;
    for (const auto& [key, value] : map->entries()) {
      entries.push_back({storage_map_leaf_key(key), value});
      change.map_updates.push_back({block, slot.name, key, value});
    }
    add_new_tree(draft, storage_map_tree(account.id, slot.name.id()), std::move(entries));
  }
  return draft;
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

Result<void> change_vault(const ChainReader& reader, const AccountId& account, BlockNum block,
                          const AccountVaultDelta& delta, Draft& draft) {
  const Key key = vault_tree(account);
  auto tree = std::make_unique<TreeUnderChange>(std::make_unique<StoredTree>(reader, key), key);

  std::vector<Word> keys;
  for (const auto& [key, amount] : delta.fungible) keys.push_back(key.word());
  for (const auto& [key, asset] : delta.non_fungible) keys.push_back(key.word());
  const std::vector<Word> values = expect_sound(smt_get_many(tree->current, keys));

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
    draft.change.vault_updates.push_back({block, entry.key, std::move(asset)});
  }
  tree->wanted.entries = sorted(std::move(entries));
  draft.trees.push_back({std::move(tree), std::nullopt});
  return {};
}

void change_map(const ChainReader& reader, const AccountId& account, BlockNum block, size_t slot,
                const StorageMapDelta& delta, Draft& draft) {
  const StorageSlotName& name = draft.slots[slot].name;
  const Key key = storage_map_tree(account, name.id());
  auto tree = std::make_unique<TreeUnderChange>(std::make_unique<StoredTree>(reader, key), key);
  std::vector<SmtEntry> entries;
  for (const auto& [map_key, value] : delta.entries) {
    entries.push_back({storage_map_leaf_key(map_key), value});
    draft.change.map_updates.push_back({block, name, map_key, value});
  }
  tree->wanted.entries = sorted(std::move(entries));
  draft.trees.push_back({std::move(tree), slot});
}

Result<void> change_storage(const ChainReader& reader, const AccountId& account, BlockNum block,
                            const AccountStorageDelta& delta, Draft& draft) {
  std::vector<StorageSlotHeader>& slots = draft.slots;
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
      change_map(reader, account, block, static_cast<size_t>(slot - slots.begin()), *map, draft);
    }
  }
  return {};
}

Result<Draft> change_public_account(const ChainReader& reader, BlockNum block,
                                    const AccountDelta& delta, AccountRecord record) {
  if (!record.public_state) {
    return fail("DataCorrupted", "the stored state of account " + record.id.to_hex() +
                                     " is that of a private account");
  }
  Draft draft(std::move(record));
  draft.slots = draft.change.record.public_state->storage.slots();
  draft.nonce_delta = delta.nonce_delta;
  const AccountId id = draft.change.record.id;
  if (!delta.vault.is_empty()) TRY(change_vault(reader, id, block, delta.vault, draft));
  if (!delta.storage.is_empty()) TRY(change_storage(reader, id, block, delta.storage, draft));
  return draft;
}

// With the roots of its trees, an account that existed is complete.
Result<void> finish_public_account(BlockNum block, const Word& final_commitment, Draft& draft) {
  AccountRecord& record = draft.change.record;
  AccountRecord::PublicState& state = *record.public_state;
  for (size_t i = 0; i < draft.trees.size(); ++i) {
    const std::optional<size_t>& slot = draft.trees[i].slot;
    (slot ? draft.slots[*slot].value : state.header.vault_root) = draft.change.trees[i].root;
  }
  if (draft.slots != state.storage.slots()) {
    state.storage = TRY(AccountStorageHeader::make(std::move(draft.slots)));
    state.header.storage_commitment = state.storage.commitment();
  }
  uint64_t nonce = 0;
  if (__builtin_add_overflow(state.header.nonce.value(), draft.nonce_delta.value(), &nonce) ||
      nonce >= Felt::kModulus) {
    return fail("NonceOverflow", "the nonce of account " + record.id.to_hex() + " overflows");
  }
  state.header.nonce = Felt::from_canonical(nonce);
  TRY(check_commitment(state.header, final_commitment));
  record.commitment = final_commitment;
  record.updated_at = block;
  return {};
}

Draft private_account(BlockNum block, const BlockAccountUpdate& update, BlockNum created_at) {
  return Draft({.id = update.account_id,
                .commitment = update.final_commitment,
                .updated_at = block,
                .created_at = created_at,
                .is_network_account = false,
                .public_state = std::nullopt});
}

Result<Draft> change_account(const ChainReader& reader, BlockNum block,
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
  return change_public_account(reader, block, *delta, *std::move(record));
}

}  // namespace

Result<std::vector<AccountChange>> compute_account_changes(
    const ChainReader& reader, BlockNum block, std::span<const BlockAccountUpdate> updates,
    std::span<const std::optional<Bytes>> old_records) {
  std::vector<Draft> drafts;
  drafts.reserve(updates.size());
  std::vector<TreeEntries> trees;
  for (size_t i = 0; i < updates.size(); ++i) {
    std::optional<AccountRecord> record;
    if (old_records[i]) record = decode_stored<AccountRecord>(*old_records[i]);
    Draft& draft =
        drafts.emplace_back(TRY(change_account(reader, block, updates[i], std::move(record))));
    draft.change.old_record = old_records[i];
    for (Draft::ChangedTree& tree : draft.trees) trees.push_back(std::move(tree.tree->wanted));
  }

  SerialExecutor here;  // callers share accounts among threads
  std::vector<TreeChange> changed = TRY(change_trees(trees, here));
  auto next = changed.begin();
  std::vector<AccountChange> changes;
  changes.reserve(drafts.size());
  for (size_t i = 0; i < drafts.size(); ++i) {
    Draft& draft = drafts[i];
    for (size_t count = draft.trees.size(); count > 0; --count) {
      draft.change.trees.push_back(std::move(*next++));
    }
    const bool existed = draft.change.record.public_state && draft.change.old_record;
    if (existed) TRY(finish_public_account(block, updates[i].final_commitment, draft));
    changes.push_back(std::move(draft.change));
  }
  return changes;
}

}  // namespace miden
