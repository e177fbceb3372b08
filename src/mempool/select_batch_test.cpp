#include <gtest/gtest.h>

#include "mempool/test_support/drive_mempool.hpp"

namespace miden {
namespace {

MempoolOptions batches_of(size_t transactions) {
  MempoolOptions options;
  options.max_transactions_per_batch = transactions;
  return options;
}

// §20 D8: the reference takes them in order of their ids.
TEST(SelectBatch, TakesTransactionsInOrderOfArrival) {
  DrivenMempool mempool(batches_of(3), kGenesis);
  for (const uint64_t n : {5, 9, 2, 7, 1}) mempool.add(Tx(n));
  EXPECT_EQ(ids_of(mempool.any()), (Ids{5, 9, 2}));
  EXPECT_EQ(ids_of(mempool.any()), (Ids{7, 1}));
  EXPECT_EQ(mempool.any(), std::nullopt);
}

TEST(SelectBatch, IsFullAtExactlyTheLimit) {
  DrivenMempool mempool(batches_of(3), kGenesis);
  mempool.add(Tx(1));
  mempool.add(Tx(2));
  const MempoolSnapshot before = mempool.snapshot();
  EXPECT_EQ(mempool.full(), std::nullopt);
  EXPECT_EQ(mempool.snapshot(), before);
  mempool.add(Tx(3));
  EXPECT_EQ(ids_of(mempool.full()), (Ids{1, 2, 3}));
}

TEST(SelectBatch, IsFullWhenNotesRunOut) {
  MempoolOptions options;
  options.max_input_notes_per_batch = 2;
  options.max_output_notes_per_batch = 2;
  options.max_accounts_per_batch = 2;
  DrivenMempool mempool(options, kGenesis);
  mempool.add(Tx(1).spends({1, 2}));
  EXPECT_EQ(ids_of(mempool.full()), Ids{1});
  mempool.add(Tx(2).creates({1, 2}));
  EXPECT_EQ(ids_of(mempool.full()), Ids{2});
  // An account counts each time it is touched.
  mempool.add(Tx(3).on(3).from(1).to(2));
  mempool.add(Tx(4).on(3).from(2).to(3));
  EXPECT_EQ(ids_of(mempool.full()), (Ids{3, 4}));
}

TEST(SelectBatch, SkipsWhatDoesNotFitAndTakesWhatDoes) {
  MempoolOptions options;
  options.max_output_notes_per_batch = 3;
  DrivenMempool mempool(options, kGenesis);
  mempool.add(Tx(1).creates({1, 2}));
  mempool.add(Tx(2).creates({3, 4}));
  mempool.add(Tx(3).creates({5}));
  EXPECT_EQ(ids_of(mempool.any()), (Ids{1, 3}));
  EXPECT_EQ(ids_of(mempool.any()), Ids{2});
}

TEST(SelectBatch, KeepsToTheByteBudgetButNeverSkipsTheFirst) {
  MempoolOptions options;
  options.max_bytes_per_batch = 10;
  DrivenMempool mempool(options, kGenesis);
  mempool.add(Tx(1).weighs(25));
  mempool.add(Tx(2).weighs(6));
  mempool.add(Tx(3).weighs(6));
  mempool.add(Tx(4).weighs(4));
  EXPECT_EQ(ids_of(mempool.any()), Ids{1});
  EXPECT_EQ(ids_of(mempool.any()), (Ids{2, 4}));
  EXPECT_EQ(ids_of(mempool.any()), Ids{3});
}

TEST(SelectBatch, PutsCreatorsBeforeConsumers) {
  DrivenMempool mempool(batches_of(8), kGenesis);
  mempool.add(Tx(4).creates({1}));
  mempool.add(Tx(3).creates({2}).consumes({1}));
  mempool.add(Tx(2).on(9).from(1).to(2).consumes({2}));
  mempool.add(Tx(1).on(9).from(2).to(3));
  const SelectedBatch batch = mempool.any().value();
  EXPECT_EQ(ids_of(batch), (Ids{4, 3, 2, 1}));
  EXPECT_EQ(batch.unauthenticated_notes, std::vector<NoteId>());
}

TEST(SelectBatch, NamesNotesFromOtherBatchesAsUnauthenticated) {
  DrivenMempool mempool(batches_of(1), kGenesis);
  mempool.add(Tx(1).creates({1}));
  mempool.add(Tx(2).consumes({1}));
  EXPECT_EQ(mempool.any()->unauthenticated_notes, std::vector<NoteId>());
  EXPECT_EQ(mempool.any()->unauthenticated_notes, std::vector{note_id(1)});
}

TEST(SelectBatch, WaitsForEveryParent) {
  DrivenMempool mempool(batches_of(1), kGenesis);
  mempool.add(Tx(1).creates({1}));
  mempool.add(Tx(2).creates({2}));
  mempool.add(Tx(3).consumes({1, 2}));
  EXPECT_EQ(ids_of(mempool.any()), Ids{1});
  EXPECT_EQ(ids_of(mempool.any()), Ids{2});
  EXPECT_EQ(ids_of(mempool.any()), Ids{3});
}

// Transactions that leave an account as it is are not ordered; who changes it comes after them all.
TEST(SelectBatch, PutsAChangeAfterThoseThatReadTheStateBefore) {
  DrivenMempool mempool(batches_of(8), kGenesis);
  mempool.add(Tx(1).on(7).from(1).to(2));
  mempool.add(Tx(2).on(7).from(2).to(2).spends({1}));
  mempool.add(Tx(3).on(7).from(2).to(2).spends({2}));
  mempool.add(Tx(4).on(7).from(2).to(3));
  const auto& transactions = mempool.snapshot().transactions;
  EXPECT_EQ(transactions[1].parents, std::set{tx_id(1)});
  EXPECT_EQ(transactions[2].parents, std::set{tx_id(1)});
  EXPECT_EQ(transactions[3].parents, (std::set{tx_id(1), tx_id(2), tx_id(3)}));
  EXPECT_EQ(ids_of(mempool.any()), (Ids{1, 2, 3, 4}));
}

TEST(SelectBatch, FollowsNotesBetweenPassThroughTransactionsOfSeveralBatches) {
  DrivenMempool mempool(batches_of(1), kGenesis);
  mempool.add(Tx(1).on(7).from(1).to(1).spends({1}).creates({1}));
  mempool.add(Tx(2).on(7).from(1).to(1).consumes({1}));
  EXPECT_EQ(ids_of(mempool.any()), Ids{1});
  EXPECT_EQ(ids_of(mempool.any()), Ids{2});
  EXPECT_EQ(mempool.snapshot().batches[1].parents, std::set{tx_id(1)});
}

TEST(SelectBatch, KeepsAUserBatchToItself) {
  DrivenMempool mempool(batches_of(4), kGenesis);
  mempool.add(Tx(1));
  mempool.add_batch({Tx(2), Tx(3)});
  mempool.add(Tx(4));
  EXPECT_EQ(ids_of(mempool.any()), (Ids{1, 4}));
  EXPECT_EQ(ids_of(mempool.any()), (Ids{2, 3}));
}

TEST(SelectBatch, CountsAUserBatchAsFull) {
  DrivenMempool mempool(batches_of(4), kGenesis);
  mempool.add(Tx(1));
  mempool.add_batch({Tx(2)});
  EXPECT_EQ(ids_of(mempool.full()), Ids{2});
  EXPECT_EQ(mempool.full(), std::nullopt);
}

TEST(SelectBatch, TakesAUserBatchOnlyWhole) {
  DrivenMempool mempool(batches_of(2), kGenesis);
  mempool.add_batch({Tx(1), Tx(2).creates({1})});
  mempool.add(Tx(3).creates({3}));
  mempool.add(Tx(4));
  mempool.add(Tx(5).creates({5}));
  mempool.add_batch({Tx(6), Tx(7).consumes({1, 5})});
  EXPECT_EQ(ids_of(mempool.any()), (Ids{1, 2}));
  EXPECT_EQ(ids_of(mempool.any()), (Ids{3, 4}));  // 5 is not selected yet: 6 and 7 have to wait
  EXPECT_EQ(ids_of(mempool.any()), Ids{5});
  EXPECT_EQ(ids_of(mempool.any()), (Ids{6, 7}));
}

// §20 D6: in the reference user batches always go first.
TEST(SelectBatch, GivesUserBatchesEverySecondTurnAtMost) {
  DrivenMempool mempool(batches_of(2), kGenesis);
  mempool.add_batch({Tx(1)});
  mempool.add_batch({Tx(2)});
  mempool.add_batch({Tx(3)});
  for (const uint64_t n : {4, 5, 6, 7}) mempool.add(Tx(n));
  mempool.add_batch({Tx(8)});
  EXPECT_EQ(ids_of(mempool.any()), Ids{1});
  EXPECT_EQ(ids_of(mempool.any()), (Ids{4, 5}));
  EXPECT_EQ(ids_of(mempool.any()), Ids{2});
  EXPECT_EQ(ids_of(mempool.any()), (Ids{6, 7}));
  EXPECT_EQ(ids_of(mempool.any()), Ids{3});
  EXPECT_EQ(ids_of(mempool.any()), Ids{8});
}

TEST(SelectBatch, PrefersWhoeverWaitsLonger) {
  DrivenMempool mempool(batches_of(2), kGenesis);
  mempool.add(Tx(1));
  mempool.add(Tx(2));
  mempool.add_batch({Tx(3)});
  EXPECT_EQ(ids_of(mempool.any()), (Ids{1, 2}));
  EXPECT_EQ(ids_of(mempool.any()), Ids{3});
}

TEST(SelectBatch, LetsOthersBuildOnAUserBatch) {
  DrivenMempool mempool(batches_of(2), kGenesis);
  mempool.add_batch({Tx(1).creates({1}), Tx(2).consumes({1}).creates({2})});
  mempool.add(Tx(3).consumes({2}));
  EXPECT_EQ(ids_of(mempool.any()), (Ids{1, 2}));
  EXPECT_EQ(ids_of(mempool.any()), Ids{3});
}

// A late report about an attempt that was given up reaches nobody.
TEST(BatchProven, IgnoresAbandonedAttempts) {
  DrivenMempool mempool(batches_of(2), kGenesis);
  mempool.add(Tx(1));
  const SelectedBatch first = mempool.any().value();
  mempool.fail(first, kOutage);
  const SelectedBatch second = mempool.any().value();
  EXPECT_EQ(ids_of(second), ids_of(first));
  EXPECT_FALSE(mempool.batch_proven(first.attempt, proof_of(first), 1));
  EXPECT_EQ(mempool.fail(first, kBadContent), std::vector<Eviction>());
  EXPECT_EQ(mempool.stats().proposed_batches, 1u);
  mempool.prove(second);
  EXPECT_FALSE(mempool.batch_proven(second.attempt, proof_of(second), 1));
}

// §20 D11: in the reference committed batches count for five more blocks.
TEST(Stats, CountBatchesOnlyUntilTheyAreInABlock) {
  DrivenMempool mempool(batches_of(1), kGenesis);
  for (const uint64_t n : {1, 2, 3}) mempool.add(Tx(n));
  mempool.batch();
  mempool.any();
  EXPECT_EQ(mempool.stats(), (MempoolStats{.unbatched_transactions = 1,
                                           .proposed_batches = 1,
                                           .proven_batches = 1,
                                           .uncommitted_transactions = 3}));
  mempool.block();
  mempool.commit();
  EXPECT_EQ(mempool.stats(), (MempoolStats{.unbatched_transactions = 1,
                                           .proposed_batches = 1,
                                           .proven_batches = 0,
                                           .uncommitted_transactions = 2}));
}

}  // namespace
}  // namespace miden
