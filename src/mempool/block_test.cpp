#include <gtest/gtest.h>

#include <algorithm>

#include "mempool/test_support/drive_mempool.hpp"

namespace miden {
namespace {

MempoolOptions one_by_one() {
  MempoolOptions options;
  options.max_transactions_per_batch = 1;
  return options;
}

Failure fault_of(uint64_t n) { return {.cause = Failure::Cause::kContent, .culprits = {tx_id(n)}}; }

std::set<uint64_t> pending_transactions(const Mempool& mempool) {
  const MempoolSnapshot snapshot = mempool.snapshot();
  std::set<uint64_t> numbers;
  for (const auto& batch : snapshot.pending.value()) {
    for (const TransactionId& id : batch) numbers.insert(number(id));
  }
  return numbers;
}

TEST(SelectBlock, TakesProvenBatchesInOrder) {
  MempoolOptions options = one_by_one();
  options.max_batches_per_block = 2;
  DrivenMempool mempool(options, kGenesis);
  for (const uint64_t n : {4, 3, 2, 1}) mempool.add(Tx(n));
  const SelectedBatch fourth = mempool.any().value();
  const SelectedBatch third = mempool.any().value();
  mempool.batch();
  mempool.prove(third);
  mempool.batch();
  mempool.prove(fourth);
  EXPECT_EQ(mempool.block(), (Ids{4, 3}));
  mempool.commit();
  EXPECT_EQ(mempool.block(), (Ids{2, 1}));
}

TEST(SelectBlock, TakesABatchOnlyAfterThoseItBuildsOn) {
  DrivenMempool mempool(one_by_one(), kGenesis);
  mempool.add(Tx(1).creates({1}));
  mempool.add(Tx(2).consumes({1}));
  const SelectedBatch parent = mempool.any().value();
  mempool.batch();
  EXPECT_EQ(mempool.block(), Ids());
  mempool.prove(parent);
  mempool.commit();
  EXPECT_EQ(mempool.block(), (Ids{1, 2}));
}

TEST(SelectBlock, CanLeaveEverythingOut) {
  DrivenMempool mempool(one_by_one(), kGenesis);
  mempool.add(Tx(1));
  mempool.batch();
  EXPECT_EQ(mempool.select_empty_block()->batches.size(), 0u);
  EXPECT_EQ(mempool.select_empty_block().error().code, "BlockAlreadyPending");
  mempool.commit();
  EXPECT_EQ(mempool.block(), Ids{1});
}

TEST(SelectBlock, ProducesEmptyBlocks) {
  DrivenMempool mempool(one_by_one(), kGenesis);
  mempool.commit_empty_blocks(20);
  EXPECT_EQ(mempool.committed_tip(), BlockNum{20});
  EXPECT_EQ(mempool.snapshot().committed.size(), 5u);
}

// §20 D15: a block that no validator could receive is never proposed, unless one batch alone is so
// large.
TEST(SelectBlock, KeepsToTheByteBudgetButNeverSkipsTheFirst) {
  MempoolOptions options = one_by_one();
  options.max_bytes_per_block = 10;
  DrivenMempool mempool(options, kGenesis);
  for (const uint64_t n : {1, 2, 3, 4}) mempool.add(Tx(n));
  mempool.prove(mempool.any().value(), 30);
  mempool.prove(mempool.any().value(), 6);
  mempool.prove(mempool.any().value(), 6);
  mempool.prove(mempool.any().value(), 4);
  EXPECT_EQ(mempool.block(), Ids{1});
  mempool.commit();
  EXPECT_EQ(mempool.block(), (Ids{2, 4}));
  mempool.commit();
  EXPECT_EQ(mempool.block(), Ids{3});
}

TEST(PendingBlock, RefusesWhatDoesNotFitIt) {
  DrivenMempool mempool(one_by_one(), BlockNum{5});
  EXPECT_EQ(mempool.block_committed(BlockNum{6}).error().code, "NoPendingBlock");
  EXPECT_EQ(mempool.block_failed(BlockNum{6}, kOutage).error().code, "NoPendingBlock");
  mempool.block();
  EXPECT_EQ(mempool.select_block().error().code, "BlockAlreadyPending");
  EXPECT_EQ(mempool.block_committed(BlockNum{7}).error().code, "BlockNumberMismatch");
  EXPECT_EQ(mempool.block_failed(BlockNum{5}, kOutage).error().code, "BlockNumberMismatch");
  EXPECT_EQ(mempool.chain_tip(), BlockNum{6});
  mempool.commit();
  EXPECT_EQ(mempool.chain_tip(), BlockNum{6});
}

// §20 D3: an outage, however long, evicts nobody.
TEST(BlockFailed, CountsNoOutageAgainstTransactions) {
  DrivenMempool mempool(one_by_one(), kGenesis);
  mempool.add(Tx(1));
  mempool.add(Tx(2));
  mempool.batch();
  mempool.batch();
  const MempoolSnapshot before = mempool.snapshot();
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(mempool.block(), (Ids{1, 2}));
    EXPECT_EQ(mempool.fail_block(kOutage), std::vector<Eviction>());
    EXPECT_EQ(mempool.snapshot(), before);  // §20 D5: the proofs are kept
  }
  for (int i = 0; i < 50; ++i) {
    mempool.add(Tx(10 + static_cast<uint64_t>(i)));
    mempool.fail(mempool.any().value(), kOutage);
  }
  EXPECT_EQ(mempool.stats().uncommitted_transactions, 52u);
}

// §20 D4: the batch at fault is found by halving, the others get in meanwhile.
TEST(BlockFailed, FindsTheBadTransactionAndSparesTheInnocent) {
  MempoolOptions options;
  options.max_transactions_per_batch = 4;
  options.max_batches_per_block = 4;
  DrivenMempool mempool(options, kGenesis);
  for (uint64_t n = 1; n <= 16; ++n) mempool.add(Tx(n));
  constexpr uint64_t kBad = 6;

  std::set<uint64_t> committed;
  Ids evicted;
  int blocks = 0;
  while (evicted.empty() && blocks < 40) {
    ++blocks;
    // A later transaction is never held up by the search.
    mempool.add(
        Tx(100 + static_cast<uint64_t>(blocks)).authenticated_at(mempool.committed_tip().value));
    while (const auto batch = mempool.any()) mempool.prove(*batch);
    const auto block = mempool.select_block();
    ASSERT_TRUE(block);
    const std::set<uint64_t> included = pending_transactions(mempool);
    if (included.contains(kBad)) {
      evicted = ids_of(mempool.fail_block(kBadContent));
    } else {
      mempool.commit();
      committed.insert(included.begin(), included.end());
    }
  }
  EXPECT_EQ(evicted, Ids{kBad});
  EXPECT_LE(blocks, 20);
  while (mempool.stats().uncommitted_transactions > 0 && blocks++ < 60) {
    while (const auto batch = mempool.any()) mempool.prove(*batch);
    mempool.block();
    committed.merge(pending_transactions(mempool));
    mempool.commit();
  }
  for (uint64_t n = 1; n <= 16; ++n) EXPECT_EQ(committed.contains(n), n != kBad) << n;
}

TEST(BlockFailed, BlamesOnlyTheNamedCulprit) {
  MempoolOptions options;
  options.max_transactions_per_batch = 2;
  DrivenMempool mempool(options, kGenesis);
  for (const uint64_t n : {1, 2, 3, 4}) mempool.add(Tx(n));
  mempool.batch();
  mempool.batch();
  EXPECT_EQ(mempool.block(), (Ids{1, 3}));
  EXPECT_EQ(mempool.fail_block(fault_of(2)), std::vector<Eviction>());
  // 3 and 4 keep their proof; 1 waits again; 2 is tried alone.
  EXPECT_EQ(mempool.stats().proven_batches, 1u);
  EXPECT_EQ(ids_of(mempool.batch()), Ids{1});
  EXPECT_EQ(ids_of(mempool.batch()), Ids{2});
  EXPECT_EQ(mempool.block(), (Ids{3, 1}));
  mempool.commit();
  EXPECT_EQ(mempool.block(), Ids{2});
  EXPECT_EQ(mempool.fail_block(fault_of(2)), std::vector<Eviction>());
  mempool.batch();
  mempool.block();
  EXPECT_EQ(mempool.fail_block(fault_of(2)),
            (std::vector<Eviction>{{tx_id(2), EvictionReason::kFailed}}));
}

TEST(BlockFailed, EvictsAtExactlyTheThirdFailure) {
  DrivenMempool mempool(one_by_one(), kGenesis);
  mempool.add(Tx(1).creates({1}));
  mempool.add(Tx(2).consumes({1}));
  mempool.add(Tx(3));
  for (int failures = 1; failures <= 3; ++failures) {
    while (const auto batch = mempool.any()) mempool.prove(*batch);
    Ids block = mempool.block();
    while (std::ranges::find(block, 1u) == block.end()) {
      mempool.commit();
      block = mempool.block();
    }
    const auto evictions = mempool.fail_block(fault_of(1));
    if (failures < 3) {
      EXPECT_EQ(evictions, std::vector<Eviction>());
    } else {
      EXPECT_EQ(evictions, (std::vector<Eviction>{{tx_id(1), EvictionReason::kFailed},
                                                  {tx_id(2), EvictionReason::kDependency}}));
    }
  }
  EXPECT_FALSE(mempool.contains(tx_id(1)));
  EXPECT_FALSE(mempool.contains(tx_id(2)));
}

TEST(BatchFailed, RequeuesTheBatchAndThoseThatBuildOnIt) {
  DrivenMempool mempool(one_by_one(), kGenesis);
  mempool.add(Tx(1).creates({1}));
  mempool.add(Tx(2).consumes({1}).creates({2}));
  mempool.add(Tx(3).consumes({2}));
  mempool.add(Tx(4));
  mempool.batch();
  const SelectedBatch middle = mempool.any().value();
  const SelectedBatch last = mempool.batch();
  mempool.batch();
  mempool.fail(middle, kOutage);
  // 1 and 4 are still proven, 3's proof is gone.
  EXPECT_FALSE(mempool.batch_proven(last.attempt, proof_of(last), 1));
  EXPECT_EQ(mempool.stats(), (MempoolStats{.unbatched_transactions = 2,
                                           .proposed_batches = 0,
                                           .proven_batches = 2,
                                           .uncommitted_transactions = 4}));
  EXPECT_EQ(ids_of(mempool.any()), Ids{2});
  EXPECT_EQ(ids_of(mempool.any()), Ids{3});
}

TEST(BatchFailed, LeavesAProvenBatchAlone) {
  DrivenMempool mempool(one_by_one(), kGenesis);
  mempool.add(Tx(1));
  const SelectedBatch batch = mempool.batch();
  const MempoolSnapshot before = mempool.snapshot();
  EXPECT_EQ(mempool.fail(batch, kBadContent), std::vector<Eviction>());
  EXPECT_EQ(mempool.snapshot(), before);
  mempool.block();
  EXPECT_EQ(mempool.fail(batch, kBadContent), std::vector<Eviction>());
}

TEST(BatchFailed, FindsTheBadTransactionByHalving) {
  MempoolOptions options;
  options.max_transactions_per_batch = 8;
  DrivenMempool mempool(options, kGenesis);
  for (uint64_t n = 1; n <= 8; ++n) mempool.add(Tx(n));
  constexpr uint64_t kBad = 3;
  Ids evicted;
  int failures = 0;
  while (evicted.empty()) {
    const auto batch = mempool.any();
    ASSERT_TRUE(batch);
    const Ids ids = ids_of(*batch);
    if (std::ranges::find(ids, kBad) == ids.end()) {
      mempool.prove(*batch);
      continue;
    }
    evicted = ids_of(mempool.fail(*batch, kBadContent));
    ++failures;
  }
  EXPECT_EQ(evicted, Ids{kBad});
  EXPECT_EQ(failures, 3 + 3);  // 8, 4, 2, and three times alone
  while (const auto batch = mempool.any()) mempool.prove(*batch);
  EXPECT_EQ(mempool.stats().uncommitted_transactions, 7u);
}

TEST(BatchFailed, TreatsAUserBatchAsOne) {
  DrivenMempool mempool(MempoolOptions{}, kGenesis);
  mempool.add(Tx(9));
  mempool.add_batch({Tx(1), Tx(2).creates({2}), Tx(3)});
  mempool.add(Tx(4).consumes({2}));
  mempool.batch();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(mempool.fail(mempool.any().value(), kBadContent), std::vector<Eviction>());
  }
  EXPECT_EQ(ids_of(mempool.fail(mempool.any().value(), kBadContent)), (Ids{1, 2, 3, 4}));
  EXPECT_EQ(mempool.stats().uncommitted_transactions, 1u);
}

