#include "protocol/asset.hpp"

#include "crypto/poseidon2.hpp"
#include "protocol/test_support/decoding_checks.hpp"

namespace miden {
namespace {

Felt felt(uint64_t value) { return Felt::from_canonical(value); }

// Encodings and vault keys that the reference made.
struct Vector {
  std::string_view asset;
  std::string_view key;
};
constexpr Vector kVectors[] = {
    {"016336146d9f30dc1123a7959b33d293640000000000000000",
     "000000000000000000000000000000000193d2339b95a72311dc309f6d143663"},
    {"016336146d9f30dc1123a7959b33d293370000000000000001",
     "000000000000000000000000000000000593d2339b95a72311dc309f6d143663"},
    {"006336146d9f30dc1123a7959b33d293351f0e082ddfc53dc70d769620c3a8e1223f565ef81401f74d63484a9d96b"
     "6a"
     "500",
     "351f0e082ddfc53dc70d769620c3a8e10093d2339b95a72311dc309f6d143663"},
    {"00ea25e391eb4d831120d821c76f7efeeb0b4b7df26ca14a4b4755695e48e6940c3bc7299ae0bde96a369e81a8b79"
     "e8"
     "e01",
     "eb0b4b7df26ca14a4b4755695e48e69404fe7e6fc721d82011834deb91e325ea"},
};

AccountId faucet() { return AccountId::parse("0x6336146d9f30dc1123a7959b33d293").value(); }

TEST(Asset, HasTheReferencesBytesAndKeys) {
  for (const auto& [bytes, key] : kVectors) {
    const Asset asset = from_bytes<Asset>(*from_hex(bytes)).value();
    EXPECT_EQ(to_hex(to_bytes(asset)), bytes);
    EXPECT_EQ(to_hex(to_bytes(asset.key())), key);
    EXPECT_EQ(Asset::from_key_and_value(asset.key().word(), asset.value()), asset);
    EXPECT_EQ(AssetVaultKey::parse(asset.key().word()), asset.key());
  }
}

TEST(Asset, IsNamedByTheHashOfItsData) {
  const Asset asset = from_bytes<Asset>(*from_hex(kVectors[2].asset)).value();
  EXPECT_EQ(asset.value(), hash_bytes(Bytes{2, 2}));
}

TEST(Asset, SurvivesDamage) {
  for (const auto& [bytes, key] : kVectors) {
    expect_robust_encoding(from_bytes<Asset>(*from_hex(bytes)).value());
  }
}

TEST(Asset, RefusesUnknownKindsAndFlags) {
  Bytes bytes = *from_hex(kVectors[0].asset);
  for (const auto composition : std::initializer_list<uint8_t>{2, 3, 255}) {
    bytes[0] = composition;
    EXPECT_EQ(outcome(from_bytes<Asset>(bytes)), "InvalidValue");
  }
  bytes[0] = 1;
  bytes.back() = 2;
  EXPECT_EQ(outcome(from_bytes<Asset>(bytes)), "InvalidValue");
  EXPECT_EQ(outcome(from_bytes<FungibleAsset>(*from_hex(kVectors[2].asset))), "InvalidValue");
  EXPECT_EQ(outcome(from_bytes<NonFungibleAsset>(*from_hex(kVectors[0].asset))), "InvalidValue");
}

TEST(FungibleAsset, HasAMaximum) {
  EXPECT_EQ(outcome(FungibleAsset::make(faucet(), 0x7fffffff80000000)), "ok");
  EXPECT_EQ(outcome(FungibleAsset::make(faucet(), 0x7fffffff80000001)),
            "FungibleAssetAmountTooBig");
}

TEST(AssetVaultKey, ChecksEveryPart) {
  const Word good = AssetVaultKey::fungible(faucet(), AssetCallbacks::kEnabled).word();
  const uint64_t suffix = faucet().suffix().value();
  const auto with_metadata = [&](uint64_t metadata) {
    Word word = good;
    word[2] = felt(suffix | metadata);
    return outcome(AssetVaultKey::parse(word));
  };
  EXPECT_EQ(with_metadata(0b101), "ok");
  EXPECT_EQ(with_metadata(0b001), "ok");
  EXPECT_EQ(with_metadata(0b1001), "ReservedAssetMetadata");
  EXPECT_EQ(with_metadata(0x81), "ReservedAssetMetadata");
  EXPECT_EQ(with_metadata(0b011), "UnknownAssetComposition");
  EXPECT_EQ(with_metadata(0b010), "UnsupportedAssetComposition");

  Word with_id = good;
  with_id[1] = felt(1);
  EXPECT_EQ(outcome(AssetVaultKey::parse(with_id)), "FungibleAssetIdMustBeZero");
  Word without_faucet = good;
  without_faucet[3] = felt(2);
  EXPECT_EQ(outcome(AssetVaultKey::parse(without_faucet)), "InvalidFaucetAccountId");

  const AssetVaultKey key = AssetVaultKey::parse(good).value();
  EXPECT_EQ(key.faucet(), faucet());
  EXPECT_EQ(key.composition(), AssetComposition::kFungible);
  EXPECT_EQ(key.callbacks(), AssetCallbacks::kEnabled);
}

TEST(Asset, MustHaveAValueThatFitsItsKey) {
  const Word fungible = AssetVaultKey::fungible(faucet(), AssetCallbacks::kDisabled).word();
  EXPECT_EQ(outcome(Asset::from_key_and_value(fungible, Word::of(5, 0, 0, 0))), "ok");
  EXPECT_EQ(outcome(Asset::from_key_and_value(fungible, Word::of(5, 0, 0, 1))),
            "FungibleAssetValueMostSignificantElementsMustBeZero");
  EXPECT_EQ(outcome(Asset::from_key_and_value(fungible, Word::of(1ull << 63, 0, 0, 0))),
            "FungibleAssetAmountTooBig");
  const Word value = Word::of(1, 2, 3, 4);
  const Word unique =
      AssetVaultKey::non_fungible(faucet(), value, AssetCallbacks::kDisabled).word();
  EXPECT_EQ(outcome(Asset::from_key_and_value(unique, value)), "ok");
  EXPECT_EQ(outcome(Asset::from_key_and_value(unique, Word::of(1, 3, 3, 4))),
            "NonFungibleAssetIdMustMatchValue");
}

}  // namespace
}  // namespace miden
