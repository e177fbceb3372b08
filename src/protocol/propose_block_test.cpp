#include <gtest/gtest.h>

#include <algorithm>

#include "protocol/proposed_block.hpp"
#include "protocol/test_support/block_world.hpp"
#include "protocol/test_support/decoding_checks.hpp"

namespace miden {
namespace {

AccountDelta empty_delta(AccountId account) {
  return *AccountDelta::make(account, {}, {}, std::nullopt, Felt::from_canonical(1));
}

class ProposedBlockTest : public testing::Test {
 protected:
  Result<ProposedBlock> propose(const std::vector<ProvenBatch>& batches) const {
    return ProposedBlock::make_at(world_.inputs(batches), batches, world_.next_timestamp());
  }
  BlockWorld world_;
};

TEST_F(ProposedBlockTest, IsEmptyWithoutBatches) {
  const Result<ProposedBlock> block = propose({});
  ASSERT_TRUE(block) << block.error().message;
  EXPECT_EQ(block->block_num(), BlockNum{4});
  EXPECT_EQ(outcome(block->verify()), "ok");
}

TEST_F(ProposedBlockTest, AddsUpWhatItsBatchesDo) {
  // Account 1 goes 1 -> 10 -> 11, told in the wrong order; account 2 stays; account 7 is new.
  const std::vector<ProvenBatch> batches = {
      batch({.id = 1,
             .accounts = {account_step(private_account(1), 10, 11),
                          account_step(private_account(2), 2, 2)},
             .inputs = {numbered_input(5), unauthenticated(1)},
             .outputs = {private_note(20), private_note(21), public_note(22)}}),
      batch({.id = 2,
             .accounts = {account_step(private_account(1), 1, 10),
                          account_step(private_account(7), 0, 70)},
             .inputs = {unauthenticated(21)},
             .outputs = {private_note(23)}}),
  };
  const Result<ProposedBlock> block = propose(batches);
  ASSERT_TRUE(block) << block.error().message;
  ASSERT_EQ(block->updated_accounts.size(), 2u);
  const auto& [first_id, first] = block->updated_accounts[0];
  EXPECT_EQ(first_id, private_account(1));
  EXPECT_EQ(first.initial_commitment, word(1));
  EXPECT_EQ(first.final_commitment, word(11));
  EXPECT_EQ(first.witness, world_.account_witness(private_account(1)));
  const auto& [second_id, second] = block->updated_accounts[1];
  EXPECT_EQ(second_id, private_account(7));
  EXPECT_EQ(second.initial_commitment, Word());
  EXPECT_EQ(second.final_commitment, word(70));

  EXPECT_EQ(block->output_note_batches,
            (std::vector<OutputNoteBatch>{{{{0, private_note(20)}, {2, public_note(22)}}},
                                          {{{0, private_note(23)}}}}));
  std::vector<Nullifier> created;
  for (const auto& [nullifier, witness] : block->created_nullifiers) created.push_back(nullifier);
  std::vector<Nullifier> expected = {Nullifier(word(5)), nullifier(1)};
  std::ranges::sort(expected);
  EXPECT_EQ(created, expected);
  EXPECT_EQ(outcome(block->verify()), "ok");
}

TEST_F(ProposedBlockTest, LeavesOutWitnessesOfNullifiersNobodyConsumes) {
  const std::vector<ProvenBatch> batches = {batch({.inputs = {numbered_input(5)}})};
  BlockInputs inputs = world_.inputs(batches);
  inputs.nullifier_witnesses.emplace(Nullifier(word(6)), world_.nullifiers.open(word(6)));
  inputs.nullifier_witnesses.emplace(Nullifier(word(1)), world_.nullifiers.open(word(1)));
  const auto block = ProposedBlock::make_at(inputs, batches, world_.next_timestamp());
  ASSERT_TRUE(block) << block.error().message;
  EXPECT_EQ(block->created_nullifiers.size(), 1u);
}

TEST_F(ProposedBlockTest, StartsANewAccountFromNothingWhereAnotherHoldsItsPrefix) {
  const AccountId beside = private_account_beside(1);
  const Result<ProposedBlock> block = propose({batch({.accounts = {account_step(beside, 0, 70)}})});
  ASSERT_TRUE(block) << block.error().message;
  EXPECT_EQ(block->updated_accounts.front().second.initial_commitment, Word());
  EXPECT_EQ(block->updated_accounts.front().second.witness.id, private_account(1));
}

TEST_F(ProposedBlockTest, PlacesANoteCreatedTwiceWhereItCameFirst) {
  const Result<ProposedBlock> block = propose({batch({.id = 1, .outputs = {private_note(20)}}),
                                               batch({.id = 2, .inputs = {unauthenticated(20)}}),
                                               batch({.id = 3, .outputs = {private_note(20)}})});
  ASSERT_TRUE(block) << block.error().message;
  EXPECT_EQ(block->output_note_batches,
            (std::vector<OutputNoteBatch>{{{{0, private_note(20)}}}, {}, {}}));
  EXPECT_EQ(outcome(block->verify()), "ok");
}

// Every rule is broken at once, beginning with the last: each time the first broken rule of
// types.md §12.4 must be the one named.
TEST_F(ProposedBlockTest, ChecksItsRulesInOrder) {
  std::vector<ProvenBatch> batches;
  uint64_t next_id = 100;
  uint32_t timestamp = world_.next_timestamp();
  std::vector<std::function<void(BlockInputs&)>> damages;
  const auto add = [&](BatchSpec spec) {
    spec.id = next_id++;
    batches.push_back(batch(spec));
  };
  const auto proposed = [&] {
    BlockInputs inputs = world_.inputs(batches);
    for (const auto& damage : damages) damage(inputs);
    return outcome(ProposedBlock::make_at(inputs, batches, timestamp));
  };
  EXPECT_EQ(proposed(), "ok");
  // Rules 12 and 13 go account by account: the later ones are broken on accounts with greater ids.
  BatchAccountUpdate public_step{
      private_account(5), word(9), word(10), {empty_delta(private_account(5))}};
  add({.accounts = {account_step(private_account(5), 5, 9)}});
  add({.accounts = {public_step}});
  EXPECT_EQ(proposed(), "AccountUpdateError");
  add({.accounts = {account_step(private_account(4), 9, 10)}});
  EXPECT_EQ(proposed(), "InconsistentAccountStateTransition");
  add({.accounts = {account_step(private_account(3), 3, 10)}});
  damages.push_back([](BlockInputs& i) { i.account_witnesses.erase(private_account(3)); });
  EXPECT_EQ(proposed(), "MissingAccountWitness");
  // Rule 11.
  add({.accounts = {account_step(private_account(2), 2, 8)}});
  add({.accounts = {account_step(private_account(2), 2, 9)}});
  EXPECT_EQ(proposed(), "ConflictingBatchesUpdateSameAccount");
  // Rule 10; nullifiers are judged in ascending order.
  add({.inputs = {numbered_input(6)}});
  damages.push_back([](BlockInputs& i) { i.nullifier_witnesses.erase(Nullifier(word(6))); });
  EXPECT_EQ(proposed(), "NullifierProofMissing");
  add({.inputs = {numbered_input(1)}});
  EXPECT_EQ(proposed(), "NullifierSpent");
  // Rule 9.
  add({.inputs = {unauthenticated(30)}});
  EXPECT_EQ(proposed(), "UnauthenticatedNoteConsumed");
  // Rule 8.
  add({.outputs = {private_note(30)}});
  EXPECT_EQ(proposed(), "NoteConsumedBeforeCreated");
  add({.inputs = {numbered_input(6)}});
  EXPECT_EQ(proposed(), "DuplicateInputNote");
  // Rule 7.
  add({.reference_block = 8});
  EXPECT_EQ(proposed(), "BatchReferenceBlockMissingFromChain");
  // Rules 6 and 5.
  damages.push_back([](BlockInputs& i) { i.prev_block_header.chain_commitment = word(1); });
  EXPECT_EQ(proposed(), "ChainRootNotEqualToPreviousBlockChainCommitment");
  damages.push_back([](BlockInputs& i) { i.prev_block_header.block_num = {5}; });
  EXPECT_EQ(proposed(), "ChainLengthNotEqualToPreviousBlockNumber");
  // Rule 4.
  add({.expiration = 5});
  EXPECT_EQ(proposed(), "ExpiredBatch");
  // Rule 3.
  timestamp = world_.chain.tip().timestamp;
  EXPECT_EQ(proposed(), "TimestampDoesNotIncreaseMonotonically");
  // Rule 2.
  batches.push_back(batches.front());
  EXPECT_EQ(proposed(), "DuplicateBatch");
  // Rule 1.
  while (batches.size() < 65) add({});
  EXPECT_EQ(proposed(), "TooManyBatches");
}

TEST_F(ProposedBlockTest, LetsABatchExpireAtTheVeryBlock) {
  EXPECT_EQ(outcome(propose({batch({.expiration = 4})})), "ok");
  EXPECT_EQ(outcome(propose({batch({.expiration = 3})})), "ExpiredBatch");
}

TEST_F(ProposedBlockTest, RefusesAWitnessOfAnotherLeaf) {
  const std::vector<ProvenBatch> batches = {batch({.inputs = {{nullifier(9), std::nullopt}}})};
  BlockInputs inputs = world_.inputs(batches);
  inputs.nullifier_witnesses.at(nullifier(9)) = world_.nullifiers.open(word(6));
  EXPECT_EQ(outcome(ProposedBlock::make_at(inputs, batches, world_.next_timestamp())),
            "NullifierProofMissing");
}

TEST_F(ProposedBlockTest, RefusesANoteConsumedInsideTheBlockAndOnceMore) {
  const std::vector<ProvenBatch> batches = {batch({.id = 1, .outputs = {private_note(20)}}),
                                            batch({.id = 2, .inputs = {unauthenticated(20)}}),
                                            batch({.id = 3, .inputs = {authenticated(20)}})};
  EXPECT_EQ(outcome(propose(batches)), "NullifierProofMissing");
  ProposedBlock forged = propose({}).value();
  forged.batches.batches = batches;
  forged.created_nullifiers.emplace(nullifier(20), world_.nullifiers.open(nullifier(20).word));
  EXPECT_EQ(outcome(forged.verify()), "NullifierProofMissing");
}

// --- What verify finds in a received proposal
// ------------------------------------------------------

class VerifiedProposalTest : public ProposedBlockTest {
 protected:
  ProposedBlock proposal_ = propose({batch({.id = 1,
                                            .accounts = {account_step(private_account(1), 1, 10),
                                                         account_step(private_account(3), 3, 30)},
                                            .inputs = {numbered_input(5), unauthenticated(1)},
                                            .outputs = {private_note(20), private_note(21)}}),
                                     batch({.id = 2, .inputs = {unauthenticated(20)}})})
                                .value();