TEST(BatchFailed, EvictsTheSiblingsOfACulprit) {
  DrivenMempool mempool(MempoolOptions{}, kGenesis);
  mempool.add_batch({Tx(1), Tx(2)});
  mempool.fail(mempool.any().value(), fault_of(2));
  mempool.fail(mempool.any().value(), fault_of(2));
  EXPECT_EQ(mempool.fail(mempool.any().value(), fault_of(2)),
            (std::vector<Eviction>{{tx_id(1), EvictionReason::kSibling},
                                   {tx_id(2), EvictionReason::kFailed}}));
  EXPECT_EQ(mempool.snapshot(), Mempool(MempoolOptions{}, kGenesis).snapshot());
}

// §21: expired transactions go when the block of their expiration is committed, and leave nothing.
TEST(Expiry, EvictsWaitingTransactionsWithAllThatBuildsOnThem) {
  DrivenMempool mempool(one_by_one(), kGenesis);
  mempool.add(Tx(1));
  mempool.commit_all();
  const MempoolSnapshot before = mempool.snapshot();
  mempool.add(Tx(2).expires(4).creates({2}));
  mempool.add(Tx(3).consumes({2}));
  mempool.add_batch({Tx(4).expires(4)});
  EXPECT_EQ(mempool.commit_empty_blocks(2), std::vector<Eviction>());  // tip 3
  EXPECT_EQ(mempool.commit_empty_blocks(1),
            (std::vector<Eviction>{{tx_id(2), EvictionReason::kExpired},
                                   {tx_id(3), EvictionReason::kDependency},
                                   {tx_id(4), EvictionReason::kExpired}}));
  EXPECT_EQ(mempool.snapshot().transactions, before.transactions);
  EXPECT_EQ(mempool.snapshot().lanes, before.lanes);
  EXPECT_EQ(mempool.snapshot().spenders, before.spenders);
}

