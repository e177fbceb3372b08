#include "producer/block_producer.hpp"

#include <gtest/gtest.h>

#include "producer/test_support/producer_world.hpp"

namespace miden {
namespace {

using std::chrono::milliseconds;

std::string detail(const Answer<BlockNum>& answer) {
  return answer ? "accepted" : answer.error().details;
}

TEST(BlockProducer, CommitsAndProvesWhatItAccepted) {
  ProducerWorld world;
  world.start();
  const auto first = world.creating(1, {.outputs = {private_note(1)}});
  const auto second = world.creating(2, {.inputs = {unauthenticated(1)}});
  world.accept(first);
  world.accept(second);
  ASSERT_TRUE(world.await_commit(first));
  ASSERT_TRUE(world.await_commit(second));
  const BlockNum tip = world.chain->tip();
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() >= tip; }));
  EXPECT_EQ(world.chain->journal_entries(), std::vector<JournalEntry>());
  ASSERT_TRUE(
      world.await([&] { return world.producer->status().mempool.uncommitted_transactions == 0; }));
  world.expect_the_validators_chain();
}

TEST(BlockProducer, ProducesEmptyBlocksAtTheInterval) {
  ProducerWorld world;
  world.start();
  ASSERT_TRUE(world.await_blocks(10));
  world.expect_the_validators_chain();
}

TEST(BlockProducer, BuildsOnWhatIsInFlight) {
  ProducerWorld world;
  world.start();
  std::vector<std::shared_ptr<const ProvenTransaction>> chain_of_states;
  for (uint64_t n = 0; n < 20; ++n) {
    chain_of_states.push_back(
        world.made({.account = private_account(1), .initial = n, .final = n + 1}));
    world.accept(chain_of_states.back());
  }
  ASSERT_TRUE(world.await_commit(chain_of_states.back()));
}

TEST(BlockProducer, CommitsAUserBatch) {
  ProducerWorld world;
  world.start();
  const auto first = world.creating(1, {.outputs = {private_note(1)}});
  const auto second = world.creating(2, {.inputs = {unauthenticated(1)}});
  ASSERT_TRUE(world.producer->submit_batch({first, second}));
  ASSERT_TRUE(world.await_commit(first));
  ASSERT_TRUE(world.await_commit(second));
}

// spec/block-production.md §7.2: what a client reads from a refusal.
TEST(Submit, RefusesWithTheStatusesOfTheSpec) {
  BlockProducerOptions options = quick_options();
  options.mempool.transaction_capacity = 2;
  ProducerWorld world(options);
  world.start();
  const auto spender = world.creating(1, {.inputs = {authenticated(1)}});
  world.accept(spender);
  ASSERT_TRUE(world.await_commit(spender));
  ASSERT_TRUE(
      world.await([&] { return world.producer->status().mempool.uncommitted_transactions == 0; }));

  const auto spent = world.creating(2, {.inputs = {authenticated(1)}});
  const Answer<BlockNum> single = world.producer->submit(spent);
  ASSERT_FALSE(single);
  EXPECT_EQ(single.error(),
            Status(StatusCode::kInternal,
                   "transaction conflicts with the chain\ncaused by: nullifiers already exist: " +
                       nullifier(1).to_hex(),
                   std::string(1, '\0')));
  const Answer<BlockNum> batch = world.producer->submit_batch({spent});
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, StatusCode::kInvalidArgument);
  EXPECT_EQ(detail(batch), "\x02");

  const auto expired =
      world.producer->submit(world.creating(3, {.expiration = world.chain->tip().value + 1}));
  ASSERT_FALSE(expired);
  EXPECT_EQ(expired.error().code, StatusCode::kInvalidArgument);
  EXPECT_EQ(detail(expired), "\x01");

  const auto wrong_state =
      world.producer->submit(world.made({.account = private_account(4), .initial = 5, .final = 6}));
  EXPECT_EQ(wrong_state.error().code, StatusCode::kInvalidArgument);
  EXPECT_EQ(detail(wrong_state), "\x02");

  world.batch_prover->set_mood({.always = kUnreachable});
  world.accept(world.creating(5));
  world.accept(world.creating(6));
  const auto full = world.producer->submit(world.creating(7));
  EXPECT_EQ(full.error().code, StatusCode::kInvalidArgument);
  EXPECT_EQ(detail(full), "\x03");
}

