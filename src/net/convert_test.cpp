// Every conversion there and back, and what the broken ones say.
#include <gmock/gmock.h>

#include "net/convert_block.hpp"
#include "net/convert_transaction.hpp"
#include "protocol/test_support/test_chain.hpp"
#include "protocol/test_support/values.hpp"

namespace miden {
namespace {

// Through the wire form too: what is sent is bytes.
template <class Message>
Message over_the_wire(const Message& message) {
  Message read;
  EXPECT_TRUE(read.ParseFromString(message.SerializeAsString()));
  return read;
}

template <class T>
void expect_round_trip(const T& value) {
  const auto read = from_message(over_the_wire(to_message(value)));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, value);
}

template <class Message>
std::string refusal(const Message& message) {
  const auto read = from_message(message);
  return read ? "accepted" : read.error().message;
}

NoteMetadata metadata_with_schemes(std::vector<uint16_t> schemes) {
  return {{NoteType::kPublic, private_account(3), 0xffffffff}, std::move(schemes), word(8)};
}

SparseMerklePath path_of_depth_64() {
  std::vector<Word> siblings;
  for (unsigned height = 0; height < 64; ++height) {
    siblings.push_back(height % 3 == 0 ? word(height + 1) : empty_subtree_root(height));
  }
  return SparseMerklePath::from_siblings(siblings);
}

TEST(Convert, RoundTripsPrimitives) {
  const uint64_t largest = Felt::kModulus - 1;
  expect_round_trip(Word());
  expect_round_trip(Word::of(1, 2, 3, largest));
  expect_round_trip(Asset{coins(kMaxFungibleAmount)});
  expect_round_trip(Asset{NonFungibleAsset{public_account(9), Word::of(1, 2, 3, 4), {}}});
  expect_round_trip(SmtLeaf{.index = 77, .entries = {}});
  expect_round_trip(SmtLeaf{.index = 4, .entries = {{Word::of(1, 2, 3, 4), word(5)}}});
  expect_round_trip(SmtLeaf{
      .index = 4, .entries = {{Word::of(1, 2, 3, 4), word(5)}, {Word::of(2, 2, 3, 4), word(6)}}});
  expect_round_trip(path_of_depth_64());
  expect_round_trip(SmtProof{path_of_depth_64(), {.index = 9, .entries = {}}});
  expect_round_trip(MerklePath{{word(1), word(2)}});
  expect_round_trip(MmrDelta{UINT32_MAX, {word(1)}});
}

TEST(Convert, RoundTripsAccounts) {
  expect_round_trip(private_account(1));
  expect_round_trip(public_account(UINT32_MAX));
  expect_round_trip(
      AccountHeader{public_account(1), Felt::from_canonical(7), word(1), word(2), word(3)});
  std::vector<StorageSlotHeader> slots = {
      {*StorageSlotName::parse("a::b"), StorageSlotType::kValue, word(1)},
      {*StorageSlotName::parse("a::c"), StorageSlotType::kMap, word(2)}};
  std::ranges::sort(slots, {}, [](const StorageSlotHeader& slot) { return slot.name; });
  expect_round_trip(*AccountStorageHeader::make(slots));
  expect_round_trip(AccountWitness{private_account(1), word(5), path_of_depth_64()});
}

TEST(Convert, RoundTripsNotesAndTransactions) {
  expect_round_trip(NoteId(word(3)));
  for (const auto& schemes : {std::vector<uint16_t>{}, {1}, {1, 2, 3, 65534}}) {
    const NoteMetadata metadata = metadata_with_schemes(schemes);
    EXPECT_EQ(to_message(metadata).attachment_schemes_size(), 4);
    expect_round_trip(metadata);
    expect_round_trip(NoteHeader{NoteDetailsCommitment(word(4)), metadata});
  }
  expect_round_trip(*NoteScript::make(forest_of({word(1), word(2)}), 1));
  const NoteInclusionProof proof{{7}, UINT16_MAX, path_of_depth_64()};
  const auto read = from_message(over_the_wire(to_message(NoteId(word(1)), proof)));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, std::pair(NoteId(word(1)), proof));

  expect_round_trip(authenticated(1));
  expect_round_trip(unauthenticated(1));
  expect_round_trip(
      TransactionHeader::of(transaction({.inputs = {authenticated(1), unauthenticated(2)},
                                         .outputs = {private_note(3), public_note(4)}})));
}

TEST(Convert, TheNumbersOfNoteTypesAreNotTheSerializers) {
  NoteMetadata metadata = metadata_with_schemes({});
  EXPECT_EQ(to_message(metadata).note_type(), 1);
  metadata.partial.type = NoteType::kPrivate;
  EXPECT_EQ(to_message(metadata).note_type(), 2);
}

TEST(Convert, RoundTripsBlocks) {
  const TestChain chain(2);
  expect_round_trip(chain.tip());
  const SecretKey key = *SecretKey::from_hex(std::string(63, '0') + "7");
  expect_round_trip(key.sign(word(1)));
  expect_round_trip(SignedBlock{chain.tip(), BlockBody{}, key.sign(chain.tip().commitment())});
}

TEST(Convert, RefusesEveryElementOutsideTheField) {
  for (int limb = 0; limb < 4; ++limb) {
    ::primitives::Digest digest;
    if (limb == 0) digest.set_d0(Felt::kModulus);
    if (limb == 1) digest.set_d1(Felt::kModulus);
    if (limb == 2) digest.set_d2(UINT64_MAX);
    if (limb == 3) digest.set_d3(Felt::kModulus);
    EXPECT_EQ(refusal(digest), "value is not in the range 0..MODULUS");
  }
}

