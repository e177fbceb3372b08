#include "protocol/block.hpp"

#include <gtest/gtest.h>

#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/test_chain.hpp"

namespace miden {
namespace {

BlockBody body() {
  const ProvenTransaction proven =
      transaction({.inputs = {authenticated(1)}, .outputs = {private_note(2), public_note(3)}});
  return {
      {{private_account(1), word(2), {}},
       {public_account(1),
        word(3),
        {*AccountDelta::make(public_account(1), {}, {}, std::nullopt, Felt::from_canonical(1))}}},
      {{{{0, private_note(2)}, {5, public_note(3)}}}, {}},
      {nullifier(1)},
      {{TransactionHeader::of(proven)}}};
}

SignedBlock signed_block(uint32_t block_num = 4) {
  SignedBlock block{test_header(block_num), body(), {}};
  block.header.tx_commitment = block.body.transactions.commitment();
  block.header.note_root = block_note_tree(block.body.output_note_batches)->root();
  block.signature = validator_secret().sign(block.header.commitment());
  return block;
}

TEST(BlockNoteTree, PlacesNotesByBatchAndIndex) {
  std::vector<OutputNoteBatch> batches(64);
  batches[0].notes = {{1023, private_note(1)}, {0, private_note(2)}};
  batches[63].notes = {{1023, public_note(3)}};
  const SimpleSmt tree = block_note_tree(batches).value();
  EXPECT_EQ(tree.depth(), 16);
  EXPECT_EQ(tree.leaf(1023), private_note(1).id().word);
  EXPECT_EQ(tree.leaf(0), private_note(2).id().word);
  EXPECT_EQ(tree.leaf(65535), public_note(3).id().word);
  EXPECT_EQ(block_note_tree_index(63, 1023), 65535);
  EXPECT_EQ(tree.leaves().size(), 3u);
}

TEST(BlockNoteTree, IsThePublishedOneWithoutNotes) {
  EXPECT_EQ(block_note_tree({})->root().to_hex(),
            "0xa9dbd47f245bdfb8db210428b8b8b3e5f6e89ae32ff335de02e7b30002c2523a");
}

TEST(BlockNoteTree, RefusesPlacesThatABlockDoesNotHave) {
  const auto placed = [](size_t batch, uint64_t index) {
    std::vector<OutputNoteBatch> batches(batch + 1);
    batches[batch].notes = {{index, private_note(1)}};
    return outcome(block_note_tree(batches));
  };
  EXPECT_EQ(placed(63, 1023), "ok");
  EXPECT_EQ(placed(64, 0), "InvalidNoteIndex");
  EXPECT_EQ(placed(0, 1024), "InvalidNoteIndex");
  EXPECT_EQ(placed(0, UINT64_MAX), "InvalidNoteIndex");
  EXPECT_EQ(outcome(block_note_tree({{{{3, private_note(1)}, {3, private_note(2)}}}})),
            "DuplicateValuesForIndex");
}

TEST(BlockBody, StandsDamagedBytes) {
  EXPECT_EQ(from_bytes<BlockBody>(to_bytes(body())), body());
  expect_robust_encoding(body());
  EXPECT_EQ(to_hex(to_bytes(BlockBody{})), "01010101");
}

TEST(SignedBlock, IsValidWithItsValidatorsSignature) {
  EXPECT_EQ(outcome(signed_block().validate()), "ok");
  EXPECT_EQ(from_bytes<SignedBlock>(to_bytes(signed_block())), signed_block());
  expect_every_cut_is_refused(signed_block());
}

TEST(SignedBlock, ChecksSignatureThenTransactionsThenNotes) {
  SignedBlock block = signed_block();
  block.header.tx_commitment = word(1);
  block.header.note_root = word(1);
  EXPECT_EQ(outcome(block.validate()), "InvalidSignature");
  block.signature = validator_secret().sign(block.header.commitment());
  EXPECT_EQ(outcome(block.validate()), "TxCommitmentMismatch");
  block.header.tx_commitment = block.body.transactions.commitment();
  block.signature = validator_secret().sign(block.header.commitment());
  EXPECT_EQ(outcome(block.validate()), "NoteRootMismatch");
  block.body.output_note_batches[0].notes[0].first = 1024;
  EXPECT_EQ(outcome(block.validate()), "InvalidNoteIndex");
}

TEST(SignedBlock, FollowsItsParent) {
  const BlockHeader parent = test_header(3);
  SignedBlock block = signed_block();
  EXPECT_EQ(outcome(block.validate_parent(parent)), "ParentCommitmentMismatch");
  block.header.prev_block_commitment = parent.commitment();
  EXPECT_EQ(outcome(block.validate_parent(parent)), "ok");
  block.header.block_num = {5};
  EXPECT_EQ(outcome(block.validate_parent(parent)), "ParentNumberMismatch");
  block.header.block_num = {0};
  EXPECT_EQ(outcome(block.validate_parent(parent)), "GenesisBlockHasNoParent");
}

TEST(NullifierTreeValue, IsTheBlockThatSpentTheNote) {
  EXPECT_EQ(nullifier_tree_value({7}), word(7));
  EXPECT_EQ(*nullifier_block(word(7)), BlockNum{7});
  EXPECT_EQ(*nullifier_block(Word()), std::nullopt);
  EXPECT_EQ(*nullifier_block(word(UINT32_MAX)), BlockNum{UINT32_MAX});
  EXPECT_EQ(outcome(nullifier_block(word(uint64_t{1} << 32))), "InvalidNullifierBlockNumber");
  EXPECT_EQ(outcome(nullifier_block(Word::of(7, 0, 0, 1))), "InvalidNullifierBlockNumber");
  EXPECT_EQ(outcome(nullifier_block(Word::of(0, 1, 0, 0))), "InvalidNullifierBlockNumber");
}

TEST(AccountWitness, OpensTheAccountsLeafOrAnEmptyOne) {
  const SparseMerklePath path = SparseMerklePath::from_siblings(std::vector<Word>(64, word(1)));
  const AccountId id = private_account(3);
  const AccountWitness known = AccountWitness::make(id, word(9), path).value();
  const Word key = Word(Felt(), Felt(), id.suffix(), id.prefix());
  EXPECT_EQ(known.to_proof(), (SmtProof{path, {id.prefix().value(), {{key, word(9)}}}}));
  const AccountWitness unknown = AccountWitness::make(id, Word(), path).value();
  EXPECT_EQ(unknown.to_proof(), (SmtProof{path, {id.prefix().value(), {}}}));
  expect_robust_encoding(known);
}

TEST(AccountWitness, HasTheAccountTreesDepth) {
  const SparseMerklePath path = SparseMerklePath::from_siblings(std::vector<Word>(63, word(1)));
  EXPECT_EQ(outcome(AccountWitness::make(private_account(3), word(9), path)),
            "WitnessMerklePathDepthDoesNotMatchAccountTreeDepth");
  EXPECT_EQ(outcome(from_bytes<AccountWitness>(
                to_bytes(AccountWitness{private_account(3), word(9), path}))),
            "InvalidValue");
}

}  // namespace
}  // namespace miden
