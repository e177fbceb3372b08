#include "protocol/account_delta.hpp"

#include "crypto/poseidon2.hpp"
#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/values.hpp"

namespace miden {
namespace {

using Action = AccountVaultDelta::Action;

Felt felt(uint64_t value) { return Felt::from_canonical(value); }
StorageSlotName name(std::string_view text) { return StorageSlotName::parse(text).value(); }
AccountId account_id() { return public_account(5); }
FungibleAsset coins_of(uint64_t faucet, uint64_t amount) {
  return *FungibleAsset::make(public_account(faucet), amount);
}
AssetVaultKey key_of(uint64_t faucet) { return coins_of(faucet, 1).key(); }
NonFungibleAsset unique(uint64_t n) { return {public_account(97), word(n), {}}; }

AccountVaultDelta vault_delta(std::map<AssetVaultKey, int64_t> fungible,
                              std::vector<std::pair<NonFungibleAsset, Action>> changes = {}) {
  AccountVaultDelta delta;
  delta.fungible = std::move(fungible);
  for (const auto& change : changes) delta.non_fungible.emplace(change.first.key(), change);
  return delta;
}

AccountDelta delta_of(AccountStorageDelta storage, AccountVaultDelta vault, uint64_t nonce_delta,
                      std::optional<AccountCode> code = {}) {
  return AccountDelta::make(account_id(), std::move(storage), std::move(vault), std::move(code),
                            felt(nonce_delta))
      .value();
}

AccountStorageDelta storage_delta() {
  AccountStorageDelta delta;
  delta.slots.emplace(name("a::set"), word(4));
  delta.slots.emplace(name("a::cleared"), Word());
  delta.slots.emplace(name("a::map"), StorageMapDelta{{{StorageMapKey(word(1)), word(2)},
                                                       {StorageMapKey(word(3)), Word()}}});
  delta.slots.emplace(name("a::empty"), StorageMapDelta{});
  return delta;
}

AccountDelta rich_delta() {
  return delta_of(storage_delta(),
                  vault_delta({{key_of(98), -7}, {key_of(99), 5}},
                              {{unique(1), Action::kAdd}, {unique(2), Action::kRemove}}),
                  2);
}

// The formula of spec/types.md §8, element by element.
Word commitment_by_hand(const AccountDelta& delta) {
  std::vector<Word> words = {Word(delta.nonce_delta, Felt(), delta.id.suffix(), delta.id.prefix()),
                             Word()};
  for (const auto& [key, amount] : delta.vault.fungible) {
    words.emplace_back(felt(1), felt(amount > 0 ? 1 : 0), key.word()[2], key.word()[3]);
    words.push_back(word(static_cast<uint64_t>(amount < 0 ? -amount : amount)));
  }
  for (const auto& [key, change] : delta.vault.non_fungible) {
    words.emplace_back(felt(1), felt(change.second == Action::kAdd ? 1 : 0), key.word()[2],
                       key.word()[3]);
    words.push_back(change.first.value);
  }
  for (const auto& [slot, change] : delta.storage.slots) {
    if (const Word* value = std::get_if<Word>(&change)) {
      words.emplace_back(felt(2), Felt(), slot.id().suffix, slot.id().prefix);
      words.push_back(*value);
      continue;
    }
    const auto& entries = std::get<StorageMapDelta>(change).entries;
    for (const auto& [key, value] : entries) {
      words.push_back(key.word);
      words.push_back(value);
    }
    words.emplace_back(felt(3), felt(entries.size()), slot.id().suffix, slot.id().prefix);
    words.emplace_back();
  }
  return hash_words(words);
}

TEST(AccountDelta, CommitsAsTheFormulaSays) {
  EXPECT_EQ(rich_delta().commitment(), commitment_by_hand(rich_delta()));
  EXPECT_EQ(delta_of({}, {}, 0).commitment(), Word());
  EXPECT_EQ(delta_of({}, {}, 1).commitment(), commitment_by_hand(delta_of({}, {}, 1)));
  AccountDelta with_code = rich_delta();
  with_code.code = account_code();
  EXPECT_EQ(with_code.commitment(), rich_delta().commitment());
}

TEST(AccountDelta, SurvivesDamage) {
  expect_bytes_survive_decoding(rich_delta());
  expect_every_cut_is_refused(rich_delta());
  expect_flipped_bits_do_no_harm(rich_delta());
  expect_robust_encoding(AccountUpdateDetails{rich_delta()});
  expect_robust_encoding(AccountUpdateDetails{});
  AccountDelta full = rich_delta();
  full.code = account_code();
  expect_bytes_survive_decoding(full);
  expect_every_cut_is_refused(full);
}

TEST(AccountDelta, MustIncreaseTheNonceToChangeAnything) {
  EXPECT_EQ(outcome(AccountDelta::make(account_id(), storage_delta(), {}, {}, Felt())),
            "NonEmptyStorageOrVaultDeltaWithZeroNonceDelta");
  EXPECT_EQ(
      outcome(AccountDelta::make(account_id(), {}, vault_delta({{key_of(99), 1}}), {}, Felt())),
      "NonEmptyStorageOrVaultDeltaWithZeroNonceDelta");
  AccountDelta delta = rich_delta();
  delta.nonce_delta = Felt();
  EXPECT_EQ(outcome(from_bytes<AccountDelta>(to_bytes(delta))), "InvalidValue");
}

TEST(AccountStorageDelta, LetsTheLastMentionOfASlotWin) {
  ByteWriter writer;
  writer.u8(1);  // cleared
  name("a::b").encode(writer);
  writer.u8(2);  // updated
  for (const uint64_t value : {1, 2}) {
    name("a::b").encode(writer);
    word(value).encode(writer);
  }
  writer.u8(0);
  AccountStorageDelta expected;
  expected.slots.emplace(name("a::b"), word(2));
  EXPECT_EQ(from_bytes<AccountStorageDelta>(writer.view()), expected);
}

TEST(AccountStorageDelta, RefusesMoreClearedSlotsThanCanBeWritten) {
  ByteWriter writer;
  const auto slot = [](int i) { return name("a::s" + std::to_string(i)); };
  writer.u8(255);
  for (int i = 0; i < 255; ++i) slot(i).encode(writer);
  writer.u8(1);
  slot(255).encode(writer);
  Word().encode(writer);
  writer.u8(0);
  EXPECT_EQ(outcome(from_bytes<AccountStorageDelta>(writer.view())), "InvalidValue");
}

TEST(StorageMapDelta, LetsAnUpdateWinOverAClearing) {
  ByteWriter writer;
  writer.vint(1);
  word(1).encode(writer);
  writer.vint(2);
  for (const uint64_t value : {5, 6}) {
    word(1).encode(writer);
    word(value).encode(writer);
  }
  EXPECT_EQ(from_bytes<StorageMapDelta>(writer.view()),
            (StorageMapDelta{{{StorageMapKey(word(1)), word(6)}}}));
}

TEST(AccountVaultDelta, HoldsAmountsOfFungibleAssetsOnly) {
  ByteWriter writer;
  writer.vint(1);
  unique(1).key().encode(writer);
  writer.u64(5);
  writer.vint(0);
  writer.vint(0);
  EXPECT_EQ(outcome(from_bytes<AccountVaultDelta>(writer.view())), "InvalidValue");
}

TEST(AccountVaultDelta, KeepsZeroAmountsThatItReadsAndEndsAnAssetInBothListsAsRemoved) {
  ByteWriter writer;
  writer.vint(1);
  key_of(99).encode(writer);
  writer.u64(0);
  for (int i = 0; i < 2; ++i) {
    writer.vint(1);
    unique(1).encode(writer);
  }
  EXPECT_EQ(from_bytes<AccountVaultDelta>(writer.view()),
            vault_delta({{key_of(99), 0}}, {{unique(1), Action::kRemove}}));
}

TEST(AccountVaultDelta, AddsUp) {
  AccountVaultDelta delta;
  ASSERT_TRUE(delta.add_fungible(coins_of(99, 5)));
  ASSERT_TRUE(delta.remove_fungible(coins_of(99, 8)));
  EXPECT_EQ(delta, vault_delta({{key_of(99), -3}}));
  ASSERT_TRUE(delta.add_fungible(coins_of(99, 3)));
  EXPECT_TRUE(delta.is_empty());
  ASSERT_TRUE(delta.add_fungible(coins_of(99, kMaxFungibleAmount)));
  EXPECT_EQ(outcome(delta.add_fungible(coins_of(99, kMaxFungibleAmount))),
            "FungibleAssetDeltaOverflow");
}

TEST(AccountDeltaMerge, LetsLaterChangesWin) {
  AccountDelta delta = rich_delta();
  AccountStorageDelta later;
  later.slots.emplace(name("a::set"), word(9));
  later.slots.emplace(name("a::new"), word(1));
  later.slots.emplace(name("a::map"), StorageMapDelta{{{StorageMapKey(word(3)), word(8)},
                                                       {StorageMapKey(word(4)), word(9)}}});
  ASSERT_TRUE(
      delta.merge(delta_of(later,
                           vault_delta({{key_of(98), 7}, {key_of(99), 1}},
                                       {{unique(1), Action::kRemove}, {unique(3), Action::kAdd}}),
                           3)));

  AccountStorageDelta merged = storage_delta();
  merged.slots.insert_or_assign(name("a::set"), word(9));
  merged.slots.emplace(name("a::new"), word(1));
  merged.slots.insert_or_assign(name("a::map"),
                                StorageMapDelta{{{StorageMapKey(word(1)), word(2)},
                                                 {StorageMapKey(word(3)), word(8)},
                                                 {StorageMapKey(word(4)), word(9)}}});
  EXPECT_EQ(delta, delta_of(merged,
                            vault_delta({{key_of(99), 6}},
                                        {{unique(2), Action::kRemove}, {unique(3), Action::kAdd}}),
                            5));
}

TEST(AccountDeltaMerge, RefusesWhatCannotFollow) {
  const auto merged = [](AccountDelta first, const AccountDelta& second) {
    return outcome(first.merge(second));
  };
  AccountDelta full = rich_delta();
  full.code = account_code();
  EXPECT_EQ(merged(full, full), "MergingFullStateDeltas");
  AccountDelta other = rich_delta();
  other.id = public_account(6);
  EXPECT_EQ(merged(rich_delta(), other), "AccountDeltaIdMismatch");
  EXPECT_EQ(merged(delta_of({}, {}, Felt::kModulus - 1), delta_of({}, {}, 1)),
            "NonceIncrementOverflow");

  AccountStorageDelta as_map;
  as_map.slots.emplace(name("a::set"), StorageMapDelta{});
  EXPECT_EQ(merged(rich_delta(), delta_of(as_map, {}, 1)), "StorageSlotUsedAsDifferentTypes");
  const auto adds = delta_of({}, vault_delta({}, {{unique(1), Action::kAdd}}), 1);
  EXPECT_EQ(merged(adds, adds), "DuplicateNonFungibleVaultUpdate");
  const auto most = delta_of({}, vault_delta({{key_of(99), INT64_MAX}}), 1);
  EXPECT_EQ(merged(most, most), "FungibleAssetDeltaOverflow");

  AccountStorageDelta many;
  AccountStorageDelta more;
  for (int i = 0; i < 200; ++i) {
    many.slots.emplace(name("a::s" + std::to_string(i)), word(1));
    more.slots.emplace(name("b::s" + std::to_string(i)), word(1));
  }
  EXPECT_EQ(merged(delta_of(many, {}, 1), delta_of(more, {}, 1)), "StorageTooManySlots");
}

TEST(AccountUpdateDetails, MergesWithItsKindOnly) {
  AccountUpdateDetails shown{rich_delta()};
  AccountUpdateDetails hidden;
  EXPECT_EQ(outcome(shown.merge(hidden)), "IncompatibleAccountUpdates");
  EXPECT_EQ(outcome(hidden.merge(shown)), "IncompatibleAccountUpdates");
  EXPECT_EQ(outcome(hidden.merge(hidden)), "ok");
  EXPECT_EQ(outcome(from_bytes<AccountUpdateDetails>(Bytes{2})), "InvalidValue");
}

TEST(FullStateDelta, BecomesTheAccountAndBack) {
  AccountStorageDelta slots = storage_delta();
  std::get<StorageMapDelta>(slots.slots.at(name("a::map"))).entries.erase(StorageMapKey(word(3)));
  const AccountDelta full = delta_of(
      slots, vault_delta({{key_of(99), 5}}, {{unique(1), Action::kAdd}}), 2, account_code());
  const Account account = full.to_account().value();
  EXPECT_EQ(account.nonce, felt(2));
  EXPECT_EQ(account.storage.find(name("a::set"))->value(), word(4));
  EXPECT_EQ(account.storage.find(name("a::empty"))->value(), StorageMap().root());
  EXPECT_EQ(account.vault.root(),
            AssetVault::from_assets({{coins_of(99, 5)}, {unique(1)}}).value().root());
  EXPECT_EQ(AccountDelta::from_account(account), full);
}

TEST(FullStateDelta, IsRefusedWhereTheReferenceEndsItself) {
  const auto made = [](AccountStorageDelta storage, AccountVaultDelta vault) {
    return outcome(delta_of(std::move(storage), std::move(vault), 1, account_code()).to_account());
  };
  EXPECT_EQ(outcome(rich_delta().to_account()), "PartialStateDeltaToAccount");
  EXPECT_EQ(outcome(delta_of({}, {}, 0, account_code()).to_account()), "NewAccountMissingSeed");
  EXPECT_EQ(made({}, vault_delta({{key_of(99), -1}})), "FungibleAssetNotFound");
  EXPECT_EQ(made({}, vault_delta({{key_of(99), INT64_MAX}})), "FungibleAssetAmountTooBig");
  EXPECT_EQ(made({}, vault_delta({{key_of(99), INT64_MIN}})), "FungibleAssetAmountTooBig");
  EXPECT_EQ(made({}, vault_delta({}, {{unique(1), Action::kRemove}})), "NonFungibleAssetNotFound");
  AccountStorageDelta many;
  for (int i = 0; i < 300; ++i) {
    many.slots.emplace(name("a::s" + std::to_string(i)), i % 2 == 0 ? word(1) : Word());
  }
  EXPECT_EQ(made(many, {}), "StorageTooManySlots");
}

}  // namespace
}  // namespace miden