  std::string verdict(const std::function<void(ProposedBlock&)>& change) const {
    ProposedBlock changed = proposal_;
    change(changed);
    return outcome(changed.verify());
  }
};

TEST_F(VerifiedProposalTest, AcceptsWhatMakeAtMadeAfterItsTravel) {
  const Result<ProposedBlock> received = from_bytes<ProposedBlock>(to_bytes(proposal_));
  ASSERT_TRUE(received) << received.error().message;
  EXPECT_EQ(outcome(received->verify()), "ok");
  expect_bytes_survive_decoding(proposal_);
}

TEST_F(VerifiedProposalTest, RefusesOtherNullifiersThanTheBatches) {
  using Block = ProposedBlock;
  EXPECT_EQ(verdict([](Block& b) { b.created_nullifiers.erase(Nullifier(word(5))); }),
            "NullifierProofMissing");
  EXPECT_EQ(verdict([&](Block& b) {
              b.created_nullifiers.emplace(Nullifier(word(6)), world_.nullifiers.open(word(6)));
            }),
            "NullifiersMismatch");
  EXPECT_EQ(verdict([&](Block& b) {
              b.batches.batches[1].input_notes.notes.push_back(numbered_input(1));
              b.created_nullifiers.emplace(Nullifier(word(1)), world_.nullifiers.open(word(1)));
            }),
            "NullifierSpent");
}

TEST_F(VerifiedProposalTest, RefusesOtherAccountUpdatesThanTheBatches) {
  using Block = ProposedBlock;
  EXPECT_EQ(verdict([](Block& b) { b.updated_accounts.pop_back(); }), "MissingAccountWitness");
  EXPECT_EQ(verdict([](Block& b) { b.updated_accounts.erase(b.updated_accounts.begin()); }),
            "MissingAccountWitness");
  EXPECT_EQ(verdict([](Block& b) { std::swap(b.updated_accounts[0], b.updated_accounts[1]); }),
            "MissingAccountWitness");
  EXPECT_EQ(verdict([](Block& b) { b.updated_accounts.push_back(b.updated_accounts.back()); }),
            "AccountUpdatesMismatch");
  EXPECT_EQ(verdict([](Block& b) {
              b.updated_accounts.emplace_back(private_account(2), b.updated_accounts[1].second);
              std::swap(b.updated_accounts[1], b.updated_accounts[2]);
            }),
            "AccountUpdatesMismatch");
  EXPECT_EQ(verdict([](Block& b) { b.updated_accounts[0].second.final_commitment = word(99); }),
            "AccountUpdatesMismatch");
  EXPECT_EQ(verdict([](Block& b) { b.updated_accounts[0].second.initial_commitment = word(99); }),
            "AccountUpdatesMismatch");
  EXPECT_EQ(verdict([](Block& b) {
              b.updated_accounts[0].second.details = {empty_delta(private_account(1))};
            }),
            "AccountUpdatesMismatch");
  EXPECT_EQ(verdict([](Block& b) { b.updated_accounts[0].second.witness.commitment = word(99); }),
            "InconsistentAccountStateTransition");
}

TEST_F(VerifiedProposalTest, RefusesOtherOutputNotesThanTheBatches) {
  using Block = ProposedBlock;
  EXPECT_EQ(verdict([](Block& b) { b.output_note_batches.pop_back(); }), "OutputNotesMismatch");
  EXPECT_EQ(verdict([](Block& b) { b.output_note_batches[0].notes.clear(); }),
            "OutputNotesMismatch");
  EXPECT_EQ(verdict([](Block& b) { b.output_note_batches[0].notes[0].first = 0; }),
            "OutputNotesMismatch");
  EXPECT_EQ(verdict([](Block& b) {
              b.output_note_batches[1].notes = {{0, private_note(50)}};
            }),
            "OutputNotesMismatch");
}

TEST_F(VerifiedProposalTest, RunsTheRulesOfProposingAgain) {
  using Block = ProposedBlock;
  EXPECT_EQ(verdict([](Block& b) { b.timestamp = b.prev_block_header.timestamp; }),
            "TimestampDoesNotIncreaseMonotonically");
  EXPECT_EQ(verdict([](Block& b) { b.batches.batches[1].id = b.batches.batches[0].id; }),
            "DuplicateBatch");
  EXPECT_EQ(verdict([](Block& b) { b.batches.batches[1].expiration_block_num = {3}; }),
            "ExpiredBatch");
  EXPECT_EQ(verdict([](Block& b) { b.batches.batches[1].reference_block_num = {9}; }),
            "BatchReferenceBlockMissingFromChain");
  EXPECT_EQ(verdict([](Block& b) {
              b.batches.batches[1].output_notes = b.batches.batches[0].output_notes;
            }),
            "DuplicateOutputNote");
}

TEST_F(VerifiedProposalTest, CannotBeCut) { expect_every_cut_is_refused(proposal_); }

TEST_F(VerifiedProposalTest, NeverVerifiesWithAFlippedBitInWhatIsDerived) {
  // The derived fields follow batches and timestamp.
  ByteWriter before;
  proposal_.batches.encode(before);
  before.u32(0);
  ByteWriter after;
  proposal_.blockchain.encode(after);
  proposal_.prev_block_header.encode(after);
  Bytes bytes = to_bytes(proposal_);
  const std::pair<BlockHeader, BlockBody> built = proposal_.build(word(17)).value();
  for (size_t bit = before.size() * 8; bit < (bytes.size() - after.size()) * 8; ++bit) {
    const auto mask = static_cast<uint8_t>(1 << bit % 8);
    bytes[bit / 8] ^= mask;
    if (const auto decoded = from_bytes<ProposedBlock>(bytes); decoded && decoded->verify()) {
      // Only paths are left to differ, and they no longer lead to the tip's roots, or are written
      // in another way than before.
      const auto rebuilt = decoded->build(word(17));
      if (rebuilt) {
        EXPECT_EQ(*rebuilt, built) << "bit " << bit;
      }
    }
    bytes[bit / 8] ^= mask;
  }
}

TEST_F(ProposedBlockTest, TravelsWithItsInputsToTheProver) {
  const std::vector<ProvenBatch> batches = {
      batch({.accounts = {account_step(private_account(1), 1, 10)},
             .inputs = {numbered_input(5), unauthenticated(1)}})};
  const BlockProofRequest request{{batches}, world_.chain.tip(), world_.inputs(batches)};
  expect_bytes_survive_decoding(request);
  expect_every_cut_is_refused(request);
}

}  // namespace
}  // namespace miden
