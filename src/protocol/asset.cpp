#include "protocol/asset.hpp"

#include "protocol/decoding.hpp"

namespace miden {
namespace {

constexpr uint64_t kMetadataMask = 0xff;
constexpr uint64_t kCompositionMask = 0b11;
constexpr uint64_t kCallbacksBit = 2;
constexpr uint64_t kReservedMask = 0b1111'1000;
constexpr uint64_t kCompositionCustom = 2;

std::unexpected<Error> custom_composition() {
  return fail("UnsupportedAssetComposition", "assets of custom composition are not supported");
}

std::unexpected<Error> unknown_composition(uint64_t composition) {
  return fail("UnknownAssetComposition",
              "unknown asset composition: " + std::to_string(composition));
}

Word vault_key(Felt asset_id_suffix, Felt asset_id_prefix, const AccountId& faucet,
               AssetComposition composition, AssetCallbacks callbacks) {
  const uint64_t metadata = static_cast<uint64_t>(composition) | static_cast<uint64_t>(callbacks)
                                                                     << kCallbacksBit;
  return {asset_id_suffix, asset_id_prefix,
          Felt::from_canonical(faucet.suffix().value() | metadata), faucet.prefix()};
}

Result<AssetCallbacks> decode_callbacks(ByteReader& reader) {
  const uint8_t byte = TRY(reader.u8());
  if (byte > 1) return invalid_value("unknown asset callback flag: " + std::to_string(byte));
  return static_cast<AssetCallbacks>(byte);
}

// Of the byte that starts every asset.
Result<AssetComposition> decode_composition(ByteReader& reader) {
  const uint8_t byte = TRY(reader.u8());
  if (byte == kCompositionCustom)
    return as_invalid_value(Result<AssetComposition>(custom_composition()));
  if (byte > 1) return as_invalid_value(Result<AssetComposition>(unknown_composition(byte)));
  return static_cast<AssetComposition>(byte);
}

Result<FungibleAsset> decode_fungible_body(ByteReader& reader) {
  const AccountId faucet = TRY(AccountId::decode(reader));
  const uint64_t amount = TRY(reader.u64());
  const AssetCallbacks callbacks = TRY(decode_callbacks(reader));
  return as_invalid_value(FungibleAsset::make(faucet, amount, callbacks));
}

Result<NonFungibleAsset> decode_non_fungible_body(ByteReader& reader) {
  const AccountId faucet = TRY(AccountId::decode(reader));
  const Word value = TRY(Word::decode(reader));
  const AssetCallbacks callbacks = TRY(decode_callbacks(reader));
  return NonFungibleAsset{faucet, value, callbacks};
}

}  // namespace

Result<AssetVaultKey> AssetVaultKey::parse(const Word& word) {
  const uint64_t limb = word[2].value();
  const uint64_t metadata = limb & kMetadataMask;
  if ((metadata & kReservedMask) != 0) {
    return fail("ReservedAssetMetadata",
                "reserved bits are set in the asset metadata byte " + std::to_string(metadata));
  }
  const uint64_t composition = metadata & kCompositionMask;
  if (composition > kCompositionCustom) return unknown_composition(composition);
  if (const auto faucet =
          AccountId::from_limbs(word[3], Felt::from_canonical(limb & ~kMetadataMask));
      !faucet) {
    return fail("InvalidFaucetAccountId",
                "the faucet's account ID is invalid: " + faucet.error().message);
  }
  if (composition == kCompositionCustom) return custom_composition();
  if (composition == static_cast<uint64_t>(AssetComposition::kFungible) &&
      (word[0] != Felt() || word[1] != Felt())) {
    return fail("FungibleAssetIdMustBeZero",
                "the asset ID in a fungible asset's vault key must be zero");
  }
  return AssetVaultKey(word);
}

AssetVaultKey AssetVaultKey::fungible(const AccountId& faucet, AssetCallbacks callbacks) {
  return AssetVaultKey(vault_key(Felt(), Felt(), faucet, AssetComposition::kFungible, callbacks));
}

AssetVaultKey AssetVaultKey::non_fungible(const AccountId& faucet, const Word& value,
                                          AssetCallbacks callbacks) {
  return AssetVaultKey(vault_key(value[0], value[1], faucet, AssetComposition::kNone, callbacks));
}

AccountId AssetVaultKey::faucet() const {
  return *AccountId::from_limbs(word_[3], Felt::from_canonical(word_[2].value() & ~kMetadataMask));
}

AssetComposition AssetVaultKey::composition() const {
  return static_cast<AssetComposition>(word_[2].value() & kCompositionMask);
}

AssetCallbacks AssetVaultKey::callbacks() const {
  return static_cast<AssetCallbacks>(word_[2].value() >> kCallbacksBit & 1);
}

Result<AssetVaultKey> AssetVaultKey::decode(ByteReader& reader) {
  return as_invalid_value(parse(TRY(Word::decode(reader))));
}

Result<FungibleAsset> FungibleAsset::make(AccountId faucet, uint64_t amount,
                                          AssetCallbacks callbacks) {
  if (amount > kMaxFungibleAmount) {
    return fail("FungibleAssetAmountTooBig", "fungible asset amount " + std::to_string(amount) +
                                                 " exceeds the maximum of " +
                                                 std::to_string(kMaxFungibleAmount));
  }
  return FungibleAsset{faucet, amount, callbacks};
}

void FungibleAsset::encode(ByteWriter& writer) const {
  writer.u8(static_cast<uint8_t>(AssetComposition::kFungible));
  faucet.encode(writer);
  writer.u64(amount);
  writer.u8(static_cast<uint8_t>(callbacks));
}

Result<FungibleAsset> FungibleAsset::decode(ByteReader& reader) {
  if (TRY(decode_composition(reader)) != AssetComposition::kFungible) {
    return invalid_value("expected a fungible asset");
  }
  return decode_fungible_body(reader);
}

void NonFungibleAsset::encode(ByteWriter& writer) const {
  writer.u8(static_cast<uint8_t>(AssetComposition::kNone));
  faucet.encode(writer);
  value.encode(writer);
  writer.u8(static_cast<uint8_t>(callbacks));
}

Result<NonFungibleAsset> NonFungibleAsset::decode(ByteReader& reader) {
  if (TRY(decode_composition(reader)) != AssetComposition::kNone) {
    return invalid_value("expected a non-fungible asset");
  }
  return decode_non_fungible_body(reader);
}

Result<Asset> Asset::from_key_and_value(const Word& key, const Word& value) {
  const AssetVaultKey parsed = TRY(AssetVaultKey::parse(key));
  if (parsed.composition() == AssetComposition::kFungible) {
    if (value[1] != Felt() || value[2] != Felt() || value[3] != Felt()) {
      return fail(
          "FungibleAssetValueMostSignificantElementsMustBeZero",
          "only the first element of a fungible asset's value may differ from zero, but it was " +
              value.to_hex());
    }
    return Asset{TRY(FungibleAsset::make(parsed.faucet(), value[0].value(), parsed.callbacks()))};
  }
  if (key[0] != value[0] || key[1] != value[1]) {
    return fail(
        "NonFungibleAssetIdMustMatchValue",
        "the asset ID in a non-fungible asset's vault key must be the first two elements of its "
        "value " +
            value.to_hex());
  }
  return Asset{NonFungibleAsset{parsed.faucet(), value, parsed.callbacks()}};
}

AssetVaultKey Asset::key() const {
  return std::visit([](const auto& asset) { return asset.key(); }, kind);
}

Word Asset::value() const {
  if (const auto* fungible = std::get_if<FungibleAsset>(&kind)) return fungible->value();
  return std::get<NonFungibleAsset>(kind).value;
}

void Asset::encode(ByteWriter& writer) const {
  std::visit([&](const auto& asset) { asset.encode(writer); }, kind);
}

Result<Asset> Asset::decode(ByteReader& reader) {
  if (TRY(decode_composition(reader)) == AssetComposition::kFungible) {
    return Asset{TRY(decode_fungible_body(reader))};
  }
  return Asset{TRY(decode_non_fungible_body(reader))};
}

}  // namespace miden