TEST(Submit, RefusesANewAccountWhosePrefixTheChainHas) {
  ProducerWorld world;
  world.start();
  const auto first = world.creating(1);
  world.accept(first);
  ASSERT_TRUE(world.await_commit(first));
  const auto beside = world.made({.account = private_account_beside(1), .initial = 0});
  EXPECT_EQ(detail(world.producer->submit(beside)), std::string(1, '\0'));
}

TEST(HasAccepted, FromTheAnswerToTheBlock) {
  ProducerWorld world;
  world.make_producer();
  const auto single = world.creating(1);
  const auto in_batch = world.creating(2);
  EXPECT_FALSE(world.producer->has_accepted(single->id));
  world.accept(single);
  ASSERT_TRUE(world.producer->submit_batch({in_batch}));
  EXPECT_TRUE(world.producer->has_accepted(single->id));
  EXPECT_TRUE(world.producer->has_accepted(in_batch->id));
  world.stop();
  world.make_producer();
  EXPECT_TRUE(world.producer->has_accepted(single->id));
  EXPECT_TRUE(world.producer->has_accepted(in_batch->id));
  world.producer->start();
  ASSERT_TRUE(world.await([&] {
    return !world.producer->has_accepted(single->id) && !world.producer->has_accepted(in_batch->id);
  }));
  EXPECT_TRUE(world.is_committed(single));
}

// A batch whose transactions neither a batch of others nor a block may tear apart.
TEST(UserBatch, KeepsItsOrderAmongOthersAndAcrossARestart) {
  ProducerWorld world;
  world.make_producer();
  std::vector<std::shared_ptr<const ProvenTransaction>> batch;
  for (uint64_t n = 1; n <= 3; ++n) {
    world.accept(world.creating(100 + n));
    batch.push_back(world.made({.account = private_account(1), .initial = n - 1, .final = n}));
  }
  ASSERT_TRUE(world.producer->submit_batch(batch));
  for (uint64_t n = 4; n <= 6; ++n) world.accept(world.creating(100 + n));
  world.stop();
  EXPECT_EQ(world.chain->journal_entries().size(), 7u);
  world.start();
  ASSERT_TRUE(world.await_commit(batch.back()));
  for (BlockNum block_num{1};; block_num = block_num.next()) {
    const auto bytes = world.chain->view()->block(block_num);
    ASSERT_TRUE(bytes);
    const auto block = from_bytes<SignedBlock>(*bytes);
    std::vector<TransactionId> ids;
    for (const auto& transaction : block->body.transactions.transactions) {
      if (transaction.account_id == private_account(1)) ids.push_back(transaction.id);
    }
    if (ids.empty()) continue;
    EXPECT_EQ(ids, (std::vector{batch[0]->id, batch[1]->id, batch[2]->id}));
    break;
  }
}

TEST(Restart, TakesBackWhatWasAccepted) {
  ProducerWorld world;
  world.make_producer();
  const auto single = world.creating(1, {.outputs = {private_note(1)}});
  const auto child = world.creating(2, {.inputs = {unauthenticated(1)}});
  const auto sibling = world.creating(3);
  const auto after = world.made({.account = private_account(3), .initial = 1003, .final = 3});
  world.accept(single);
  ASSERT_TRUE(world.producer->submit_batch({child, sibling}));
  world.accept(after);
  world.stop();
  EXPECT_EQ(world.chain->journal_entries().size(), 3u);

  world.start();
  ASSERT_TRUE(world.await_commit(single));
  ASSERT_TRUE(world.await_commit(child));
  ASSERT_TRUE(world.await_commit(after));
  EXPECT_EQ(world.chain->journal_entries(), std::vector<JournalEntry>());
}

