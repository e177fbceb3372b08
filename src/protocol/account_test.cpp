#include "protocol/account.hpp"

#include "crypto/ecdsa.hpp"
#include "protocol/account_delta.hpp"
#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/values.hpp"

namespace miden {
namespace {

using Action = AccountVaultDelta::Action;

Felt felt(uint64_t value) { return Felt::from_canonical(value); }
StorageSlotName name(std::string_view text) { return StorageSlotName::parse(text).value(); }
NonFungibleAsset unique(uint64_t n) { return {public_account(97), word(n), {}}; }

AccountStorage storage() {
  const StorageMap map = *StorageMap::from_entries({{StorageMapKey(word(1)), word(2)}});
  return AccountStorage::make({{name("a::value"), word(7)}, {name("a::map"), map}}).value();
}
AssetVault vault() { return AssetVault::from_assets({{coins(5)}, {unique(1)}}).value(); }

Account existing_account() {
  return Account::make(public_account(5), vault(), storage(), account_code(), felt(3), {}).value();
}

// A seed whose id is valid, found by counting.
Account new_account() {
  for (uint64_t n = 0;; ++n) {
    const auto id = AccountId::derive(word(n), account_code().commitment(), storage().commitment());
    if (!id) continue;
    return Account::make(*id, AssetVault(), storage(), account_code(), Felt(), word(n)).value();
  }
}

// spec/types.md §16.
TEST(AccountHeader, HasTheSpecificationsCommitment) {
  const AccountHeader header = {
      *AccountId::from_limbs(felt(0x7ffffffffffffff1), felt(0x7fffffffffffff00)), felt(1),
      AssetVault().root(), Word(), Word()};
  EXPECT_EQ(header.commitment().to_hex(),
            "0x6713e1913a5b1516afe92fdacecc6734041171d771afc7f28c8ff4c430c44753");
  EXPECT_EQ(to_bytes(header).size(), 119u);
  expect_robust_encoding(header);
}

// Bytes and commitment that the reference made.
TEST(AccountHeader, CommitsAsTheReference) {
  const Bytes bytes = *from_hex(
      "52ea60f8054b609174ee32386c45c1050000000000000058a27b9e6652e1118bf9be9ec817e2d816b5cf41e4048f"
      "74"
      "e1e810f137a3133e314129b5e91110da0b3b1fcf440ca33516d11cd25d8331fd726cd96b962fa25d0ac708a8c902"
      "062388d7e5ae588e5bbbc16c73346ce029d1023c4f30ed247d28");
  EXPECT_EQ(from_bytes<AccountHeader>(bytes).value().commitment().to_hex(),
            "0x8584f2ee0401d5ffccc92129b542745e60a3202cd2e402e21b399365792f210c");
}

TEST(AssetVault, IsATreeOfValuesByKey) {
  const AssetVault assets = vault();
  const std::vector<SmtEntry> entries = {{coins(5).key().word(), word(5)},
                                         {unique(1).key().word(), word(1)}};
  EXPECT_EQ(assets.root(), Smt::from_entries(entries).value().root());
  EXPECT_EQ(assets.assets().size(), 2u);
  EXPECT_EQ(AssetVault().root(), Smt().root());
  expect_bytes_survive_decoding(assets);
  expect_every_cut_is_refused(assets);
}

TEST(AssetVault, DropsZeroAmountsAndRefusesRepetition) {
  EXPECT_EQ(AssetVault::from_assets({{coins(0)}}).value().root(), AssetVault().root());
  EXPECT_EQ(outcome(AssetVault::from_assets({{coins(5)}, {coins(6)}})), "DuplicateAsset");
  EXPECT_EQ(outcome(AssetVault::from_assets({{coins(0)}, {coins(6)}})), "DuplicateAsset");
  ByteWriter writer;
  encode_vec(writer, std::vector<Asset>{{coins(5)}, {coins(5)}});
  EXPECT_EQ(outcome(from_bytes<AssetVault>(writer.view())), "InvalidValue");
}

TEST(AssetVault, FollowsDeltas) {
  AssetVault assets = vault();
  AccountVaultDelta delta;
  delta.fungible = {{coins(1).key(), -5}, {FungibleAsset::make(public_account(98), 1)->key(), 4}};
  delta.non_fungible.emplace(unique(1).key(), std::pair(unique(1), Action::kRemove));
  delta.non_fungible.emplace(unique(2).key(), std::pair(unique(2), Action::kAdd));
  ASSERT_TRUE(assets.apply(delta));
  EXPECT_EQ(assets.root(),
            AssetVault::from_assets({{*FungibleAsset::make(public_account(98), 4)}, {unique(2)}})
                .value()
                .root());
}

TEST(AssetVault, RefusesDeltasItCannotFollow) {
  const auto applied = [](int64_t amount, std::optional<std::pair<uint64_t, Action>> change = {}) {
    AssetVault assets = vault();
    AccountVaultDelta delta;
    if (amount != 0) delta.fungible.emplace(coins(1).key(), amount);
    if (change) {
      const NonFungibleAsset asset = unique(change->first);
      delta.non_fungible.emplace(asset.key(), std::pair(asset, change->second));
    }
    return outcome(assets.apply(delta));
  };
  constexpr auto kMax = static_cast<int64_t>(kMaxFungibleAmount);
  EXPECT_EQ(applied(kMax - 5), "ok");
  EXPECT_EQ(applied(kMax - 4), "AddFungibleAssetBalanceError");
  EXPECT_EQ(applied(kMax + 1), "FungibleAssetAmountTooBig");
  EXPECT_EQ(applied(-5), "ok");
  EXPECT_EQ(applied(-6), "SubtractFungibleAssetBalanceError");
  EXPECT_EQ(applied(0, std::pair(1, Action::kAdd)), "DuplicateNonFungibleAsset");
  EXPECT_EQ(applied(0, std::pair(2, Action::kRemove)), "NonFungibleAssetNotFound");
  AssetVault none;
  AccountVaultDelta removal;
  removal.fungible.emplace(coins(1).key(), -1);
  EXPECT_EQ(outcome(none.apply(removal)), "FungibleAssetNotFound");
}

TEST(AccountCode, HasProceduresOfItsForest) {
  const AccountCode code = account_code();
  expect_bytes_survive_decoding(code);
  expect_every_cut_is_refused(code);
  AccountCode one = {code.forest, {word(501)}};
  EXPECT_EQ(outcome(from_bytes<AccountCode>(to_bytes(one))), "InvalidValue");
  AccountCode foreign = {code.forest, {word(501), word(503)}};
  EXPECT_EQ(outcome(from_bytes<AccountCode>(to_bytes(foreign))), "InvalidValue");
  AccountCode repeated = {code.forest, {word(502), word(502)}};
  EXPECT_EQ(outcome(from_bytes<AccountCode>(to_bytes(repeated))), "ok");
}

TEST(Account, HasASeedExactlyWhileItIsNew) {
  const Account fresh = new_account();
  const Account old = existing_account();
  const auto made = [](AccountId id, uint64_t nonce, std::optional<Word> seed) {
    return outcome(Account::make(id, {}, storage(), account_code(), felt(nonce), seed));
  };
  EXPECT_EQ(made(fresh.id, 0, fresh.seed), "ok");
  EXPECT_EQ(made(fresh.id, 0, {}), "NewAccountMissingSeed");
  EXPECT_EQ(made(public_account(1), 0, fresh.seed), "AccountIdSeedMismatch");
  EXPECT_EQ(made(fresh.id, 1, fresh.seed), "ExistingAccountWithSeed");
  uint64_t n = 0;
  while (AccountId::derive(word(n), account_code().commitment(), storage().commitment())) ++n;
  EXPECT_EQ(made(fresh.id, 0, word(n)), "SeedConvertsToInvalidAccountId");

  EXPECT_EQ(fresh.initial_commitment(), Word());
  EXPECT_EQ(old.initial_commitment(), old.commitment());
}

TEST(Account, SurvivesDamage) {
  for (const Account& account : {new_account(), existing_account()}) {
    expect_bytes_survive_decoding(account);
    expect_every_cut_is_refused(account);
  }
  Account with_seed = existing_account();
  with_seed.seed = word(1);
  EXPECT_EQ(outcome(from_bytes<Account>(to_bytes(with_seed))), "InvalidValue");
}

TEST(Account, FollowsDeltas) {
  Account account = new_account();
  AccountStorageDelta changes;
  changes.slots.emplace(name("a::value"), Word());
  changes.slots.emplace(name("a::map"), StorageMapDelta{{{StorageMapKey(word(1)), Word()},
                                                         {StorageMapKey(word(9)), word(9)}}});
  AccountVaultDelta income;
  income.fungible.emplace(coins(1).key(), 5);
  ASSERT_TRUE(account.apply(*AccountDelta::make(account.id, changes, income, {}, felt(2))));
  EXPECT_EQ(account.nonce, felt(2));
  EXPECT_EQ(account.seed, std::nullopt);
  EXPECT_EQ(account.storage.find(name("a::value"))->value(), Word());
  EXPECT_EQ(account.storage.find(name("a::map"))->value(),
            StorageMap::from_entries({{StorageMapKey(word(9)), word(9)}}).value().root());
  EXPECT_EQ(account.vault.root(), AssetVault::from_assets({{coins(5)}}).value().root());
}

TEST(Account, RefusesDeltasItCannotFollow) {
  const auto applied = [](AccountStorageDelta changes, Felt nonce_delta,
                          std::optional<AccountCode> code = {}) {
    Account account = existing_account();
    return outcome(account.apply(
        AccountDelta{account.id, std::move(changes), {}, std::move(code), nonce_delta}));
  };
  const auto slot = [](std::string_view text, std::variant<Word, StorageMapDelta> change) {
    AccountStorageDelta delta;
    delta.slots.emplace(name(text), std::move(change));
    return delta;
  };
  EXPECT_EQ(applied({}, felt(1), account_code()), "ApplyFullStateDeltaToAccount");
  EXPECT_EQ(applied({}, felt(Felt::kModulus - 3)), "NonceOverflow");
  EXPECT_EQ(applied(slot("a::none", word(1)), felt(1)), "StorageSlotNameNotFound");
  EXPECT_EQ(applied(slot("a::none", StorageMapDelta{}), felt(1)), "StorageSlotNameNotFound");
  EXPECT_EQ(applied(slot("a::map", word(1)), felt(1)), "StorageSlotNotValue");
  EXPECT_EQ(applied(slot("a::value", StorageMapDelta{}), felt(1)), "StorageSlotNotMap");
}

TEST(AccountFile, HoldsTheAccountAndItsKeys) {
  Bytes ecdsa = {1};
  const Bytes scalar = to_bytes(*SecretKey::from_hex(std::string(63, '0') + "7"));
  ecdsa.insert(ecdsa.end(), scalar.begin(), scalar.end());
  Bytes falcon(1282, 0);
  falcon[0] = 2;
  falcon[1] = 0x59;
  const AccountFile file = {existing_account(), {ecdsa, falcon}};
  expect_bytes_survive_decoding(file);
  expect_every_cut_is_refused(file);

  const auto with_key = [](Bytes key) {
    return outcome(
        from_bytes<AccountFile>(to_bytes(AccountFile{existing_account(), {std::move(key)}})));
  };
  EXPECT_EQ(with_key(ecdsa), "ok");
  Bytes no_scalar(33, 0);
  no_scalar[0] = 1;
  EXPECT_EQ(with_key(no_scalar), "InvalidValue");
  falcon[1] = 0x5a;
  EXPECT_EQ(with_key(falcon), "InvalidValue");
  falcon[0] = 3;
  EXPECT_EQ(with_key(falcon), "InvalidValue");
  Bytes other = to_bytes(file);
  other[0] = 'A';
  EXPECT_EQ(outcome(from_bytes<AccountFile>(other)), "InvalidValue");
}

TEST(PartialAccount, CommitsAsTheWholeAccount) {
  const Account account = existing_account();
  const PartialAccount partial = {account.id,
                                  account.nonce,
                                  account.code,
                                  {account.storage.header(), {}},
                                  {PartialSmt::from_root(account.vault.root())},
                                  {}};
  EXPECT_EQ(partial.header(), account.header());
  expect_bytes_survive_decoding(partial);
  expect_every_cut_is_refused(partial);
  PartialAccount with_seed = partial;
  with_seed.seed = word(1);
  EXPECT_EQ(outcome(from_bytes<PartialAccount>(to_bytes(with_seed))), "InvalidValue");
}

TEST(PartialVault, HoldsOnlyAssets) {
  const std::vector<SmtEntry> entries = {{word(5), word(6)}};
  const Smt tree = Smt::from_entries(entries).value();
  const SmtProof proof = tree.open(word(5));
  const PartialVault bogus = {*PartialSmt::from_proofs({&proof, 1})};
  EXPECT_EQ(outcome(from_bytes<PartialVault>(to_bytes(bogus))), "InvalidValue");

  const SmtProof held = vault().tree().open(coins(1).key().word());
  expect_bytes_survive_decoding(PartialVault{*PartialSmt::from_proofs({&held, 1})});
}

TEST(NetworkAccount, IsPublicAndAllowsSomeNoteScript) {
  const auto is_network = [](AccountId id, const StorageSlot& slot) {
    return is_network_account(
        *Account::make(id, {}, *AccountStorage::make({slot}), account_code(), felt(1), {}));
  };
  const StorageMap allowed = *StorageMap::from_entries({{StorageMapKey(word(1)), word(1)}});
  EXPECT_TRUE(is_network(public_account(1), {network_account_slot_name(), allowed}));
  EXPECT_FALSE(is_network(private_account(1), {network_account_slot_name(), allowed}));
  EXPECT_FALSE(is_network(public_account(1), {network_account_slot_name(), StorageMap()}));
  EXPECT_FALSE(is_network(public_account(1), {network_account_slot_name(), word(1)}));
  EXPECT_FALSE(is_network(public_account(1), {name("a::map"), allowed}));
}

}  // namespace
}  // namespace miden
