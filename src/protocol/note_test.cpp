#include "protocol/note.hpp"

#include <array>

#include "crypto/poseidon2.hpp"
#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/values.hpp"

namespace miden {
namespace {

Felt felt(uint64_t value) { return Felt::from_canonical(value); }
AccountId sender() {
  return *AccountId::from_limbs(felt(0x7ffffffffffffff1), felt(0x7fffffffffffff00));
}

NoteScript script_with_root(const Word& root) { return *NoteScript::make(forest_of({root}), 0); }

NoteAttachments attachments_of(std::vector<size_t> word_counts) {
  std::vector<NoteAttachment> items;
  for (const size_t count : word_counts) {
    items.push_back(*NoteAttachment::make(static_cast<uint16_t>(2 + items.size()),
                                          std::vector<Word>(count, word(5))));
  }
  return *NoteAttachments::make(std::move(items));
}

Note rich_note() {
  const NoteAssets assets = *NoteAssets::make(
      {{coins(5)}, {NonFungibleAsset{public_account(98), word(6), AssetCallbacks::kEnabled}}});
  const NoteRecipient recipient = {script_with_root(word(601)),
                                   *NoteStorage::make({felt(1), felt(2), felt(3)}), word(9)};
  return Note({NoteType::kPublic, sender(), 0xff}, {assets, recipient}, attachments_of({1, 3}));
}

// spec/types.md §16.
TEST(Note, HasTheSpecificationsCommitments) {
  NoteMetadata metadata{{NoteType::kPublic, sender(), 0xff}, {1, 0xfffe}, {}};
  EXPECT_EQ(metadata.word(), Word::of(0x7fffffffffffff11, 0x7ffffffffffffff1, 0xff, 0xfffe0001));
  EXPECT_EQ(metadata.commitment().to_hex(),
            "0x3c3e2203ac427e5b881841a144344938d2b6b5c36362834395340d5aaa5d1e1e");

  const NoteRecipient nobody = {script_with_root(Word()), {}, Word()};
  EXPECT_EQ(nobody.digest().to_hex(),
            "0xfd651fef62f6701c16302f720d0b0fda4fa368f5dd5c25845355d3b7e5d39688");
  EXPECT_EQ(NoteAssets().commitment(), Word());
  EXPECT_EQ(NoteStorage().commitment(), Word());
  EXPECT_EQ(NoteAttachments().commitment(), Word());
}

TEST(Note, CommitsAsTheFormulasSay) {
  const Note note = rich_note();
  const NoteDetails& details = note.details();
  const Word assets = hash_words(
      std::array{details.assets.assets[0].key().word(), details.assets.assets[0].value(),
                 details.assets.assets[1].key().word(), details.assets.assets[1].value()});
  const Word storage = hash_elements(details.recipient.storage.items);
  const Word recipient = merge(merge(merge(word(9), Word()), word(601)), storage);
  const Word attachments = hash_words(std::array{
      hash_words(std::array{word(5)}), hash_words(std::array{word(5), word(5), word(5)})});
  const Word metadata = Word::of(0x7fffffffffffff11, 0x7ffffffffffffff1, 0xff, 0x30002);

  EXPECT_EQ(note.header().details_commitment.word, merge(recipient, assets));
  EXPECT_EQ(note.id().word, merge(merge(recipient, assets), merge(metadata, attachments)));
  EXPECT_EQ(note.nullifier().word,
            hash_words(std::array{word(9), word(601), storage, assets, metadata, attachments}));

  const PartialNote partial = {note.metadata().partial, recipient, details.assets,
                               note.attachments()};
  EXPECT_EQ(partial.header(), note.header());
}

TEST(Note, SurvivesDamage) {
  const Note note = rich_note();
  expect_bytes_survive_decoding(note);
  expect_every_cut_is_refused(note);
  expect_flipped_bits_do_no_harm(note);
  expect_robust_encoding(note.header());
  expect_robust_encoding(
      PartialNote{note.metadata().partial, word(4), note.details().assets, note.attachments()});
  expect_robust_encoding(NoteInclusionProof{
      {7}, 300, SparseMerklePath::from_siblings(std::vector<Word>(16, word(2)))});
}

TEST(Note, LosesDebugInformationButNoCommitment) {
  ByteWriter writer;
  const Note note = rich_note();
  const Note minified = note.minified();
  EXPECT_EQ(minified.id(), note.id());
  EXPECT_EQ(minified.nullifier(), note.nullifier());
  EXPECT_EQ(minified.details().recipient.script.forest,
            note.details().recipient.script.forest.without_debug_info());
}

TEST(NoteAssets, AreFewAndDifferent) {
  std::vector<Asset> assets;
  for (uint64_t i = 0; i < 65; ++i) assets.push_back({*FungibleAsset::make(public_account(i), 1)});
  EXPECT_EQ(outcome(NoteAssets::make(assets)), "TooManyAssets");
  assets.pop_back();
  EXPECT_EQ(outcome(NoteAssets::make(assets)), "ok");
  assets[63] = {*FungibleAsset::make(public_account(0), 7)};
  EXPECT_EQ(outcome(NoteAssets::make(assets)), "DuplicateFungibleAsset");
  EXPECT_EQ(outcome(from_bytes<NoteAssets>(to_bytes(NoteAssets{assets}))), "InvalidValue");
  assets[63] = {*FungibleAsset::make(public_account(0), 7, AssetCallbacks::kEnabled)};
  EXPECT_EQ(outcome(NoteAssets::make(assets)), "ok");
  const Asset unique = {NonFungibleAsset{public_account(1), word(3)}};
  EXPECT_EQ(outcome(NoteAssets::make({unique, unique})), "DuplicateNonFungibleAsset");
}

TEST(NoteStorage, HoldsAtMost1024Items) {
  EXPECT_EQ(outcome(NoteStorage::make(std::vector<Felt>(1024))), "ok");
  EXPECT_EQ(outcome(NoteStorage::make(std::vector<Felt>(1025))), "TooManyStorageItems");
  EXPECT_EQ(outcome(from_bytes<NoteStorage>(to_bytes(NoteStorage{std::vector<Felt>(1025)}))),
            "InvalidValue");
}

TEST(NoteScript, StartsInItsForest) {
  EXPECT_EQ(outcome(NoteScript::make(forest_of({word(1), word(2)}), 1)), "ok");
  EXPECT_EQ(outcome(NoteScript::make(forest_of({word(1), word(2)}), 2)), "InvalidNodeId");
  NoteScript beyond = script_with_root(word(1));
  beyond.entrypoint = 1;
  EXPECT_EQ(outcome(from_bytes<NoteScript>(to_bytes(beyond))), "InvalidValue");
}

TEST(NoteAttachments, HaveLimits) {
  EXPECT_EQ(outcome(NoteAttachment::make(0, {word(1)})), "NoteAttachmentSchemeZeroReserved");
  EXPECT_EQ(outcome(NoteAttachment::make(65535, {word(1)})), "NoteAttachmentSchemeExceeded");
  EXPECT_EQ(outcome(NoteAttachment::make(65534, {word(1)})), "ok");
  EXPECT_EQ(outcome(NoteAttachment::make(1, {})), "NoteAttachmentContentEmpty");
  EXPECT_EQ(outcome(NoteAttachment::make(1, std::vector<Word>(256))), "ok");
  EXPECT_EQ(outcome(NoteAttachment::make(1, std::vector<Word>(257))),
            "NoteAttachmentContentTooManyWords");

  const NoteAttachment large{1, std::vector<Word>(256)};
  const NoteAttachment small{1, {word(1)}};
  EXPECT_EQ(outcome(NoteAttachments::make({large, large})), "ok");
  EXPECT_EQ(outcome(NoteAttachments::make({large, large, small})), "NoteAttachmentsTooManyWords");
  EXPECT_EQ(outcome(NoteAttachments::make({small, small, small, small, small})),
            "TooManyAttachments");
  EXPECT_EQ(outcome(from_bytes<NoteAttachments>(to_bytes(NoteAttachments{{large, large, small}}))),
            "InvalidValue");
  EXPECT_EQ(outcome(from_bytes<NoteAttachment>(Bytes{0, 0, 0})), "InvalidValue");
  EXPECT_EQ(outcome(from_bytes<NoteAttachment>(Bytes{0xff, 0xff, 0})), "InvalidValue");
}

TEST(NoteMetadata, KeepsHolesInItsWordAndLeavesThemOutWhenWritten) {
  ByteWriter writer;
  PartialNoteMetadata{NoteType::kPrivate, sender(), 1}.encode(writer);
  writer.bytes(Bytes{4, 0, 1, 7, 0, 1, 8, 0, 0});  // absent, 7, 8, absent
  Word().encode(writer);
  const NoteMetadata metadata = from_bytes<NoteMetadata>(writer.view()).value();
  EXPECT_EQ(metadata.attachment_schemes, (std::vector<uint16_t>{0, 7, 8}));
  EXPECT_EQ(metadata.word()[3], felt(uint64_t{8} << 32 | uint64_t{7} << 16));
  const NoteMetadata again = from_bytes<NoteMetadata>(to_bytes(metadata)).value();
  EXPECT_EQ(again.attachment_schemes, (std::vector<uint16_t>{7, 8}));

  Bytes five = to_bytes(metadata);
  five[20] = 5;
  EXPECT_EQ(outcome(from_bytes<NoteMetadata>(five)), "InvalidValue");
  Bytes unknown_type = to_bytes(metadata);
  unknown_type[0] = 2;
  EXPECT_EQ(outcome(from_bytes<NoteMetadata>(unknown_type)), "InvalidValue");
}

TEST(NoteTag, IsTheAccountsUpperBits) {
  const AccountId account = *AccountId::from_limbs(felt(0xfedcba9876543201), felt(0));
  EXPECT_EQ(note_tag_for_account(account), 0xfedc0000);
  EXPECT_EQ(note_tag_for_account(account, 32), 0xfedcba98);
  EXPECT_EQ(note_tag_for_account(account, 0), 0u);
}

TEST(NetworkNote, IsPublicAndNamesAPublicAccount) {
  const auto target_of = [](std::vector<NoteAttachment> items, NoteType type = NoteType::kPublic) {
    const auto target = network_note_target(type, NoteAttachments{std::move(items)});
    return target ? target->account.to_hex() + " " + std::to_string(target->execution_hint)
                  : "none";
  };
  const auto attachment = [](const AccountId& account, uint64_t hint) {
    return NoteAttachment{2, {Word(account.suffix(), account.prefix(), felt(hint), felt(9))}};
  };
  const AccountId account = public_account(3);
  const std::string always = account.to_hex() + " 1";
  const NoteAttachment other{1, {word(1)}};
  EXPECT_EQ(target_of({attachment(account, 1)}), always);
  EXPECT_EQ(target_of({other, attachment(account, 1), attachment(public_account(4), 1)}), always);
  EXPECT_EQ(target_of({attachment(account, 1)}, NoteType::kPrivate), "none");
  EXPECT_EQ(target_of({attachment(private_account(3), 1)}), "none");
  EXPECT_EQ(target_of({}), "none");
  EXPECT_EQ(target_of({other}), "none");
  EXPECT_EQ(target_of({{2, {word(1), word(2)}}, attachment(account, 1)}), "none");

  // Hints: tag in the low byte, payload above it.
  EXPECT_EQ(target_of({attachment(account, 0)}), account.to_hex() + " 0");
  EXPECT_EQ(target_of({attachment(account, 0x100)}), "none");
  EXPECT_EQ(target_of({attachment(account, 0x101)}), "none");
  EXPECT_EQ(target_of({attachment(account, 0xffffffff02)}), account.to_hex() + " 1099511627522");
  EXPECT_EQ(target_of({attachment(account, 0x0003020103)}), account.to_hex() + " 50462979");
  EXPECT_EQ(target_of({attachment(account, 0x0103020103)}), "none");
  EXPECT_EQ(target_of({attachment(account, 0x04)}), "none");
  EXPECT_EQ(target_of({attachment(account, 0x50000000001)}), always);  // upper bits ignored
}

}  // namespace
}  // namespace miden
