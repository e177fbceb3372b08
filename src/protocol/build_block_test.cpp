#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/poseidon2.hpp"
#include "protocol/proposed_block.hpp"
#include "protocol/test_support/block_world.hpp"
#include "protocol/test_support/decoding_checks.hpp"

namespace miden {
namespace {

class BuildBlockTest : public testing::Test {
 protected:
  ProposedBlock propose(const std::vector<ProvenBatch>& batches) const {
    return ProposedBlock::make_at(world_.inputs(batches), batches, world_.next_timestamp()).value();
  }
  BlockWorld world_;
};

const Word kKernel = word(17);

TEST_F(BuildBlockTest, KeepsTheRootsOfAnEmptyBlock) {
  const auto built = propose({}).build(kKernel);
  ASSERT_TRUE(built) << built.error().message;
  const BlockHeader& tip = world_.chain.tip();
  PartialBlockchain with_tip = world_.chain.before_tip();
  ASSERT_TRUE(with_tip.add(tip, false));
  EXPECT_EQ(built->first, (BlockHeader{.version = 0,
                                       .prev_block_commitment = tip.commitment(),
                                       .block_num = {4},
                                       .chain_commitment = with_tip.chain_commitment(),
                                       .account_root = tip.account_root,
                                       .nullifier_root = tip.nullifier_root,
                                       .note_root = empty_subtree_root(16),
                                       .tx_commitment = Word(),
                                       .tx_kernel_commitment = kKernel,
                                       .validator_key = tip.validator_key,
                                       .fee_parameters = tip.fee_parameters,
                                       .timestamp = world_.next_timestamp()}));
  EXPECT_EQ(built->second, BlockBody{});
}

TEST_F(BuildBlockTest, ChangesTheTreesAsTheBatchesSay) {
  const std::vector<ProvenBatch> batches = {
      batch({.id = 1,
             .accounts = {account_step(private_account(7), 0, 70),
                          account_step(private_account(1), 1, 10)},
             .inputs = {numbered_input(5), unauthenticated(1)},
             .outputs = {private_note(20), private_note(21)}}),
      batch({.id = 2, .inputs = {unauthenticated(20)}, .outputs = {public_note(22)}}),
  };
  const auto built = propose(batches).build(kKernel);
  ASSERT_TRUE(built) << built.error().message;
  const auto& [header, body] = *built;

  Smt accounts = world_.accounts;
  ASSERT_TRUE(
      accounts.update(std::vector<SmtEntry>{{account_tree_key(private_account(1)), word(10)},
                                            {account_tree_key(private_account(7)), word(70)}}));
  EXPECT_EQ(header.account_root, accounts.root());
  Smt nullifiers = world_.nullifiers;
  ASSERT_TRUE(
      nullifiers.update(std::vector<SmtEntry>{{word(5), word(4)}, {nullifier(1).word, word(4)}}));
  EXPECT_EQ(header.nullifier_root, nullifiers.root());
  const std::vector<std::pair<uint64_t, Word>> notes = {{1, private_note(21).id().word},
                                                        {1024, public_note(22).id().word}};
  EXPECT_EQ(header.note_root, SimpleSmt::from_leaves(16, notes)->root());
  EXPECT_EQ(header.tx_commitment, body.transactions.commitment());

  EXPECT_EQ(body.updated_accounts,
            (std::vector<BlockAccountUpdate>{{private_account(1), word(10), {}},
                                             {private_account(7), word(70), {}}}));
  EXPECT_TRUE(std::ranges::is_sorted(body.created_nullifiers));
  EXPECT_EQ(body.created_nullifiers.size(), 2u);
  EXPECT_EQ(body.output_note_batches,
            (std::vector<OutputNoteBatch>{{{{1, private_note(21)}}}, {{{0, public_note(22)}}}}));
  std::vector<TransactionHeader> transactions = batches[0].transactions.transactions;
  transactions.push_back(batches[1].transactions.transactions.front());
  EXPECT_EQ(body.transactions.transactions, transactions);
}

TEST_F(BuildBlockTest, MakesAValidSignedBlock) {
  const auto built = propose({batch({.outputs = {private_note(20)}})}).build(kKernel).value();
  const SignedBlock block{built.first, built.second,
                          validator_secret().sign(built.first.commitment())};
  EXPECT_EQ(outcome(block.validate()), "ok");
  EXPECT_EQ(outcome(block.validate_parent(world_.chain.tip())), "ok");
}

TEST_F(BuildBlockTest, RefusesAccountWitnessesThatAreNotOfTheTipsTree) {
  const ProposedBlock block =
      propose({batch({.accounts = {account_step(private_account(1), 1, 10),
                                   account_step(private_account(3), 3, 30)}})});
  ProposedBlock stale = block;
  stale.prev_block_header.account_root = word(1);
  EXPECT_EQ(outcome(stale.build(kKernel)), "StaleAccountTreeRoot");
  ProposedBlock torn = block;
  torn.updated_accounts[1].second.witness.commitment = word(99);
  EXPECT_EQ(outcome(torn.build(kKernel)), "AccountWitnessTracking");
}

TEST_F(BuildBlockTest, RefusesASecondAccountWithOnePrefix) {
  const auto built = [this](std::vector<BatchAccountUpdate> updates) {
    return outcome(propose({batch({.accounts = std::move(updates)})}).build(kKernel));
  };
  EXPECT_EQ(built({account_step(private_account(7), 0, 70)}), "ok");
  EXPECT_EQ(built({account_step(private_account_beside(1), 0, 70)}), "AccountIdPrefixDuplicate");
  EXPECT_EQ(built({account_step(private_account(7), 0, 70),
                   account_step(private_account_beside(7), 0, 71)}),
            "AccountIdPrefixDuplicate");
}

TEST_F(BuildBlockTest, RefusesNullifierWitnessesThatAreNotOfTheTipsTree) {
  const ProposedBlock block = propose({batch({.inputs = {numbered_input(5), authenticated(9)}})});
  EXPECT_EQ(outcome(block.build(kKernel)), "ok");
  ProposedBlock stale = block;
  stale.prev_block_header.nullifier_root = word(1);
  EXPECT_EQ(outcome(stale.build(kKernel)), "StaleNullifierTreeRoot");
  ProposedBlock torn = block;
  torn.created_nullifiers.at(nullifier(9)).path =
      SparseMerklePath::from_siblings(std::vector<Word>(64, word(1)));
  EXPECT_EQ(outcome(torn.build(kKernel)), "NullifierWitnessRootMismatch");
}

TEST_F(BuildBlockTest, FailsWhereTheReferenceWouldPanic) {
  const ProposedBlock block =
      propose({batch({.inputs = {numbered_input(5)}, .outputs = {private_note(20)}})});
  ProposedBlock spent = block;
  spent.created_nullifiers.emplace(Nullifier(word(1)), world_.nullifiers.open(word(1)));
  EXPECT_EQ(outcome(spent.build(kKernel)), "NullifierSpent");
  ProposedBlock uncovered = block;
  uncovered.created_nullifiers.emplace(nullifier(9), world_.nullifiers.open(word(6)));
  EXPECT_EQ(outcome(uncovered.build(kKernel)), "NullifierProofMissing");
  ProposedBlock misplaced = block;
  misplaced.output_note_batches[0].notes[0].first = 1024;
  EXPECT_EQ(outcome(misplaced.build(kKernel)), "InvalidNoteIndex");
  ProposedBlock detached = block;
  detached.prev_block_header.block_num = {9};
  EXPECT_EQ(outcome(detached.build(kKernel)), "ChainLengthNotEqualToPreviousBlockNumber");
}

}  // namespace
}  // namespace miden
