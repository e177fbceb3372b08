#include "protocol/account_storage.hpp"

#include <array>

#include "crypto/poseidon2.hpp"
#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/values.hpp"

namespace miden {
namespace {

StorageSlotName name(std::string_view text) { return StorageSlotName::parse(text).value(); }

TEST(StorageSlotName, HasTheReferencesIds) {
  EXPECT_EQ(name("miden::standards::auth::network_account::allowed_note_scripts").id().to_hex(),
            "0xf0c2d0ff38a2f23b1d818d90fa43df22");
  EXPECT_EQ(
      name("miden::protocol::faucet::callback::on_before_asset_added_to_account").id().to_hex(),
      "0x21f983d14974b453f0d921c72fab2862");
}

TEST(StorageSlotName, AllowsComponentsOfLettersDigitsAndUnderscores) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"a::b", "ok"},
      {"A_1::b_2::c", "ok"},
      {"a::" + std::string(252, 'b'), "ok"},
      {"a::" + std::string(253, 'b'), "TooLong"},
      {"", "TooShort"},
      {"a", "TooShort"},
      {"::a::b", "UnexpectedColon"},
      {"a:b", "UnexpectedColon"},
      {"a::b:", "UnexpectedColon"},
      {"a::", "UnexpectedColon"},
      {"a:::b", "UnexpectedColon"},
      {"a::::b", "UnexpectedColon"},
      {"_a::b", "UnexpectedUnderscore"},
      {"a::_b", "UnexpectedUnderscore"},
      {"a::b-c", "InvalidCharacter"},
      {"a b::c", "InvalidCharacter"},
      {"a::\xc3\xa9", "InvalidCharacter"},
      {"a-:b", "InvalidCharacter"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(outcome(StorageSlotName::parse(text)), expected) << text;
  }
  EXPECT_EQ(outcome(from_bytes<StorageSlotName>(Bytes{1, 'a'})), "InvalidValue");
}

TEST(StorageMap, KeepsRawKeysAndATreeOfHashedOnes) {
  std::map<StorageMapKey, Word> entries;
  for (uint64_t i = 1; i < 30; ++i) entries.emplace(word(i), word(100 + i));
  StorageMap map = StorageMap::from_entries(entries).value();
  EXPECT_EQ(map.root(), StorageMap::from_entries(entries).value().root());
  EXPECT_EQ(map.tree().get(hash_words(std::array{word(3)})), word(103));
  EXPECT_EQ(storage_map_leaf_key(StorageMapKey(word(3))), hash_words(std::array{word(3)}));

  ASSERT_TRUE(map.update({{StorageMapKey(word(3)), Word()}, {StorageMapKey(word(50)), word(1)}}));
  entries.erase(StorageMapKey(word(3)));
  entries.emplace(word(50), word(1));
  EXPECT_EQ(map.entries(), entries);
  EXPECT_EQ(map.root(), StorageMap::from_entries(entries).value().root());
}

TEST(StorageMap, ToleratesZeroValuesWhenRead) {
  ByteWriter writer;
  writer.vint(2);
  word(1).encode(writer);
  Word().encode(writer);
  word(2).encode(writer);
  word(5).encode(writer);
  const StorageMap map = from_bytes<StorageMap>(writer.view()).value();
  EXPECT_EQ(map.entries().size(), 2u);
  EXPECT_EQ(map.root(), StorageMap::from_entries({{StorageMapKey(word(2)), word(5)}})->root());
  EXPECT_EQ(to_hex(to_bytes(map)), to_hex(writer.view()));
}

TEST(StorageMap, OfNothingIsTheEmptyTree) {
  EXPECT_EQ(StorageMap().root().to_hex(),
            "0x2d2a45733b612b370c67837c9e92262316d7ef884d02a624418fee262203da9a");
}

AccountStorage storage() {
  const StorageMap map = *StorageMap::from_entries({{StorageMapKey(word(1)), word(2)}});
  return AccountStorage::make({{name("b::value"), word(7)}, {name("a::map"), map}}).value();
}