TEST(Convert, NamesThePathOfWhatIsBroken) {
  auto header = to_message(TestChain(1).tip());
  header.mutable_fee_parameters()->mutable_native_asset_id()->set_id("short");
  EXPECT_EQ(refusal(header),
            "fee_parameters.native_asset_id: value is not in the range 0..MODULUS");
  header.mutable_fee_parameters()->clear_native_asset_id();
  EXPECT_EQ(refusal(header),
            "fee_parameters: field `blockchain::FeeParameters::native_asset_id` is missing");
  header.clear_account_root();
  EXPECT_EQ(refusal(header), "field `blockchain::BlockHeader::account_root` is missing");

  header = to_message(TestChain(1).tip());
  header.mutable_validator_key()->set_validator_key(std::string(33, '\x07'));
  EXPECT_THAT(refusal(header),
              ::testing::StartsWith("validator_key: failed to deserialize PublicKey: "));
  header.mutable_validator_key()->clear_validator_key();
  EXPECT_THAT(refusal(header),
              ::testing::StartsWith("validator_key: failed to deserialize PublicKey: "));
}

TEST(Convert, TakesAnAccountIdWithMoreBehindIt) {
  auto id = to_message(private_account(1));
  id.set_id(id.id() + "more");
  EXPECT_EQ(*from_message(id), private_account(1));
  for (size_t length = 0; length < AccountId::kWireSize; ++length) {
    id.set_id(to_message(private_account(1)).id().substr(0, length));
    EXPECT_EQ(refusal(id), "value is not in the range 0..MODULUS");
  }
}

TEST(Convert, RefusesBrokenPaths) {
  ::primitives::SparseMerklePath path;
  for (int i = 0; i < 65; ++i) path.add_siblings();
  EXPECT_NE(refusal(path), "accepted");
  path.clear_siblings();
  path.set_empty_nodes_mask(2);  // depth 2 is empty, depth 1 is neither empty nor given
  EXPECT_NE(refusal(path), "accepted");
  path.set_empty_nodes_mask(UINT64_MAX);
  EXPECT_EQ(refusal(path), "accepted");
  path.add_siblings();
  EXPECT_NE(refusal(path), "accepted");
}

TEST(Convert, RefusesBrokenLeaves) {
  ::primitives::SmtLeaf leaf;
  EXPECT_EQ(refusal(leaf), "field `primitives::SmtLeaf::leaf` is missing");
  leaf.mutable_multiple();
  EXPECT_NE(refusal(leaf), "accepted");
  leaf = to_message(SmtLeaf{
      .index = 4, .entries = {{Word::of(1, 2, 3, 4), word(5)}, {Word::of(2, 2, 3, 4), word(6)}}});
  leaf.mutable_multiple()->mutable_entries(1)->mutable_key()->set_d3(5);  // of another leaf
  EXPECT_NE(refusal(leaf), "accepted");
  ::primitives::SmtOpening opening =
      to_message(SmtProof{path_of_depth_64(), {.index = 9, .entries = {}}});
  opening.mutable_path()->set_empty_nodes_mask(0);
  EXPECT_NE(refusal(opening), "accepted");
}

TEST(Convert, RefusesBrokenMetadata) {
  const auto valid = to_message(metadata_with_schemes({1}));
  auto broken = valid;
  broken.set_note_type(::note::NOTE_TYPE_UNSPECIFIED);
  EXPECT_EQ(refusal(broken), "note_type: enum variant discriminant out of range");
  broken = valid;
  broken.set_note_type(static_cast<::note::NoteType>(3));
  EXPECT_EQ(refusal(broken), "note_type: enum variant discriminant out of range");
  broken = valid;
  broken.add_attachment_schemes(1);
  EXPECT_NE(refusal(broken), "accepted");
  broken = valid;
  broken.set_attachment_schemes(0, 65535);
  EXPECT_NE(refusal(broken), "accepted");
  broken.set_attachment_schemes(0, UINT32_MAX);
  EXPECT_NE(refusal(broken), "accepted");
  broken = valid;
  broken.mutable_attachment_schemes()->Truncate(1);  // absent ones may be left out
  EXPECT_EQ(refusal(broken), "accepted");
  broken.clear_sender();
  EXPECT_EQ(refusal(broken), "field `note::NoteMetadata::sender` is missing");
}

TEST(Convert, RefusesANoteIndexBeyondTheTree) {
  auto proof = to_message(NoteId(word(1)), NoteInclusionProof{{7}, 0, path_of_depth_64()});
  proof.set_note_index_in_block(65536);
  EXPECT_EQ(refusal(proof), "note_index_in_block: out of range integral type conversion attempted");
}

TEST(Convert, RefusesBrokenStorageHeaders) {
  ::account::AccountStorageHeader header;
  auto& slot = *header.add_slots();
  slot.set_slot_name("a::b");
  slot.set_slot_type(2);
  slot.mutable_commitment();
  EXPECT_EQ(refusal(header), "slots: enum variant discriminant out of range: 2");
  slot.set_slot_type(1);
  EXPECT_EQ(refusal(header), "accepted");
  *header.add_slots() = header.slots(0);
  EXPECT_NE(refusal(header), "accepted");
  header.mutable_slots(1)->set_slot_name("no name");
  EXPECT_NE(refusal(header), "accepted");
}

TEST(Convert, RefusesATransactionHeaderThatHasAnotherId) {
  auto header = to_message(TransactionHeader::of(transaction({.inputs = {authenticated(1)}})));
  header.mutable_transaction_id()->mutable_id()->set_d0(1);
  EXPECT_THAT(refusal(header), ::testing::StartsWith("transaction_id: "));
}

}  // namespace
}  // namespace miden
