// Accounts: code, header, vault, the whole and its parts. spec/types.md §6, §7.
#pragma once

#include <optional>
#include <vector>

#include "merkle/partial_smt.hpp"
#include "merkle/smt.hpp"
#include "protocol/account_id.hpp"
#include "protocol/account_storage.hpp"
#include "protocol/asset.hpp"
#include "protocol/mast_forest.hpp"

namespace miden {

struct AccountVaultDelta;
struct AccountDelta;

struct AccountCode {
  MastForest forest;
  std::vector<Word> procedure_roots;  // 2 to 256; the first authenticates
  Word commitment() const;
  void encode(ByteWriter& writer) const;
  // Errors: AccountCodeNoProcedures and kin as InvalidValue.
  static Result<AccountCode> decode(ByteReader& reader);
  friend bool operator==(const AccountCode&, const AccountCode&) = default;
};

struct AccountHeader {
  AccountId id;
  Felt nonce;
  Word vault_root;
  Word storage_commitment;
  Word code_commitment;
  Word commitment() const;
  void encode(ByteWriter& writer) const;  // 119 bytes
  static Result<AccountHeader> decode(ByteReader& reader);
  friend bool operator==(const AccountHeader&, const AccountHeader&) = default;
};

class AssetVault {
 public:
  AssetVault() = default;
  // Errors: DuplicateAsset, TooManyLeafEntries. Zero-amount fungible assets vanish.
  static Result<AssetVault> from_assets(const std::vector<Asset>& assets);
  const Word& root() const { return tree_.root(); }
  const Smt& tree() const { return tree_; }
  std::vector<Asset> assets() const;  // ascending by key
  // Errors: FungibleAssetAmountTooBig, AddFungibleAssetBalanceError, FungibleAssetNotFound,
  // SubtractFungibleAssetBalanceError, DuplicateNonFungibleAsset, NonFungibleAssetNotFound,
  // TooManyLeafEntries. The vault is as it was after an error.
  Result<void> apply(const AccountVaultDelta& delta);
  void encode(ByteWriter& writer) const;
  static Result<AssetVault> decode(ByteReader& reader);

 private:
  Smt tree_;
};

struct Account {
  AccountId id;
  AssetVault vault;
  AccountStorage storage;
  AccountCode code;
  Felt nonce;
  std::optional<Word> seed;  // present exactly when nonce is 0

  // Errors: NewAccountMissingSeed, AccountIdSeedMismatch, SeedConvertsToInvalidAccountId,
  // ExistingAccountWithSeed.
  static Result<Account> make(AccountId id, AssetVault vault, AccountStorage storage,
                              AccountCode code, Felt nonce, std::optional<Word> seed);
  AccountHeader header() const;
  Word commitment() const { return header().commitment(); }
  // 0w for an account that is not on chain yet, else the commitment.
  Word initial_commitment() const;
  // A partial delta; on error the account is unusable. Errors: ApplyFullStateDeltaToAccount, those
  // of the vault, StorageSlotNameNotFound, StorageSlotNotValue, StorageSlotNotMap, NonceOverflow.
  Result<void> apply(const AccountDelta& delta);
  void encode(ByteWriter& writer) const;
  static Result<Account> decode(ByteReader& reader);
};

// "acct", the account, its secret keys (kept as bytes: scheme u8 and the key; spec/types.md §6.4).
struct AccountFile {
  Account account;
  std::vector<Bytes> auth_secret_keys;
  void encode(ByteWriter& writer) const;
  static Result<AccountFile> decode(ByteReader& reader);
};

struct PartialVault {
  PartialSmt tree;
  void encode(ByteWriter& writer) const;
  static Result<PartialVault> decode(ByteReader& reader);
};

struct PartialAccount {
  AccountId id;
  Felt nonce;
  AccountCode code;
  PartialStorage storage;
  PartialVault vault;
  std::optional<Word> seed;
  AccountHeader header() const;
  void encode(ByteWriter& writer) const;
  static Result<PartialAccount> decode(ByteReader& reader);
};

// Whether a public account takes network transactions: it has the map slot
// miden::standards::auth::network_account::allowed_note_scripts with at least one entry. types.md
// §9.
bool is_network_account(const Account& account);
const StorageSlotName& network_account_slot_name();

}  // namespace miden
