#include "validator/check_block.hpp"

#include <gtest/gtest.h>

#include <set>

#include "protocol/test_support/block_world.hpp"

namespace miden {
namespace {

// The chain of a BlockWorld, a proposal of two batches for its block 4 and a validator that has
// signed blocks 0 to 3 and seen both transactions. Tests spoil one thing each.
struct Case {
  BlockWorld world;
  ProposedBlock proposal = proposed(world, 1);
  BlockHeader tip = world.chain.tip();
  std::set<TransactionId> validated = ids_of(proposal);
  PublicKey key = validator_secret().public_key();
  bool knows_headers = true;

  static std::vector<ProvenBatch> batches(const BlockWorld& world) {
    std::vector<ProvenBatch> batches = {
        batch({.id = 1,
               .accounts = {account_step(private_account(1), 1, 10)},
               .inputs = {numbered_input(2)},
               .outputs = {private_note(5)}}),
        batch({.id = 2, .accounts = {account_step(private_account(2), 2, 20)}}),
    };
    for (ProvenBatch& batch : batches) {
      batch.reference_block_commitment = world.chain.tip().commitment();
    }
    return batches;
  }
  static ProposedBlock proposed(const BlockWorld& world, uint32_t seconds_after_tip) {
    const std::vector<ProvenBatch> content = batches(world);
    return ProposedBlock::make_at(world.inputs(content), content,
                                  world.chain.tip().timestamp + seconds_after_tip)
        .value();
  }
  static std::set<TransactionId> ids_of(const ProposedBlock& proposal) {
    std::set<TransactionId> ids;
    for (const ProvenBatch& batch : proposal.batches.batches) {
      for (const TransactionHeader& header : batch.transactions.transactions) ids.insert(header.id);
    }
    return ids;
  }