TEST(Restart, DropsWhatHasExpiredMeanwhile) {
  ProducerWorld world;
  world.make_producer();
  const auto expiring = world.creating(1, {.expiration = 6});
  const auto lasting = world.creating(2);
  world.accept(expiring);
  world.accept(lasting);
  world.batch_prover->set_mood({.always = kUnreachable});
  world.stop();
  world.start();
  ASSERT_TRUE(world.await_blocks(8));
  world.stop();
  ASSERT_EQ(world.chain->journal_entries().size(), 1u);
  world.batch_prover->set_mood({});
  world.start();
  ASSERT_TRUE(world.await_commit(lasting));
  EXPECT_EQ(world.state_of(1), std::nullopt);
}

TEST(Restart, AgainAndAgainLosesNothing) {
  ProducerWorld world;
  std::vector<std::shared_ptr<const ProvenTransaction>> accepted;
  for (uint64_t round = 0; round < 6; ++round) {
    world.start();
    for (uint64_t n = 0; n < 10; ++n) {
      accepted.push_back(world.creating(100 * round + n + 1));
      world.accept(accepted.back());
      std::this_thread::sleep_for(milliseconds(7));
    }
    world.stop();
  }
  world.start();
  for (const auto& transaction : accepted) ASSERT_TRUE(world.await_commit(transaction));
  world.expect_the_validators_chain();
}

// Both chains have the same height, so that only the blocks themselves tell them apart.
TEST(CatchUp, ProposesNothingToAnotherNetworksValidator) {
  ProducerWorld world;
  const auto own = world.validator;
  SignedBlock foreign = empty_genesis();
  foreign.header.timestamp += 1;
  foreign.signature = validator_secret().sign(foreign.header.commitment());
  world.validator = std::make_shared<FakeValidator>(foreign, validator_secret(), word(17));
  world.start();
  const auto accepted = world.creating(1);
  world.accept(accepted);
  ASSERT_TRUE(world.await([&] { return world.producer->status().mempool.proven_batches == 1; }));
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(world.validator->sign_calls(), 0);
  EXPECT_EQ(world.chain->tip(), kGenesis);
  EXPECT_EQ(world.producer->status().mempool.uncommitted_transactions, 1u);

  world.stop();
  world.validator = own;
  world.start();
  ASSERT_TRUE(world.await_commit(accepted));
}

// Adoption: a block that was signed and not stored is taken over, not replaced.
TEST(Adopt, TakesTheBlockThatWasSignedBeforeACrash) {
  ProducerWorld world;
  world.validator->set_mood({.always = kUnreachable});
  world.start();
  const auto included = world.creating(1, {.outputs = {private_note(1)}});
  world.accept(included);
  ASSERT_TRUE(world.await([&] { return world.producer->status().mempool.proven_batches == 1; }));
  // The block with the transaction is signed, its answer lost until the process ends.
  world.validator->set_mood({.after_signing = kUnreachable});
  ASSERT_TRUE(world.await([&] { return world.validator->sign_calls() > 3; }));
  const auto child = world.creating(2, {.inputs = {unauthenticated(1)}});
  world.accept(child);
  world.stop();
  EXPECT_EQ(world.chain->tip(), kGenesis);
  const auto signed_before = world.validator->blocks();
  ASSERT_EQ(signed_before.size(), 2u);
  ASSERT_EQ(signed_before.at(BlockNum{1}).body.transactions.transactions.size(), 1u);

  world.validator->set_mood({});
  world.start();
  ASSERT_TRUE(world.await_commit(included));
  ASSERT_TRUE(world.await_commit(child));
  EXPECT_EQ(world.chain->view()->block(BlockNum{1}), to_bytes(signed_before.at(BlockNum{1})));
  world.expect_the_validators_chain();
}

