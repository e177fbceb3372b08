#include "protocol/account_delta.hpp"

#include "crypto/poseidon2.hpp"
#include "protocol/decoding.hpp"

namespace miden {
namespace {

constexpr uint64_t kAssetDomain = 1;
constexpr uint64_t kValueSlotDomain = 2;
constexpr uint64_t kMapSlotDomain = 3;
constexpr size_t kMaxSlotsPerKind = 255;  // each kind of change is counted in one byte

// Slots by the list they are written in.
struct SlotCounts {
  size_t cleared = 0;
  size_t updated = 0;
  size_t maps = 0;
  bool fit() const {
    return cleared <= kMaxSlotsPerKind && updated <= kMaxSlotsPerKind && maps <= kMaxSlotsPerKind;
  }
};

SlotCounts count_slots(const AccountStorageDelta& delta) {
  SlotCounts counts;
  for (const auto& [name, change] : delta.slots) {
    if (const Word* value = std::get_if<Word>(&change)) {
      ++(value->is_zero() ? counts.cleared : counts.updated);
    } else {
      ++counts.maps;
    }
  }
  return counts;
}

// The reference cannot write such a delta; it ends itself instead.
std::unexpected<Error> too_many_slots() {
  return fail("StorageTooManySlots",
              "an account delta changes more than 255 storage slots of a kind");
}

Result<void> add_amount(AccountVaultDelta& vault, const AssetVaultKey& key, int64_t amount) {
  const auto entry = vault.fungible.try_emplace(key, 0).first;
  int64_t sum = 0;
  if (__builtin_add_overflow(entry->second, amount, &sum)) {
    return fail("FungibleAssetDeltaOverflow",
                "changes of the assets of faucet " + key.faucet().to_hex() + " overflow");
  }
  entry->second = sum;
  if (entry->second == 0) vault.fungible.erase(entry);
  return {};
}

Result<void> merge_vault(AccountVaultDelta& vault, const AccountVaultDelta& later) {
  for (const auto& [key, change] : later.non_fungible) {
    const auto [entry, is_new] = vault.non_fungible.try_emplace(key, change);
    if (is_new) continue;
    if (entry->second.second == change.second) {
      return fail("DuplicateNonFungibleVaultUpdate", "the non-fungible asset with key " +
                                                         key.word().to_hex() +
                                                         " is added or removed twice in a row");
    }
    vault.non_fungible.erase(entry);
  }
  for (const auto& [key, amount] : later.fungible) TRY(add_amount(vault, key, amount));
  return {};
}

Result<void> merge_storage(AccountStorageDelta& storage, const AccountStorageDelta& later) {
  for (const auto& [name, change] : later.slots) {
    const auto [entry, is_new] = storage.slots.try_emplace(name, change);
    if (is_new) continue;
    if (entry->second.index() != change.index()) {
      return fail("StorageSlotUsedAsDifferentTypes",
                  "storage slot " + name.text() + " is used as a value and as a map");
    }
    if (const Word* value = std::get_if<Word>(&change)) {
      entry->second = *value;
      continue;
    }
    auto& entries = std::get<StorageMapDelta>(entry->second).entries;
    for (const auto& [key, value] : std::get<StorageMapDelta>(change).entries) {
      entries.insert_or_assign(key, value);
    }
  }
  if (!count_slots(storage).fit()) return too_many_slots();
  return {};
}

// What a delta's commitment hashes.
class DeltaElements {
 public:
  void add(uint64_t a, uint64_t b, Felt c, Felt d) {
    add(Word(Felt::from_canonical(a), Felt::from_canonical(b), c, d));
  }
  void add(const Word& word) {
    elements_.insert(elements_.end(), word.elements.begin(), word.elements.end());
  }

  void add_asset(const AssetVaultKey& key, bool was_added, const Word& value) {
    add(kAssetDomain, was_added ? 1 : 0, key.word()[2], key.word()[3]);
    add(value);
  }
  void add_slot(const StorageSlotId& slot, const Word& value) {
    add(kValueSlotDomain, 0, slot.suffix, slot.prefix);
    add(value);
  }
  void add_slot(const StorageSlotId& slot, const StorageMapDelta& map) {
    for (const auto& [key, value] : map.entries) {
      add(key.word);
      add(value);
    }
    add(kMapSlotDomain, map.entries.size(), slot.suffix, slot.prefix);
    add(Word());
  }

