// What a block's update makes of one account: its new record, its changed trees, the rows that sync
// queries read. Pure but for the reads. spec/store-rpc.md §5.3
#pragma once

#include "chain/account_queries.hpp"
#include "chain/stored_tree.hpp"

namespace miden {

struct AccountChange {
  AccountRecord record;
  std::optional<Bytes> old_record;  // as stored
  std::optional<Bytes> code;        // of a new public account
  std::vector<TreeChange> trees;    // vault and maps
  std::vector<VaultUpdate> vault_updates;
  std::vector<StorageMapUpdate> map_updates;
};

// Of several accounts, whose trees are hashed together. `old_records`: of each, as stored.
//
// Errors: PublicStateAccountMissingDetails, PrivateAccountWithDetails, AccountNotFoundInDb,
// AccountAlreadyExists (a full state for an account that is there), AccountCommitmentsMismatch,
// NonceOverflow, StorageSlotNameNotFound, StorageSlotNotValue, StorageSlotNotMap,
// FungibleAssetNotFound, FungibleAssetAmountOverflow, FungibleAssetAmountUnderflow,
// DuplicateNonFungibleAsset, NonFungibleAssetNotFound, TooManyLeafEntries and those of
// AccountDelta::to_account.
Result<std::vector<AccountChange>> compute_account_changes(
    const ChainReader& reader, BlockNum block, std::span<const BlockAccountUpdate> updates,
    std::span<const std::optional<Bytes>> old_records);

void write_account_change(BlockWrite& write, const ChainReader& before,
                          const AccountChange& change);

}  // namespace miden
