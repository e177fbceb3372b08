// What a node may not make a builder believe.
#include "ntx_builder/check_followed_block.hpp"

#include <gmock/gmock.h>

#include "chain/test_support/chain_directory.hpp"
#include "ntx_builder/test_support/state_world.hpp"

namespace miden {
namespace {

const AccountId kAccount = StateWorld::account_id(1);
const AccountId kNew = StateWorld::account_id(2);

class FollowedBlockTest : public testing::Test {
 protected:
  void SetUp() override {
    world.bootstrap();
    world.block({StateWorld::new_account(kAccount)});
    world.block({}, {note});
    // A block that updates an account twice, creates one and consumes a note.
    good = world.chain.append(
        world.body({StateWorld::new_account(kNew)},
                   {{.account = kAccount, .consumed = {note}}, {.account = kAccount, .adds = 7}},
                   world.notes(kNew, 2)));
  }

  // The block with a change that nobody has signed.
  std::string code_with(const std::function<void(SignedBlock&)>& change) {
    SignedBlock changed = good;
    change(changed);
    return code_of(world.state->apply_block(changed));
  }
  // The block with a change that the validator has signed.
  std::string code_signed(const std::function<void(SignedBlock&)>& change) {
    SignedBlock changed = good;
    change(changed);
    return code_of(
        world.state->apply_block(world.chain.sign(std::move(changed.header), changed.body)));
  }
  static BlockAccountUpdate& update_of(SignedBlock& block, const AccountId& id) {
    return *std::ranges::find(block.body.updated_accounts, id, &BlockAccountUpdate::account_id);
  }