TEST(Expiry, TakesProvenAndUnprovenBatchesApart) {
  MempoolOptions options;
  options.max_transactions_per_batch = 2;
  DrivenMempool mempool(options, kGenesis);
  mempool.add(Tx(1).expires(3));
  mempool.add(Tx(2));
  mempool.add(Tx(3).expires(3));
  mempool.add(Tx(4));
  const SelectedBatch proving = mempool.any().value();
  const SelectedBatch other = mempool.any().value();
  for (int i = 0; i < 2; ++i) mempool.commit_empty_blocks(1);
  mempool.block();
  mempool.prove(other);
  EXPECT_EQ(ids_of(mempool.commit()), (Ids{1, 3}));
  EXPECT_FALSE(mempool.batch_proven(proving.attempt, proof_of(proving), 1));
  EXPECT_EQ(ids_of(mempool.any()), (Ids{2, 4}));
}

TEST(Expiry, LeavesTheBlockOfTheExpirationPossible) {
  DrivenMempool mempool(one_by_one(), kGenesis);
  mempool.add(Tx(1).expires(3));
  mempool.batch();
  mempool.block();
  mempool.fail_block(kOutage);
  mempool.block();
  EXPECT_EQ(mempool.commit(), std::vector<Eviction>());
  EXPECT_EQ(mempool.commit_empty_blocks(5), std::vector<Eviction>());
}