TEST(AccountStorage, IsOrderedBySlotIdAndCommitsToTypesAndValues) {
  const AccountStorage account = storage();
  ASSERT_EQ(account.slots().size(), 2u);
  EXPECT_LT(account.slots()[0].name.id(), account.slots()[1].name.id());
  EXPECT_EQ(account.find(name("b::value"))->value(), word(7));
  EXPECT_EQ(account.find(name("c::c")), nullptr);

  std::vector<Word> words;
  for (const StorageSlot& slot : account.slots()) {
    const auto type = Felt::from_canonical(slot.type() == StorageSlotType::kMap ? 1 : 0);
    words.emplace_back(Felt(), type, slot.name.id().suffix, slot.name.id().prefix);
    words.push_back(slot.value());
  }
  EXPECT_EQ(account.commitment(), hash_words(words));
  EXPECT_EQ(account.header().find(name("a::map"))->type, StorageSlotType::kMap);
  EXPECT_EQ(AccountStorage().commitment(), Word());
}

TEST(AccountStorage, SortsWhatItReads) {
  const AccountStorage account = storage();
  ByteWriter writer;
  writer.u8(2);
  account.slots()[1].encode(writer);
  account.slots()[0].encode(writer);
  EXPECT_EQ(to_hex(to_bytes(from_bytes<AccountStorage>(writer.view()).value())),
            to_hex(to_bytes(account)));
}

TEST(AccountStorage, RefusesRepeatedAndTooManySlots) {
  EXPECT_EQ(outcome(AccountStorage::make({{name("a::b"), word(1)}, {name("a::b"), word(2)}})),
            "DuplicateStorageSlotName");
  std::vector<StorageSlot> slots;
  for (int i = 0; i < 256; ++i) slots.push_back({name("a::s" + std::to_string(i)), word(1)});
  EXPECT_EQ(outcome(AccountStorage::make(slots)), "StorageTooManySlots");
  slots.pop_back();
  EXPECT_EQ(outcome(AccountStorage::make(slots)), "ok");
}

TEST(AccountStorageHeader, MustBeSortedAlready) {
  std::vector<StorageSlotHeader> slots = storage().header().slots();
  EXPECT_EQ(outcome(AccountStorageHeader::make(slots)), "ok");
  EXPECT_EQ(outcome(AccountStorageHeader::make({slots[1], slots[0]})), "UnsortedStorageSlots");
  EXPECT_EQ(outcome(AccountStorageHeader::make({slots[0], slots[0]})), "DuplicateStorageSlotName");
  EXPECT_EQ(outcome(AccountStorageHeader::make(std::vector<StorageSlotHeader>(256, slots[0]))),
            "StorageTooManySlots");
  ByteWriter writer;
  writer.u8(2);
  slots[1].encode(writer);
  slots[0].encode(writer);
  EXPECT_EQ(outcome(from_bytes<AccountStorageHeader>(writer.view())), "InvalidValue");
}

TEST(AccountStorage, SurvivesDamage) {
  const AccountStorage account = storage();
  expect_bytes_survive_decoding(account);
  expect_every_cut_is_refused(account);
  expect_robust_encoding(account.header());
  Bytes unknown_type = to_bytes(account.header());
  unknown_type[1 + 1 + account.slots()[0].name.text().size()] = 2;
  EXPECT_EQ(outcome(from_bytes<AccountStorageHeader>(unknown_type)), "InvalidValue");
}

TEST(PartialStorageMap, HoldsOnlyKeysThatItsTreeCovers) {
  StorageMap map = *StorageMap::from_entries(
      {{StorageMapKey(word(1)), word(2)}, {StorageMapKey(word(3)), word(4)}});
  const SmtProof proof = map.tree().open(storage_map_leaf_key(StorageMapKey(word(1))));
  PartialStorageMap partial = {*PartialSmt::from_proofs({&proof, 1}), {StorageMapKey(word(1))}};
  expect_bytes_survive_decoding(partial);
  expect_every_cut_is_refused(partial);
  PartialStorageMap repeated = partial;
  repeated.keys.push_back(repeated.keys.front());
  EXPECT_EQ(to_hex(to_bytes(from_bytes<PartialStorageMap>(to_bytes(repeated)).value())),
            to_hex(to_bytes(partial)));
  partial.keys.push_back(StorageMapKey(word(3)));
  EXPECT_EQ(outcome(from_bytes<PartialStorageMap>(to_bytes(partial))), "InvalidValue");
}

}  // namespace
}  // namespace miden