TEST(Adopt, TakesBackABlockThatHoldsAcceptedTransactions) {
  ProducerWorld world;
  world.start();
  ASSERT_TRUE(world.await_blocks(1));
  const auto included = world.creating(1);
  world.accept(included);
  ASSERT_TRUE(world.await([&] {
    const auto status = world.producer->status().mempool;
    return status.proven_batches == 1 || status.uncommitted_transactions == 0;
  }));
  world.validator->set_mood({.after_signing = kUnreachable});
  ASSERT_TRUE(world.await([&] {
    const BlockNum signed_tip = *world.validator->signed_tip({});
    return world.is_committed(included) || signed_tip > world.chain->tip();
  }));
  const auto waiting = world.made({.account = private_account(1), .initial = 1001, .final = 3});
  world.accept(waiting);
  world.stop();
  world.validator->set_mood({});
  world.start();
  ASSERT_TRUE(world.await_commit(waiting));
  world.expect_the_validators_chain();
  EXPECT_EQ(world.chain->journal_entries(), std::vector<JournalEntry>());
}

// A node restored from a backup: everything the validator has signed since comes back.
TEST(Adopt, CatchesUpWithManyBlocks) {
  ProducerWorld old_world;
  old_world.start();
  const auto known = old_world.creating(1);
  old_world.accept(known);
  ASSERT_TRUE(old_world.await_commit(known));
  ASSERT_TRUE(old_world.await_blocks(5));
  old_world.stop();

  ProducerWorld world;
  world.validator = old_world.validator;
  world.make_producer();
  const auto waiting = world.creating(2);
  world.accept(waiting);
  world.producer->start();
  ASSERT_TRUE(world.await_commit(waiting));
  EXPECT_TRUE(world.is_committed(known));
  world.expect_the_validators_chain();
  // Adopted blocks are proven, too.
  const BlockNum tip = world.chain->tip();
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() >= tip; }));
}

TEST(Adopt, WaitsForAValidatorThatIsNotThereYet) {
  ProducerWorld world;
  world.validator->set_mood({.always = kUnreachable});
  world.start();
  const auto waiting = world.creating(1);
  world.accept(waiting);
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_EQ(world.validator->sign_calls(), 0);
  EXPECT_EQ(world.chain->tip(), kGenesis);
  world.validator->set_mood({});
  ASSERT_TRUE(world.await_commit(waiting));
}

// spec/block-production.md §20 D3: the reference loses transactions after three such rounds.
TEST(ValidatorOutage, LosesNothingHoweverLong) {
  ProducerWorld world;
  world.start();
  ASSERT_TRUE(world.await_blocks(2));
  for (const Status& outage : {kUnreachable, Status(StatusCode::kCancelled, "Timeout expired"),
                               Status(StatusCode::kResourceExhausted, "backup"),
                               Status(StatusCode::kInternal, "disk full")}) {
    world.validator->set_mood({.to_signing = outage});
    const auto waiting = world.creating(10 + static_cast<uint64_t>(outage.code));
    world.accept(waiting);
    const int calls = world.validator->sign_calls();
    ASSERT_TRUE(world.await([&] { return world.validator->sign_calls() > calls + 8; }));
    world.validator->set_mood({});
    ASSERT_TRUE(world.await_commit(waiting));
  }
  world.expect_the_validators_chain();
}

TEST(ValidatorOutage, LostAnswersLeadToOneBlockOnly) {
  ProducerWorld world;
  world.start();
  ASSERT_TRUE(world.await_blocks(2));
  for (uint64_t n = 1; n <= 5; ++n) {
    world.validator->set_mood({.after_signing = Status(StatusCode::kCancelled, "Timeout expired")});
    const auto transaction = world.creating(n);
    world.accept(transaction);
    std::this_thread::sleep_for(milliseconds(100));
    world.validator->set_mood({});
    ASSERT_TRUE(world.await_commit(transaction));
  }
  world.expect_the_validators_chain();
}

