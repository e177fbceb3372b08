// Changes of accounts, as transactions and blocks carry them. spec/types.md §8.
#pragma once

#include <map>
#include <optional>
#include <variant>

#include "protocol/account.hpp"

namespace miden {

struct StorageMapDelta {
  std::map<StorageMapKey, Word> entries;  // raw keys; zero clears
  void encode(ByteWriter& writer) const;
  static Result<StorageMapDelta> decode(ByteReader& reader);
  friend bool operator==(const StorageMapDelta&, const StorageMapDelta&) = default;
};

struct AccountStorageDelta {
  std::map<StorageSlotName, std::variant<Word, StorageMapDelta>> slots;
  bool is_empty() const { return slots.empty(); }
  void encode(ByteWriter& writer) const;
  static Result<AccountStorageDelta> decode(ByteReader& reader);
  friend bool operator==(const AccountStorageDelta&, const AccountStorageDelta&) = default;
};

struct AccountVaultDelta {
  std::map<AssetVaultKey, int64_t> fungible;  // base units
  enum class Action : uint8_t { kAdd, kRemove };
  std::map<AssetVaultKey, std::pair<NonFungibleAsset, Action>> non_fungible;
  bool is_empty() const { return fungible.empty() && non_fungible.empty(); }
  // Errors: FungibleAssetDeltaOverflow.
  Result<void> add_fungible(const FungibleAsset& asset);
  Result<void> remove_fungible(const FungibleAsset& asset);
  void encode(ByteWriter& writer) const;
  static Result<AccountVaultDelta> decode(ByteReader& reader);
  friend bool operator==(const AccountVaultDelta&, const AccountVaultDelta&) = default;
};

struct AccountDelta {
  AccountId id;
  AccountStorageDelta storage;
  AccountVaultDelta vault;
  std::optional<AccountCode> code;  // present: the delta is the account's full state
  Felt nonce_delta;

  // Error: NonEmptyStorageOrVaultDeltaWithZeroNonceDelta.
  static Result<AccountDelta> make(AccountId id, AccountStorageDelta storage,
                                   AccountVaultDelta vault, std::optional<AccountCode> code,
                                   Felt nonce_delta);
  bool is_full_state() const { return code.has_value(); }
  Word commitment() const;
  // `later` happened after this. Errors: MergingFullStateDeltas, AccountDeltaIdMismatch,
  // NonceIncrementOverflow, StorageSlotUsedAsDifferentTypes, DuplicateNonFungibleVaultUpdate,
  // FungibleAssetDeltaOverflow, StorageTooManySlots.
  Result<void> merge(const AccountDelta& later);
  // From a full-state delta. Error: PartialStateDeltaToAccount and those of the parts.
  Result<Account> to_account() const;
  // The full-state delta of an account without seed. Error: DeltaFromAccountWithSeed.
  static Result<AccountDelta> from_account(const Account& account);
  void encode(ByteWriter& writer) const;
  static Result<AccountDelta> decode(ByteReader& reader);
  friend bool operator==(const AccountDelta&, const AccountDelta&) = default;
};

// Private accounts show nothing but their commitment.
struct AccountUpdateDetails {
  std::optional<AccountDelta> delta;
  bool is_private() const { return !delta.has_value(); }
  Result<void> merge(
      const AccountUpdateDetails& later);  // Error: IncompatibleAccountUpdates and delta's
  void encode(ByteWriter& writer) const;
  static Result<AccountUpdateDetails> decode(ByteReader& reader);
  friend bool operator==(const AccountUpdateDetails&, const AccountUpdateDetails&) = default;
};

}  // namespace miden