  StateWorld world;
  Note note = world.note(kAccount);
  SignedBlock good = world.chain.blocks.front();
};

TEST_F(FollowedBlockTest, IsTakenAsItIs) {
  EXPECT_EQ(code_with([](SignedBlock&) {}), "ok");
  EXPECT_EQ(world.state->tip()->header, good.header);
  // And once only.
  EXPECT_EQ(code_with([](SignedBlock&) {}), "NewBlockInvalidBlockNum");
}

TEST_F(FollowedBlockTest, MustFollowTheTip) {
  EXPECT_EQ(code_signed([](SignedBlock& b) { b.header.block_num = {4}; }),
            "NewBlockInvalidBlockNum");
  EXPECT_EQ(code_signed([](SignedBlock& b) { b.header.prev_block_commitment = word(1); }),
            "NewBlockInvalidPrevCommitment");
  EXPECT_EQ(code_signed([](SignedBlock& b) { b.header.chain_commitment = word(1); }),
            "ChainCommitmentMismatch");
}

TEST_F(FollowedBlockTest, MustBeTheValidators) {
  EXPECT_EQ(code_with([](SignedBlock& b) { b.header.timestamp += 1; }), "InvalidSignature");
  EXPECT_EQ(code_with([](SignedBlock& b) { b.signature.r[5] ^= 1; }), "InvalidSignature");
  const SecretKey other = *SecretKey::from_hex(std::string(63, '0') + "9");
  EXPECT_EQ(code_with([&](SignedBlock& b) {
              b.header.validator_key = other.public_key();
              b.signature = other.sign(b.header.commitment());
            }),
            "ValidatorKeyChanged");
}

TEST_F(FollowedBlockTest, MustHaveTheTransactionsAndNotesOfItsHeader) {
  EXPECT_EQ(code_with([](SignedBlock& b) { b.body.transactions.transactions.pop_back(); }),
            "TxCommitmentMismatch");
  EXPECT_EQ(code_with([](SignedBlock& b) { b.body.output_note_batches.front().notes.pop_back(); }),
            "NoteRootMismatch");
  // A spent note that is not in the block's list is spent all the same.
  EXPECT_EQ(code_with([](SignedBlock& b) { b.body.created_nullifiers.clear(); }), "ok");
  EXPECT_EQ(world.status(note).fate, NoteFate::kCommitted);
}

TEST_F(FollowedBlockTest, MustHaveTheAccountsOfItsTransactions) {
  const auto expect_mismatch = [&](const std::function<void(SignedBlock&)>& change) {
    EXPECT_EQ(code_with(change), "AccountUpdateMismatch");
  };
  for (const AccountId& id : {kAccount, kNew}) {
    expect_mismatch([&](SignedBlock& b) {
      std::erase_if(b.body.updated_accounts,
                    [&](const BlockAccountUpdate& update) { return update.account_id == id; });
    });
    expect_mismatch([&](SignedBlock& b) { b.body.updated_accounts.push_back(update_of(b, id)); });
    expect_mismatch([&](SignedBlock& b) { update_of(b, id).details.delta = std::nullopt; });
    expect_mismatch([&](SignedBlock& b) { update_of(b, id).final_commitment = word(3); });
    expect_mismatch([&](SignedBlock& b) {
      update_of(b, id).details.delta->storage.slots.insert_or_assign(StateWorld::counter(),
                                                                     word(55));
    });
    expect_mismatch([&](SignedBlock& b) {
      update_of(b, id).details.delta->storage.slots.erase(StateWorld::counter());
    });
    expect_mismatch(
        [&](SignedBlock& b) { update_of(b, id).details.delta->id = StateWorld::account_id(8); });
  }
  // The allow-list decides whether an account is one of ours: it cannot be hidden.
  expect_mismatch([&](SignedBlock& b) {
    update_of(b, kNew).details.delta->storage.slots.erase(network_account_slot_name());
    update_of(b, kNew).final_commitment =
        update_of(b, kNew).details.delta->to_account()->commitment();
  });
  // A state on the way is not where the transactions lead.
  expect_mismatch([&](SignedBlock& b) {
    BlockAccountUpdate& update = update_of(b, kAccount);
    Account halfway = StateWorld::new_account(kAccount);
    AccountDelta delta{kAccount, {}, {}, std::nullopt, Felt::from_canonical(1)};
    delta.storage.slots.emplace(StateWorld::counter(), word(1));
    halfway.apply(delta).value();
    update.final_commitment = halfway.commitment();
    update.details.delta = delta;
  });
  // None of them has left a trace.
  EXPECT_EQ(world.state->tip()->header.block_num, BlockNum{2});
  world.restart();
  EXPECT_FALSE(world.state->is_network_account(kNew));
  EXPECT_EQ(code_with([](SignedBlock&) {}), "ok");
  EXPECT_TRUE(world.state->is_network_account(kNew));
}

// In whatever order a block has an account's transactions.
TEST_F(FollowedBlockTest, MayHaveTransactionsInAnyOrder) {
  SignedBlock reversed = good;
  std::ranges::reverse(reversed.body.transactions.transactions);
  reversed.header.tx_commitment = reversed.body.transactions.commitment();
  EXPECT_EQ(code_of(world.state->apply_block(
                world.chain.sign(std::move(reversed.header), reversed.body))),
            "ok");
}

TEST(AccountTransitions, EndEvenWhereTransactionsGoInACircle) {
  SimulatedChain chain(3, {.new_private = 0, .new_public = 0}, false);
  BlockBody body;
  for (uint64_t n = 0; n < 3; ++n) {
    body.transactions.transactions.push_back({.id = TransactionId(word(n)),
                                              .account_id = kAccount,
                                              .initial_commitment = word(n),
                                              .final_commitment = word((n + 1) % 3),
                                              .input_notes = {},
                                              .output_notes = {},
                                              .fee = coins(0)});
  }
  const SignedBlock block = chain.append(std::move(body));
  EXPECT_EQ(AccountTransitions(block).final_commitment(kAccount, word(1)), word(1));
  EXPECT_EQ(AccountTransitions(block).final_commitment(kNew, word(1)), word(1));
}

}  // namespace
}  // namespace miden