TEST(ValidatorRefusal, EvictsTheNamedTransactionOnly) {
  ProducerWorld world;
  world.start();
  std::vector<std::shared_ptr<const ProvenTransaction>> good;
  for (uint64_t n = 1; n <= 5; ++n) good.push_back(world.creating(n));
  const auto bad = world.creating(50);
  world.validator->set_mood({.unknown = {bad->id}});
  world.accept(good[0]);
  world.accept(bad);
  for (size_t i = 1; i < good.size(); ++i) world.accept(good[i]);
  for (const auto& transaction : good) ASSERT_TRUE(world.await_commit(transaction));
  ASSERT_TRUE(
      world.await([&] { return world.producer->status().mempool.uncommitted_transactions == 0; }));
  EXPECT_EQ(world.state_of(50), std::nullopt);
  EXPECT_EQ(world.chain->journal_entries(), std::vector<JournalEntry>());
}

TEST(ValidatorRefusal, FindsTheTransactionThatNobodyNames) {
  ProducerWorld world;
  world.start();
  std::vector<std::shared_ptr<const ProvenTransaction>> good;
  for (uint64_t n = 1; n <= 12; ++n) good.push_back(world.creating(n));
  const auto bad = world.creating(50);
  world.validator->set_mood({.unknown = {bad->id}, .names_unknown = false});
  for (size_t i = 0; i < 6; ++i) world.accept(good[i]);
  world.accept(bad);
  for (size_t i = 6; i < good.size(); ++i) world.accept(good[i]);
  for (const auto& transaction : good) ASSERT_TRUE(world.await_commit(transaction));
  ASSERT_TRUE(
      world.await([&] { return world.producer->status().mempool.uncommitted_transactions == 0; }));
  EXPECT_EQ(world.state_of(50), std::nullopt);
}

// A validator that refuses everything (another kernel, another key) is to blame itself.
TEST(ValidatorRefusal, BlamesNobodyWhenEvenEmptyBlocksAreRefused) {
  ProducerWorld world;
  world.start();
  ASSERT_TRUE(world.await_blocks(2));
  std::vector<std::shared_ptr<const ProvenTransaction>> accepted;
  for (uint64_t n = 1; n <= 3; ++n) accepted.push_back(world.creating(n));
  world.validator->set_mood({.to_signing = Status(StatusCode::kInvalidArgument, "key mismatch")});
  for (const auto& transaction : accepted) world.accept(transaction);
  const int calls = world.validator->sign_calls();
  ASSERT_TRUE(world.await([&] { return world.validator->sign_calls() > calls + 10; }));
  EXPECT_EQ(world.producer->status().mempool.uncommitted_transactions, 3u);
  world.validator->set_mood({});
  for (const auto& transaction : accepted) ASSERT_TRUE(world.await_commit(transaction));
}

// A validator that breaks on one transaction stops nobody but that transaction.
TEST(ValidatorRefusal, TreatsLastingFaultsOverOneTransactionAsRefusals) {
  ProducerWorld world;
  world.start();
  ASSERT_TRUE(world.await_blocks(1));
  const auto good = world.creating(1);
  const auto bad = world.creating(50);
  world.validator->set_mood({.unknown = {bad->id}, .breaks_on_unknown = true});
  world.accept(bad);
  world.accept(good);
  ASSERT_TRUE(world.await_commit(good));
  ASSERT_TRUE(
      world.await([&] { return world.producer->status().mempool.uncommitted_transactions == 0; }));
  EXPECT_EQ(world.state_of(50), std::nullopt);
}

TEST(ValidatorRefusal, CommitsNothingWithAWrongSignature) {
  ProducerWorld world;
  world.validator->set_mood({.signs_with_wrong_key = true});
  world.start();
  const auto waiting = world.creating(1);
  world.accept(waiting);
  ASSERT_TRUE(world.await([&] { return world.validator->sign_calls() > 5; }));
  EXPECT_EQ(world.chain->tip(), kGenesis);
  world.validator->set_mood({});
  ASSERT_TRUE(world.await_commit(waiting));
}

