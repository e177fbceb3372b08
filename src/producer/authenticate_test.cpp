#include "producer/authenticate.hpp"

#include <gtest/gtest.h>

#include "producer/test_support/producer_world.hpp"

namespace miden {
namespace {

TEST(Authenticate, SaysWhatTheChainKnowsOfTheInputs) {
  ProducerWorld world;
  world.start();
  const auto creator = world.creating(1, {.outputs = {private_note(1)}});
  world.accept(creator);
  ASSERT_TRUE(world.await_commit(creator));

  const auto view = world.chain->view();
  const auto consumer =
      world.made({.account = private_account(1),
                  .initial = 1001,
                  .final = 5,
                  .inputs = {unauthenticated(1), unauthenticated(2), authenticated(3)},
                  .outputs = {private_note(4)}});
  const auto known = authenticate(*view, consumer);
  ASSERT_TRUE(known) << known.error().message;
  EXPECT_EQ(known->account_in_chain, word(1001));
  EXPECT_EQ(known->authentication_height, view->tip());
  EXPECT_EQ(known->nullifiers, (std::vector{nullifier(1), nullifier(2), nullifier(3)}));
  EXPECT_EQ(known->unauthenticated_notes, std::vector{private_note(2).id()});
  EXPECT_EQ(known->output_notes, std::vector{private_note(4).id()});
  EXPECT_EQ(known->encoded_size, to_bytes(*consumer).size());
  EXPECT_EQ(known->transaction, consumer);

  const auto newcomer = authenticate(*view, world.creating(2));
  ASSERT_TRUE(newcomer);
  EXPECT_EQ(newcomer->account_in_chain, std::nullopt);
}

TEST(Authenticate, RefusesASpentNullifier) {
  ProducerWorld world;
  world.start();
  const auto spender = world.creating(1, {.inputs = {authenticated(1)}});
  world.accept(spender);
  ASSERT_TRUE(world.await_commit(spender));
  const auto spent =
      authenticate(*world.chain->view(), world.creating(2, {.inputs = {authenticated(1)}}));
  ASSERT_FALSE(spent);
  EXPECT_EQ(spent.error().code, "NullifiersAlreadyExist");
  EXPECT_NE(spent.error().message.find(nullifier(1).to_hex()), std::string::npos);
}

// §20 D17: decoding lets such a transaction through; here it is an answer, not the end.
TEST(Authenticate, RefusesANoteThatIsCreatedAndConsumed) {
  ProducerWorld world;
  ProvenTransaction hostile = *world.creating(1, {.inputs = {unauthenticated(1)}});
  hostile.output_notes.notes.push_back(private_note(1));
  const auto refused =
      authenticate(*world.chain->view(), std::make_shared<const ProvenTransaction>(hostile));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "NoteCreatedAndConsumed");
}

}  // namespace
}  // namespace miden
