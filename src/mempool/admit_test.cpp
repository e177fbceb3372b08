#include <gtest/gtest.h>

#include "mempool/test_support/drive_mempool.hpp"

namespace miden {
namespace {

const MempoolOptions kOptions;

TEST(Admit, AnswersTheCommittedTip) {
  DrivenMempool mempool(kOptions, BlockNum{7});
  EXPECT_EQ(mempool.admit(Tx(1).authenticated_at(7)), BlockNum{7});
  mempool.block();
  EXPECT_EQ(mempool.admit(Tx(2).authenticated_at(8)), BlockNum{7});
}

// §7.2: a rejected transaction leaves nothing behind.
TEST(Admit, ChangesNothingWhenItRejects) {
  DrivenMempool mempool(kOptions, kGenesis);
  mempool.add(Tx(1).spends({1}).creates({2}));
  const MempoolSnapshot before = mempool.snapshot();
  EXPECT_EQ(mempool.rejection(Tx(2).spends({1}).creates({3})), "NullifiersAlreadyExist");
  EXPECT_EQ(mempool.rejection(Tx(2).spends({4}).creates({2})), "OutputNotesAlreadyExist");
  EXPECT_EQ(mempool.rejection(Tx(2).spends({4}).consumes({9})), "UnauthenticatedNotesMissing");
  EXPECT_EQ(mempool.rejection(Tx(2).from(5)), "AccountCommitmentMismatch");
  EXPECT_EQ(mempool.rejection(Tx(2).expires(2)), "Expired");
  EXPECT_EQ(mempool.rejection(Tx(2).authenticated_at(9)), "InputsAheadOfTip");
  EXPECT_EQ(mempool.snapshot(), before);
}

TEST(Admit, RefusesTheSameTransactionTwice) {
  DrivenMempool mempool(kOptions, kGenesis);
  mempool.add(Tx(1));
  EXPECT_EQ(mempool.rejection(Tx(1)), "AccountCommitmentMismatch");
  mempool.add(Tx(2).to(1).spends({5}));
  EXPECT_EQ(mempool.rejection(Tx(2).to(1).spends({5})), "NullifiersAlreadyExist");
}

TEST(Admit, NamesEveryOffender) {
  DrivenMempool mempool(kOptions, kGenesis);
  mempool.add(Tx(1).spends({1, 2}).creates({3, 4}));
  const auto spent = mempool.admit(Tx(2).spends({1, 2, 5}));
  ASSERT_FALSE(spent);
  EXPECT_NE(spent.error().message.find(nullifier(1).to_hex()), std::string::npos);
  EXPECT_NE(spent.error().message.find(nullifier(2).to_hex()), std::string::npos);
  EXPECT_EQ(spent.error().message.find(nullifier(5).to_hex()), std::string::npos);
  const auto missing = mempool.admit(Tx(2).consumes({3, 8, 9}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message.find(note_id(3).to_hex()), std::string::npos);
  EXPECT_NE(missing.error().message.find(note_id(8).to_hex()), std::string::npos);
  EXPECT_NE(missing.error().message.find(note_id(9).to_hex()), std::string::npos);
}

TEST(Admit, ChecksConflictsInTheOrderOfTheSpec) {
  DrivenMempool mempool(kOptions, kGenesis);
  mempool.add(Tx(1).spends({1}).creates({2}));
  Tx bad(2);
  bad.spends({1}).creates({2}).consumes({9}).from(5);
  EXPECT_EQ(mempool.rejection(bad), "NullifiersAlreadyExist");
  EXPECT_EQ(mempool.rejection(Tx(2).creates({2}).consumes({9}).from(5)), "OutputNotesAlreadyExist");
  EXPECT_EQ(mempool.rejection(Tx(2).consumes({9}).from(5)), "UnauthenticatedNotesMissing");
  EXPECT_EQ(mempool.rejection(Tx(2).from(5)), "AccountCommitmentMismatch");
}

TEST(Admit, RefusesATransactionThatConsumesItsOwnNote) {
  DrivenMempool mempool(kOptions, kGenesis);
  EXPECT_EQ(mempool.rejection(Tx(1).creates({3}).consumes({3})), "UnauthenticatedNotesMissing");
}

TEST(Admit, TakesTheStateInFlightOverTheChains) {
  DrivenMempool mempool(kOptions, kGenesis);
  mempool.add(Tx(1).on(7).from(1).to(2).in_chain(1));
  EXPECT_EQ(mempool.rejection(Tx(2).on(7).from(1).to(3).in_chain(1)), "AccountCommitmentMismatch");
  mempool.add(Tx(2).on(7).from(2).to(3).in_chain(1));
  // Even where the chain is ahead of what this mempool has been told.
  mempool.add(Tx(3).on(7).from(3).to(4).in_chain(3));
}

TEST(Admit, TakesANewAccountFromNothing) {
  DrivenMempool mempool(kOptions, kGenesis);
  mempool.add(Tx(1).on(7).from(0).to(2).in_chain(0));
  EXPECT_EQ(mempool.rejection(Tx(2).on(7).from(0).to(3).in_chain(0)), "AccountCommitmentMismatch");
  EXPECT_EQ(mempool.rejection(Tx(2).on(8).from(0).to(3).in_chain(4)), "AccountCommitmentMismatch");
}

// §20 D9: the reference lets both in and fails the whole block.
TEST(Admit, RefusesASecondAccountWithTheSamePrefix) {
  DrivenMempool mempool(kOptions, kGenesis);
  mempool.add(Tx(1).on(7, 1).from(0).to(2).in_chain(0));
  EXPECT_EQ(mempool.rejection(Tx(2).on(7, 2).from(0).to(3).in_chain(0)),
            "AccountIdPrefixDuplicate");
  EXPECT_EQ(mempool.rejection({Tx(3).on(8, 1).from(0).to(1).in_chain(0),
                               Tx(4).on(8, 2).from(0).to(1).in_chain(0)}),
            "AccountIdPrefixDuplicate");
  // The prefix is free again once the first is gone.
  const SelectedBatch batch = mempool.any().value();
  const Failure failure{.cause = Failure::Cause::kContent, .culprits = {tx_id(1)}};
  mempool.fail(batch, failure);
  mempool.fail(mempool.any().value(), failure);
  EXPECT_EQ(ids_of(mempool.fail(mempool.any().value(), failure)), Ids{1});
  mempool.add(Tx(2).on(7, 2).from(0).to(3).in_chain(0));
}

// §21: expiry boundaries.
TEST(Admit, RequiresATransactionToOutliveTipAndSlack) {
  DrivenMempool mempool(kOptions, BlockNum{10});
  EXPECT_EQ(mempool.rejection(Tx(1).authenticated_at(10).expires(10)), "Expired");
  EXPECT_EQ(mempool.rejection(Tx(1).authenticated_at(10).expires(12)), "Expired");
  mempool.add(Tx(1).authenticated_at(10).expires(13));
  mempool.block();  // the pending block counts
  EXPECT_EQ(mempool.rejection(Tx(2).authenticated_at(10).expires(13)), "Expired");
  mempool.add(Tx(2).authenticated_at(10).expires(14));
}

TEST(Admit, DoesNotOverflowAtTheLastBlockNumber) {
  DrivenMempool mempool(kOptions, BlockNum{0xffffffff});
  EXPECT_EQ(mempool.rejection(Tx(1).authenticated_at(0xffffffff).expires(0xffffffff)), "Expired");
}

// §21: the authentication window; §20 D2: what lies above the tip is an answer, not the end.
TEST(Admit, AcceptsInputsFromTheRetainedWindowOnly) {
  DrivenMempool mempool(kOptions, BlockNum{20});
  EXPECT_EQ(mempool.rejection(Tx(1).authenticated_at(18)), "StaleInputs");
  mempool.add(Tx(1).authenticated_at(19));
  EXPECT_EQ(mempool.rejection(Tx(2).authenticated_at(21)), "InputsAheadOfTip");

  mempool.commit_empty_blocks(10);  // tip 30, retained 26 to 30
  EXPECT_EQ(mempool.rejection(Tx(2).authenticated_at(24)), "StaleInputs");
  mempool.add(Tx(2).authenticated_at(25));
  mempool.add(Tx(3).authenticated_at(30));
  EXPECT_EQ(mempool.rejection(Tx(4).authenticated_at(31)), "InputsAheadOfTip");
  mempool.block();
  mempool.add(Tx(4).authenticated_at(31));
}

// §20 D7: the reference counts what is in no batch only.
TEST(Admit, CountsEverythingUncommittedAgainstTheCapacity) {
  MempoolOptions options;
  options.transaction_capacity = 2;
  DrivenMempool mempool(options, kGenesis);
  mempool.add(Tx(1));
  mempool.batch();
  mempool.add(Tx(2));
  EXPECT_EQ(mempool.rejection(Tx(3)), "CapacityExceeded");
  EXPECT_EQ(mempool.rejection({Tx(3)}), "CapacityExceeded");
  EXPECT_EQ(mempool.block(), Ids{1});
  EXPECT_EQ(mempool.rejection(Tx(3)), "CapacityExceeded");
  mempool.commit();
  mempool.add(Tx(3));
}

TEST(Admit, ChecksCapacityBeforeAnythingElse) {
  MempoolOptions options;
  options.transaction_capacity = 1;
  DrivenMempool mempool(options, BlockNum{50});
  mempool.add(Tx(1).authenticated_at(50));
  EXPECT_EQ(mempool.rejection(Tx(1).authenticated_at(0).expires(0)), "CapacityExceeded");
}

TEST(Admit, RemembersCommittedBlocksForTheWindow) {
  DrivenMempool mempool(kOptions, kGenesis);
  mempool.add(Tx(1).on(7).from(1).to(2).spends({1}).creates({2}));
  mempool.commit_all();
  for (uint32_t tip = 1; tip <= 5; ++tip) {
    EXPECT_EQ(mempool.rejection(Tx(2).spends({1})), "NullifiersAlreadyExist");
    EXPECT_EQ(mempool.rejection(Tx(2).creates({2})), "OutputNotesAlreadyExist");
    mempool.commit_empty_blocks(1);
  }
  // Pruned at block 6: whoever asks about it now has seen the chain after it.
  mempool.add(Tx(2).on(7).from(2).to(3).in_chain(2).authenticated_at(6).creates({2}));
}

TEST(AdmitBatch, IsAllOrNothing) {
  DrivenMempool mempool(kOptions, kGenesis);
  mempool.add(Tx(1).spends({1}).creates({2}));
  const MempoolSnapshot before = mempool.snapshot();
  EXPECT_EQ(mempool.rejection({Tx(2).creates({5}), Tx(3).consumes({5, 2}), Tx(4).spends({1})}),
            "NullifiersAlreadyExist");
  EXPECT_EQ(mempool.rejection({Tx(2).creates({5}), Tx(3).creates({5})}), "OutputNotesAlreadyExist");
  EXPECT_EQ(mempool.rejection({Tx(3).consumes({5}), Tx(2).creates({5})}),
            "UnauthenticatedNotesMissing");
  EXPECT_EQ(mempool.rejection({Tx(2), Tx(3).authenticated_at(5)}), "InputsAheadOfTip");
  EXPECT_EQ(mempool.rejection({Tx(2), Tx(3).expires(1)}), "Expired");
  EXPECT_EQ(mempool.rejection(std::vector<AuthenticatedTransaction>()), "EmptyTransactionBatch");
  EXPECT_EQ(mempool.snapshot(), before);
  mempool.add_batch({Tx(2).creates({5}), Tx(3).consumes({5, 2})});
}

TEST(AdmitBatch, RefusesWhatExceedsOneBatch) {
  MempoolOptions options;
  options.max_transactions_per_batch = 2;
  options.max_input_notes_per_batch = 3;
  options.max_output_notes_per_batch = 2;
  DrivenMempool mempool(options, kGenesis);
  EXPECT_EQ(mempool.rejection({Tx(1), Tx(2), Tx(3)}), "CapacityExceeded");
  EXPECT_EQ(mempool.rejection({Tx(1).spends({1, 2}), Tx(2).spends({3, 4})}), "CapacityExceeded");
  EXPECT_EQ(mempool.rejection({Tx(1).creates({1, 2}), Tx(2).creates({3})}), "CapacityExceeded");
  mempool.add_batch({Tx(1).spends({1, 2}).creates({1}), Tx(2).spends({3}).creates({2})});
}

// What was accepted once is taken back after a restart, whatever the limits say then.
TEST(Readmit, AsksNeitherForCapacityNorForSlack) {
  MempoolOptions options;
  options.transaction_capacity = 1;
  DrivenMempool mempool(options, BlockNum{10});
  EXPECT_TRUE(mempool.readmit(Tx(1).authenticated_at(10).expires(11)));
  EXPECT_TRUE(mempool.readmit(Tx(2).authenticated_at(10)));
  EXPECT_TRUE(mempool.readmit_batch({Tx(3).authenticated_at(10), Tx(4).authenticated_at(10)}));
  const auto expired = mempool.readmit(Tx(5).authenticated_at(10).expires(10));
  ASSERT_FALSE(expired);
  EXPECT_EQ(expired.error().code, "Expired");
  const auto conflict = mempool.readmit(Tx(1).authenticated_at(10));
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().code, "AccountCommitmentMismatch");
  mempool.check();
}

TEST(RestartAt, LeavesAnEmptyMempoolOnTheNewTipAndAbandonsEveryAttempt) {
  DrivenMempool mempool(kOptions, kGenesis);
  mempool.add(Tx(1));
  const SelectedBatch batch = mempool.any().value();
  mempool.block();
  mempool.add(Tx(2));
  EXPECT_EQ(mempool.restart_at(BlockNum{4}).size(), 2u);
  EXPECT_EQ(mempool.snapshot(), Mempool(kOptions, BlockNum{4}).snapshot());
  mempool.add(Tx(1).authenticated_at(4));
  EXPECT_NE(mempool.any().value().attempt, batch.attempt);
  EXPECT_FALSE(mempool.is_open(batch.attempt));
}

TEST(Uncommitted, ListsSubmissionsInOrderOfArrival) {
  DrivenMempool mempool(kOptions, kGenesis);
  mempool.add(Tx(9));
  mempool.commit_all();
  mempool.add(Tx(3));
  mempool.add_batch({Tx(8), Tx(2)});
  mempool.add(Tx(1));
  mempool.batch();
  mempool.block();
  std::vector<Ids> submissions;
  std::vector<bool> is_user_batch;
  for (const Submission& submission : mempool.uncommitted()) {
    Ids& ids = submissions.emplace_back();
    for (const auto& tx : submission.transactions) ids.push_back(number(tx->id));
    is_user_batch.push_back(submission.is_user_batch);
  }
  EXPECT_EQ(submissions, (std::vector<Ids>{{3}, {8, 2}, {1}}));
  EXPECT_EQ(is_user_batch, (std::vector<bool>{false, true, false}));
}

}  // namespace
}  // namespace miden