TEST(ProverOutage, LosesNothingHoweverLong) {
  ProducerWorld world;
  world.batch_prover->set_mood(
      {.always = Status(StatusCode::kResourceExhausted, "proof queue is full")});
  world.start();
  std::vector<std::shared_ptr<const ProvenTransaction>> accepted;
  for (uint64_t n = 1; n <= 20; ++n) {
    accepted.push_back(world.creating(n));
    world.accept(accepted.back());
  }
  ASSERT_TRUE(world.await([&] { return world.batch_prover->calls() > 20; }));
  ASSERT_TRUE(world.await_blocks(8));  // §20 D1: blocks go on and are pruned meanwhile
  world.batch_prover->set_mood({});
  for (const auto& transaction : accepted) ASSERT_TRUE(world.await_commit(transaction));
}

TEST(ProverRefusal, EvictsTheInvalidTransactionOnly) {
  for (const bool names_invalid : {true, false}) {
    ProducerWorld world;
    const auto bad = world.creating(50);
    world.batch_prover->set_mood({.invalid = {bad->id}, .names_invalid = names_invalid});
    world.start();
    std::vector<std::shared_ptr<const ProvenTransaction>> good;
    for (uint64_t n = 1; n <= 7; ++n) {
      good.push_back(world.creating(n));
      world.accept(good.back());
      if (n == 3) world.accept(bad);
    }
    for (const auto& transaction : good) ASSERT_TRUE(world.await_commit(transaction));
    ASSERT_TRUE(world.await(
        [&] { return world.producer->status().mempool.uncommitted_transactions == 0; }));
    EXPECT_EQ(world.state_of(50), std::nullopt);
  }
}

// §20 D13: the reference ends the node after three failed attempts.
TEST(BlockProofs, AreTriedUntilTheySucceedAndAppliedInOrder) {
  ProducerWorld world;
  world.block_prover = std::make_shared<FakeBlockProver>(5);
  world.start();
  ASSERT_TRUE(world.await_blocks(6));
  const BlockNum tip = world.chain->tip();
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() >= tip; }));
  EXPECT_EQ(world.chain->view()->proof(tip), Bytes());
  EXPECT_EQ(world.block_prover->attempts().at(tip), 6);
}

TEST(BlockProofs, GoOnAfterARestart) {
  ProducerWorld world;
  world.block_prover = std::make_shared<FakeBlockProver>(1'000'000);
  world.start();
  ASSERT_TRUE(world.await_blocks(6));
  EXPECT_EQ(world.chain->proven_tip(), kGenesis);
  world.stop();
  world.block_prover = std::make_shared<FakeBlockProver>();
  const BlockNum tip = world.chain->tip();
  world.start();
  ASSERT_TRUE(world.await([&] { return world.chain->proven_tip() >= tip; }));
  EXPECT_EQ(world.block_prover->attempts().at(BlockNum{1}), 1);
}

// §20 D16: the reference makes up for missed ticks in a burst.
TEST(Ticks, AreNotMadeUpAfterAStall) {
  BlockProducerOptions options = quick_options();
  options.block_interval = milliseconds(100);
  ProducerWorld world(options);
  world.start();
  ASSERT_TRUE(world.await_blocks(1));
  world.validator->set_mood({.to_signing = kUnreachable});
  std::this_thread::sleep_for(milliseconds(2000));
  const BlockNum before = world.chain->tip();
  world.validator->set_mood({});
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_LE(world.chain->tip().value, before.value + 8);
}

TEST(Stop, IsQuickWhileEverythingIsOutOfOrder) {
  ProducerWorld world;
  world.validator->set_mood({.to_signing = kUnreachable});
  world.batch_prover->set_mood({.always = kUnreachable});
  world.start();
  world.accept(world.creating(1));
  std::this_thread::sleep_for(milliseconds(200));
  const auto started = std::chrono::steady_clock::now();
  world.producer->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(2));
  const auto late = world.producer->submit(world.creating(2));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, StatusCode::kUnavailable);
}

}  // namespace
}  // namespace miden