  Result<CheckedBlock> check() const {
    return check_block(
        proposal,
        {.tip = tip,
         .header = [this](BlockNum num) -> std::optional<BlockHeader> {
           if (!knows_headers || num.value > 3) return std::nullopt;
           return world.chain.block(num.value);
         },
         .is_validated = [this](const TransactionId& id) { return validated.contains(id); },
         .key = key,
         .tx_kernel_commitment = word(17)});
  }
};

std::string code_of(const Result<CheckedBlock>& checked) {
  return checked ? "ok" : std::string(checked.error().code);
}
std::string message_of(const Result<CheckedBlock>& checked) {
  return checked ? "ok" : checked.error().message;
}

TEST(CheckBlock, GivesTheBlockThatTheProposalDescribes) {
  const Case good;
  const Result<CheckedBlock> checked = good.check();
  ASSERT_TRUE(checked) << checked.error().message;
  const auto [header, body] = good.proposal.build(word(17)).value();
  EXPECT_EQ(checked->header, header);
  EXPECT_EQ(checked->body, body);
  EXPECT_FALSE(checked->is_tip);
  EXPECT_FALSE(checked->replaces_tip);
}

TEST(CheckBlock, NamesEveryTransactionThatWasNotValidated) {
  Case unvalidated;
  unvalidated.validated.clear();
  std::string listed;
  for (const ProvenBatch& batch : unvalidated.proposal.batches.batches) {
    for (const TransactionHeader& header : batch.transactions.transactions) {
      listed += (listed.empty() ? "" : ", ") + header.id.to_hex();
    }
  }
  EXPECT_EQ(message_of(unvalidated.check()),
            "block contains unvalidated transactions [" + listed + "]");

  Case partly;
  partly.validated.erase(partly.validated.begin());
  EXPECT_EQ(code_of(partly.check()), "UnvalidatedTransactions");
}

TEST(CheckBlock, DerivesAgainWhatAProposalClaims) {
  const auto refused = [](const std::function<void(ProposedBlock&)>& tamper) {
    Case tampered;
    tamper(tampered.proposal);
    return code_of(tampered.check());
  };
  EXPECT_EQ(refused([](ProposedBlock&) {}), "ok");
  EXPECT_EQ(refused([](ProposedBlock& p) { p.output_note_batches.front().notes.clear(); }),
            "BlockBuildingFailed");
  EXPECT_EQ(refused([](ProposedBlock& p) { p.output_note_batches.pop_back(); }),
            "BlockBuildingFailed");
  EXPECT_EQ(refused([](ProposedBlock& p) { p.created_nullifiers.clear(); }), "BlockBuildingFailed");
  EXPECT_EQ(refused([](ProposedBlock& p) {
              p.created_nullifiers.emplace(Nullifier(word(9)),
                                           Case().world.nullifiers.open(word(9)));
            }),
            "BlockBuildingFailed");
  EXPECT_EQ(refused([](ProposedBlock& p) { p.updated_accounts.pop_back(); }),
            "BlockBuildingFailed");
  EXPECT_EQ(refused([](ProposedBlock& p) {
              p.updated_accounts.front().second.final_commitment = word(666);
            }),
            "BlockBuildingFailed");
  EXPECT_EQ(refused([](ProposedBlock& p) { p.timestamp = p.prev_block_header.timestamp; }),
            "BlockBuildingFailed");
  EXPECT_EQ(refused([](ProposedBlock& p) { p.prev_block_header.account_root = word(1); }),
            "BlockBuildingFailed");
  EXPECT_EQ(refused([](ProposedBlock& p) { p.blockchain = PartialBlockchain(); }),
            "BlockBuildingFailed");
}

TEST(CheckBlock, SaysWhyABlockCouldNotBeBuilt) {
  Case stale;
  stale.proposal.timestamp = 0;
  EXPECT_TRUE(message_of(stale.check()).starts_with("failed to build block\ncaused by: "))
      << message_of(stale.check());
}

TEST(CheckBlock, TakesOnlyTheNextBlockOrTheTipsHeight) {
  Case behind;
  behind.tip = behind.world.chain.block(1);
  EXPECT_EQ(message_of(behind.check()), "block number mismatch: expected 2, got 4");
  Case ahead;
  ahead.tip.block_num = {5};
  EXPECT_EQ(message_of(ahead.check()), "block number mismatch: expected 6, got 4");
}

TEST(CheckBlock, TakesOnlyTheTipAsParent) {
  Case elsewhere;
  elsewhere.tip.timestamp += 1;
  EXPECT_EQ(message_of(elsewhere.check()), "previous block commitment does not match chain tip");
}

TEST(CheckBlock, TakesOnlyItsOwnKey) {
  Case other;
  other.key = SecretKey::from_hex(std::string(63, '0') + "8")->public_key();
  EXPECT_EQ(code_of(other.check()), "ValidatorKeyMismatch");
}

TEST(CheckBlock, TakesOnlyBatchesOnItsChain) {
  Case unknown;
  unknown.knows_headers = false;
  EXPECT_EQ(code_of(unknown.check()), "UnknownReferenceBlock");
  Case forked;
  forked.proposal.batches.batches.back().reference_block_commitment = word(1);
  EXPECT_EQ(code_of(forked.check()), "UnknownReferenceBlock");
}

TEST(CheckBlock, KnowsTheTipWhenItIsProposedAgain) {
  Case again;
  again.tip = again.check()->header;
  const Result<CheckedBlock> checked = again.check();
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_TRUE(checked->is_tip);
  EXPECT_FALSE(checked->replaces_tip);
}

TEST(CheckBlock, KnowsAnotherBlockAtTheTipsHeight) {
  Case other;
  other.tip = other.check()->header;
  other.proposal = Case::proposed(other.world, 2);
  const Result<CheckedBlock> checked = other.check();
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_FALSE(checked->is_tip);
  EXPECT_TRUE(checked->replaces_tip);

  other.knows_headers = false;
  EXPECT_EQ(message_of(other.check()),
            "no previous block header available for chain tip overwrite");
}

// A replacement must have the tip's own parent.
TEST(CheckBlock, RefusesAReplacementOnAnotherParent) {
  Case other;
  other.tip = other.check()->header;
  other.proposal.prev_block_header.version = 7;
  EXPECT_EQ(code_of(other.check()), "PrevBlockCommitmentMismatch");
}

// spec/node-and-validator.md §8.3, step 4: with everything wrong, mended one by one.
TEST(CheckBlock, ChecksInTheReferencesOrder) {
  Case wrong;
  wrong.key = SecretKey::from_hex(std::string(63, '0') + "8")->public_key();
  wrong.tip.block_num = {9};
  wrong.tip.timestamp += 1;
  wrong.validated.clear();
  wrong.proposal.timestamp = 0;
  wrong.proposal.batches.batches.front().reference_block_commitment = word(1);

  EXPECT_EQ(code_of(wrong.check()), "UnvalidatedTransactions");
  wrong.validated = Case::ids_of(wrong.proposal);
  EXPECT_EQ(code_of(wrong.check()), "BlockBuildingFailed");
  wrong.proposal.timestamp = wrong.world.next_timestamp();
  EXPECT_EQ(code_of(wrong.check()), "BlockNumberMismatch");
  wrong.tip.block_num = {3};
  EXPECT_EQ(code_of(wrong.check()), "PrevBlockCommitmentMismatch");
  wrong.tip.timestamp -= 1;
  EXPECT_EQ(code_of(wrong.check()), "ValidatorKeyMismatch");
  wrong.key = validator_secret().public_key();
  EXPECT_EQ(code_of(wrong.check()), "UnknownReferenceBlock");
  wrong.proposal.batches.batches.front().reference_block_commitment =
      wrong.world.chain.tip().commitment();
  EXPECT_EQ(code_of(wrong.check()), "ok");
}

}  // namespace
}  // namespace miden
