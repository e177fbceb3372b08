// Assets and the keys under which vaults hold them. spec/types.md §7.
#pragma once

#include <variant>

#include "protocol/account_id.hpp"
#include "protocol/constants.hpp"

namespace miden {

enum class AssetComposition : uint8_t { kNone = 0, kFungible = 1 };
enum class AssetCallbacks : uint8_t { kDisabled = 0, kEnabled = 1 };

// [asset_id_suffix, asset_id_prefix, faucet_suffix | meta, faucet_prefix]. Only valid keys exist.
class AssetVaultKey {
 public:
  // Errors: ReservedAssetMetadata, UnknownAssetComposition, UnsupportedAssetComposition,
  // FungibleAssetIdMustBeZero, InvalidFaucetAccountId.
  static Result<AssetVaultKey> parse(const Word& word);
  static AssetVaultKey fungible(const AccountId& faucet, AssetCallbacks callbacks);
  static AssetVaultKey non_fungible(const AccountId& faucet, const Word& value,
                                    AssetCallbacks callbacks);

  const Word& word() const { return word_; }
  AccountId faucet() const;
  AssetComposition composition() const;
  AssetCallbacks callbacks() const;
  friend auto operator<=>(const AssetVaultKey&, const AssetVaultKey&) = default;

  void encode(ByteWriter& writer) const { word_.encode(writer); }
  static Result<AssetVaultKey> decode(ByteReader& reader);

 private:
  explicit AssetVaultKey(const Word& word) : word_(word) {}
  Word word_;
};

struct FungibleAsset {
  AccountId faucet;
  uint64_t amount = 0;  // <= kMaxFungibleAmount, in base units
  AssetCallbacks callbacks = AssetCallbacks::kDisabled;

  // Error: FungibleAssetAmountTooBig.
  static Result<FungibleAsset> make(AccountId faucet, uint64_t amount,
                                    AssetCallbacks callbacks = AssetCallbacks::kDisabled);
  AssetVaultKey key() const { return AssetVaultKey::fungible(faucet, callbacks); }
  Word value() const { return Word::of(amount, 0, 0, 0); }
  void encode(ByteWriter& writer) const;  // 25 bytes
  static Result<FungibleAsset> decode(ByteReader& reader);
  friend bool operator==(const FungibleAsset&, const FungibleAsset&) = default;
};

struct NonFungibleAsset {
  AccountId faucet;
  Word value;  // Poseidon2 of the asset's data
  AssetCallbacks callbacks = AssetCallbacks::kDisabled;

  AssetVaultKey key() const { return AssetVaultKey::non_fungible(faucet, value, callbacks); }
  void encode(ByteWriter& writer) const;  // 49 bytes
  static Result<NonFungibleAsset> decode(ByteReader& reader);
  friend bool operator==(const NonFungibleAsset&, const NonFungibleAsset&) = default;
};

struct Asset {
  std::variant<FungibleAsset, NonFungibleAsset> kind;

  // Errors: those of AssetVaultKey::parse and FungibleAsset::make;
  // FungibleAssetValueMostSignificantElementsMustBeZero, NonFungibleAssetIdMustMatchValue.
  static Result<Asset> from_key_and_value(const Word& key, const Word& value);
  AssetVaultKey key() const;
  Word value() const;
  void encode(ByteWriter& writer) const;
  static Result<Asset> decode(ByteReader& reader);
  friend bool operator==(const Asset&, const Asset&) = default;
};

}  // namespace miden