// §20 D1: in the reference a transaction that waits while what it builds on is pruned ends the
// node.
TEST(Prune, LeavesATransactionThatHasWaitedForLong) {
  DrivenMempool mempool(one_by_one(), kGenesis);
  mempool.add(Tx(1).on(7).from(1).to(2).in_chain(1));
  mempool.commit_all();
  mempool.add(Tx(2).on(7).from(2).to(3).in_chain(1));
  mempool.commit_empty_blocks(8);
  ASSERT_FALSE(mempool.contains(tx_id(1)));
  const SelectedBatch batch = mempool.any().value();
  EXPECT_EQ(ids_of(batch), Ids{2});
  mempool.fail(batch, kOutage);
  mempool.batch();
  EXPECT_EQ(mempool.block(), Ids{2});
  mempool.commit();
}

TEST(Prune, VouchesForTheNotesOfACommittedParent) {
  DrivenMempool mempool(one_by_one(), kGenesis);
  mempool.add(Tx(1).creates({1}));
  mempool.commit_all();
  mempool.add(Tx(2).consumes({1}).authenticated_at(0));
  mempool.commit_empty_blocks(4);  // tip 5: block 1 is retained
  const SelectedBatch early = mempool.any().value();
  EXPECT_EQ(early.unauthenticated_notes, std::vector{note_id(1)});
  mempool.fail(early, kOutage);
  mempool.commit_empty_blocks(1);
  const SelectedBatch late = mempool.any().value();
  EXPECT_EQ(late.unauthenticated_notes, std::vector<NoteId>());
}

TEST(Prune, LeavesNothingBehind) {
  DrivenMempool mempool(MempoolOptions{}, kGenesis);
  mempool.add(Tx(1).on(7).from(0).to(2).in_chain(0).spends({1}).creates({1}));
  mempool.add(Tx(2).on(7).from(2).to(2).consumes({1}).creates({2}));
  mempool.add(Tx(3).on(7).from(2).to(4).consumes({2}));
  mempool.add_batch({Tx(4).on(7).from(4).to(5).spends({4}), Tx(5)});
  mempool.commit_all();
  mempool.commit_empty_blocks(5);
  DrivenMempool fresh(MempoolOptions{}, kGenesis);
  fresh.commit_empty_blocks(6);
  EXPECT_EQ(mempool.snapshot(), fresh.snapshot());
}

}  // namespace
}  // namespace miden
