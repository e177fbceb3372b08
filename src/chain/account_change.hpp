// What a block's update makes of one account: its new record, its changed trees, the rows that sync
// queries read. Pure but for the reads; many accounts can be computed at once. spec/store-rpc.md
// §5.3
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

// Errors: PublicStateAccountMissingDetails, PrivateAccountWithDetails, AccountNotFoundInDb,
// AccountAlreadyExists (a full state for an account that is there), AccountCommitmentsMismatch,
// NonceOverflow, StorageSlotNameNotFound, StorageSlotNotValue, StorageSlotNotMap,
// FungibleAssetNotFound, FungibleAssetAmountOverflow, FungibleAssetAmountUnderflow,
// DuplicateNonFungibleAsset, NonFungibleAssetNotFound, TooManyLeafEntries and those of
// AccountDelta::to_account.
Result<AccountChange> compute_account_change(const ChainReader& reader, BlockNum block,
                                             const BlockAccountUpdate& update,
                                             const std::optional<Bytes>& old_record);

void write_account_change(BlockWrite& write, const ChainReader& before,
                          const AccountChange& change);

}  // namespace miden