  Word hash() const { return hash_elements(elements_); }

 private:
  std::vector<Felt> elements_;
};

uint64_t magnitude(int64_t amount) {
  return amount < 0 ? -static_cast<uint64_t>(amount) : static_cast<uint64_t>(amount);
}

void encode_non_fungible(ByteWriter& writer, const AccountVaultDelta& vault,
                         AccountVaultDelta::Action action) {
  size_t count = 0;
  for (const auto& [key, change] : vault.non_fungible) count += change.second == action ? 1 : 0;
  writer.vint(count);
  for (const auto& [key, change] : vault.non_fungible) {
    if (change.second == action) change.first.encode(writer);
  }
}

Result<void> decode_non_fungible(ByteReader& reader, AccountVaultDelta& vault,
                                 AccountVaultDelta::Action action) {
  const size_t count = TRY(reader.count(49));
  for (size_t i = 0; i < count; ++i) {
    const NonFungibleAsset asset = TRY(NonFungibleAsset::decode(reader));
    vault.non_fungible.insert_or_assign(asset.key(), std::pair(asset, action));
  }
  return {};
}

Result<void> check_nonce(const AccountStorageDelta& storage, const AccountVaultDelta& vault,
                         Felt nonce_delta) {
  if (nonce_delta == Felt() && !(storage.is_empty() && vault.is_empty())) {
    return fail("NonEmptyStorageOrVaultDeltaWithZeroNonceDelta",
                "a delta that changes storage or vault must increase the nonce");
  }
  return {};
}

}  // namespace

void StorageMapDelta::encode(ByteWriter& writer) const {
  const auto cleared = static_cast<size_t>(
      std::ranges::count_if(entries, [](const auto& entry) { return entry.second.is_zero(); }));
  writer.vint(cleared);
  for (const auto& [key, value] : entries) {
    if (value.is_zero()) key.encode(writer);
  }
  writer.vint(entries.size() - cleared);
  for (const auto& [key, value] : entries) {
    if (value.is_zero()) continue;
    key.encode(writer);
    value.encode(writer);
  }
}

Result<StorageMapDelta> StorageMapDelta::decode(ByteReader& reader) {
  StorageMapDelta delta;
  const size_t cleared = TRY(reader.count(32));
  for (size_t i = 0; i < cleared; ++i) {
    delta.entries.insert_or_assign(delta.entries.end(), TRY(StorageMapKey::decode(reader)), Word());
  }
  const size_t updated = TRY(reader.count(64));
  for (size_t i = 0; i < updated; ++i) {
    const StorageMapKey key = TRY(StorageMapKey::decode(reader));
    delta.entries.insert_or_assign(delta.entries.end(), key, TRY(Word::decode(reader)));
  }
  return delta;
}

void AccountStorageDelta::encode(ByteWriter& writer) const {
  const SlotCounts counts = count_slots(*this);
  writer.u8(static_cast<uint8_t>(counts.cleared));
  for (const auto& [name, change] : slots) {
    const Word* value = std::get_if<Word>(&change);
    if (value != nullptr && value->is_zero()) name.encode(writer);
  }
  writer.u8(static_cast<uint8_t>(counts.updated));
  for (const auto& [name, change] : slots) {
    const Word* value = std::get_if<Word>(&change);
    if (value == nullptr || value->is_zero()) continue;
    name.encode(writer);
    value->encode(writer);
  }
  writer.u8(static_cast<uint8_t>(counts.maps));
  for (const auto& [name, change] : slots) {
    const StorageMapDelta* map = std::get_if<StorageMapDelta>(&change);
    if (map == nullptr) continue;
    name.encode(writer);
    map->encode(writer);
  }
}

Result<AccountStorageDelta> AccountStorageDelta::decode(ByteReader& reader) {
  AccountStorageDelta delta;
  const size_t cleared = TRY(reader.u8());
  for (size_t i = 0; i < cleared; ++i) {
    delta.slots.insert_or_assign(TRY(StorageSlotName::decode(reader)), Word());
  }
  const size_t updated = TRY(reader.u8());
  for (size_t i = 0; i < updated; ++i) {
    StorageSlotName name = TRY(StorageSlotName::decode(reader));
    delta.slots.insert_or_assign(std::move(name), TRY(Word::decode(reader)));
  }
  const size_t maps = TRY(reader.u8());
  for (size_t i = 0; i < maps; ++i) {
    StorageSlotName name = TRY(StorageSlotName::decode(reader));
    delta.slots.insert_or_assign(std::move(name), TRY(StorageMapDelta::decode(reader)));
  }
  // An updated slot may have been set to zero, which makes it a cleared one.
  if (!count_slots(delta).fit())
    return as_invalid_value(Result<AccountStorageDelta>(too_many_slots()));
  return delta;
}

Result<void> AccountVaultDelta::add_fungible(const FungibleAsset& asset) {
  return add_amount(*this, asset.key(), static_cast<int64_t>(asset.amount));
}

Result<void> AccountVaultDelta::remove_fungible(const FungibleAsset& asset) {
  return add_amount(*this, asset.key(), -static_cast<int64_t>(asset.amount));
}

void AccountVaultDelta::encode(ByteWriter& writer) const {
  writer.vint(fungible.size());
  for (const auto& [key, amount] : fungible) {
    key.encode(writer);
    writer.u64(static_cast<uint64_t>(amount));
  }
  encode_non_fungible(writer, *this, Action::kAdd);
  encode_non_fungible(writer, *this, Action::kRemove);
}

Result<AccountVaultDelta> AccountVaultDelta::decode(ByteReader& reader) {
  AccountVaultDelta delta;
  const size_t count = TRY(reader.count(40));
  for (size_t i = 0; i < count; ++i) {
    const AssetVaultKey key = TRY(AssetVaultKey::decode(reader));
    const auto amount = static_cast<int64_t>(TRY(reader.u64()));
    if (key.composition() != AssetComposition::kFungible) {
      return invalid_value("an amount is given for an asset that is not fungible, of faucet " +
                           key.faucet().to_hex());
    }
    delta.fungible.insert_or_assign(delta.fungible.end(), key, amount);
  }
  TRY(decode_non_fungible(reader, delta, Action::kAdd));
  TRY(decode_non_fungible(reader, delta, Action::kRemove));
  return delta;
}

Result<AccountDelta> AccountDelta::make(AccountId id, AccountStorageDelta storage,
                                        AccountVaultDelta vault, std::optional<AccountCode> code,
                                        Felt nonce_delta) {
  TRY(check_nonce(storage, vault, nonce_delta));
  return AccountDelta{id, std::move(storage), std::move(vault), std::move(code), nonce_delta};
}

Word AccountDelta::commitment() const {
  if (storage.is_empty() && vault.is_empty() && nonce_delta == Felt()) return Word();
  DeltaElements elements;
  elements.add(nonce_delta.value(), 0, id.suffix(), id.prefix());
  elements.add(Word());
  for (const auto& [key, amount] : vault.fungible) {
    elements.add_asset(key, amount > 0, Word::of(magnitude(amount), 0, 0, 0));
  }
  for (const auto& [key, change] : vault.non_fungible) {
    elements.add_asset(key, change.second == AccountVaultDelta::Action::kAdd, change.first.value);
  }
  for (const auto& [name, change] : storage.slots) {
    std::visit([&](const auto& value) { elements.add_slot(name.id(), value); }, change);
  }
  return elements.hash();
}

Result<void> AccountDelta::merge(const AccountDelta& later) {
  if (id != later.id) {
    return fail("AccountDeltaIdMismatch", "deltas of accounts " + id.to_hex() + " and " +
                                              later.id.to_hex() + " cannot be merged");
  }
  const Felt merged_nonce_delta = nonce_delta + later.nonce_delta;
  if (merged_nonce_delta < nonce_delta) {
    return fail("NonceIncrementOverflow",
                "nonce increments of " + std::to_string(nonce_delta.value()) + " and " +
                    std::to_string(later.nonce_delta.value()) + " overflow");
  }
  if (is_full_state() && later.is_full_state()) {
    return fail("MergingFullStateDeltas", "two full-state deltas cannot be merged");
  }
  if (later.code) code = later.code;
  nonce_delta = merged_nonce_delta;
  TRY(merge_storage(storage, later.storage));
  return merge_vault(vault, later.vault);
}

Result<Account> AccountDelta::to_account() const {
  if (!code) {
    return fail("PartialStateDeltaToAccount",
                "a partial delta of account " + id.to_hex() + " does not hold the whole account");
  }
  AssetVault account_vault;
  TRY(account_vault.apply(vault));
  std::vector<StorageSlot> slots;
  for (const auto& [name, change] : storage.slots) {
    if (const Word* value = std::get_if<Word>(&change)) {
      slots.push_back({name, *value});
      continue;
    }
    StorageMap map;
    TRY(map.update(std::get<StorageMapDelta>(change).entries));
    slots.push_back({name, std::move(map)});
  }
  AccountStorage account_storage = TRY(AccountStorage::make(std::move(slots)));
  return Account::make(id, std::move(account_vault), std::move(account_storage), *code, nonce_delta,
                       std::nullopt);
}

Result<AccountDelta> AccountDelta::from_account(const Account& account) {
  if (account.seed) {
    return fail("DeltaFromAccountWithSeed",
                "account " + account.id.to_hex() + " is new and has no full-state delta yet");
  }
  AccountStorageDelta storage;
  for (const StorageSlot& slot : account.storage.slots()) {
    if (const Word* value = std::get_if<Word>(&slot.content)) {
      storage.slots.emplace(slot.name, *value);
    } else {
      storage.slots.emplace(slot.name,
                            StorageMapDelta{std::get<StorageMap>(slot.content).entries()});
    }
  }
  AccountVaultDelta vault;
  for (const Asset& asset : account.vault.assets()) {
    if (const auto* fungible = std::get_if<FungibleAsset>(&asset.kind)) {
      TRY(vault.add_fungible(*fungible));
    } else {
      vault.non_fungible.emplace(asset.key(), std::pair(std::get<NonFungibleAsset>(asset.kind),
                                                        AccountVaultDelta::Action::kAdd));
    }
  }
  return make(account.id, std::move(storage), std::move(vault), account.code, account.nonce);
}

void AccountDelta::encode(ByteWriter& writer) const {
  id.encode(writer);
  storage.encode(writer);
  vault.encode(writer);
  encode_option(writer, code);
  nonce_delta.encode(writer);
}

Result<AccountDelta> AccountDelta::decode(ByteReader& reader) {
  const AccountId id = TRY(AccountId::decode(reader));
  AccountStorageDelta storage = TRY(AccountStorageDelta::decode(reader));
  AccountVaultDelta vault = TRY(AccountVaultDelta::decode(reader));
  std::optional<AccountCode> code = TRY(decode_option<AccountCode>(reader));
  const Felt nonce_delta = TRY(Felt::decode(reader));
  return as_invalid_value(
      make(id, std::move(storage), std::move(vault), std::move(code), nonce_delta));
}

Result<void> AccountUpdateDetails::merge(const AccountUpdateDetails& later) {
  if (is_private() != later.is_private()) {
    return fail("IncompatibleAccountUpdates",
                "a private account update cannot be merged with a public one");
  }
  if (is_private()) return {};
  return delta->merge(*later.delta);
}

void AccountUpdateDetails::encode(ByteWriter& writer) const {
  writer.u8(delta ? 1 : 0);
  if (delta) delta->encode(writer);
}

Result<AccountUpdateDetails> AccountUpdateDetails::decode(ByteReader& reader) {
  const uint8_t variant = TRY(reader.u8());
  if (variant > 1) {
    return invalid_value("unknown kind of account update: " + std::to_string(variant));
  }
  if (variant == 0) return AccountUpdateDetails{};
  return AccountUpdateDetails{TRY(AccountDelta::decode(reader))};
}

}  // namespace miden
