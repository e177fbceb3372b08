// What an account owns, whole and partial. spec/types.md §7.
#include <algorithm>

#include "protocol/account.hpp"
#include "protocol/account_delta.hpp"
#include "protocol/decoding.hpp"

namespace miden {
namespace {

// The balance after a change of `amount`. `balance` is at most kMaxFungibleAmount.
Result<uint64_t> change_balance(const AssetVaultKey& key, uint64_t balance, int64_t amount) {
  const uint64_t magnitude =
      amount < 0 ? -static_cast<uint64_t>(amount) : static_cast<uint64_t>(amount);
  TRY(FungibleAsset::make(key.faucet(), magnitude));
  if (amount >= 0) {
    if (magnitude > kMaxFungibleAmount - balance) {
      return fail("AddFungibleAssetBalanceError",
                  "adding " + std::to_string(magnitude) + " to the balance of faucet " +
                      key.faucet().to_hex() + " exceeds the maximum amount");
    }
    return balance + magnitude;
  }
  if (balance == 0) {
    return fail("FungibleAssetNotFound",
                "the vault has no assets of faucet " + key.faucet().to_hex());
  }
  if (magnitude > balance) {
    return fail("SubtractFungibleAssetBalanceError",
                "the vault has " + std::to_string(balance) + " of faucet " + key.faucet().to_hex() +
                    ", less than the " + std::to_string(magnitude) + " to remove");
  }
  return balance - magnitude;
}

}  // namespace

Result<AssetVault> AssetVault::from_assets(const std::vector<Asset>& assets) {
  std::vector<SmtEntry> entries;
  entries.reserve(assets.size());
  for (const Asset& asset : assets) entries.push_back({asset.key().word(), asset.value()});
  std::ranges::sort(entries, {}, &SmtEntry::key);
  const auto repeated = std::ranges::adjacent_find(entries, {}, &SmtEntry::key);
  if (repeated != entries.end()) {
    return fail("DuplicateAsset",
                "the asset with key " + repeated->key.to_hex() + " appears twice");
  }
  AssetVault vault;
  vault.tree_ = TRY(Smt::from_entries(entries));
  return vault;
}

std::vector<Asset> AssetVault::assets() const {
  std::vector<Asset> assets;
  for (const SmtEntry& entry : tree_.entries()) {
    assets.push_back(*Asset::from_key_and_value(entry.key, entry.value));
  }
  return assets;
}

Result<void> AssetVault::apply(const AccountVaultDelta& delta) {
  // No two changes concern one key, so that all old values may be read before anything is written.
  std::vector<SmtEntry> changes;
  for (const auto& [key, amount] : delta.fungible) {
    const uint64_t balance = tree_.get(key.word())[0].value();
    changes.push_back({key.word(), Word::of(TRY(change_balance(key, balance, amount)), 0, 0, 0)});
  }
  for (const auto& [key, change] : delta.non_fungible) {
    const auto& [asset, action] = change;
    const bool is_held = !tree_.get(key.word()).is_zero();
    if (action == AccountVaultDelta::Action::kAdd) {
      if (is_held) {
        return fail("DuplicateNonFungibleAsset",
                    "the vault already has the non-fungible asset " + key.word().to_hex());
      }
      changes.push_back({key.word(), asset.value});
    } else {
      if (!is_held) {
        return fail("NonFungibleAssetNotFound",
                    "the vault does not have the non-fungible asset " + key.word().to_hex());
      }
      changes.push_back({key.word(), Word()});
    }
  }
  return tree_.update(changes);
}

void AssetVault::encode(ByteWriter& writer) const { encode_vec(writer, assets()); }

Result<AssetVault> AssetVault::decode(ByteReader& reader) {
  const size_t count = TRY(reader.count(25));
  return as_invalid_value(from_assets(TRY(decode_items<Asset>(reader, count))));
}

void PartialVault::encode(ByteWriter& writer) const { tree.encode(writer); }

Result<PartialVault> PartialVault::decode(ByteReader& reader) {
  PartialVault vault{TRY(PartialSmt::decode(reader))};
  for (const SmtEntry& entry : vault.tree.entries()) {
    TRY(as_invalid_value(Asset::from_key_and_value(entry.key, entry.value)));
  }
  return vault;
}

}  // namespace miden
