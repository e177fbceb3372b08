#include "protocol/batch.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "protocol/test_support/decoding_checks.hpp"
#include "protocol/test_support/test_chain.hpp"

namespace miden {
namespace {

// Block 2's note tree holds note 1; the reference block is 4.
class ProposedBatchTest : public testing::Test {
 protected:
  ProposedBatchTest() : reference_(chain_.tip()), blockchain_(chain_.before_tip()) {
    proofs_.emplace(private_note(1).id(), inclusion_proof(2, tree_, 1));
  }

  void add(TransactionSpec spec, uint32_t ref_block_num = 4) {
    spec.ref_block_num = {ref_block_num};
    spec.ref_block_commitment =
        ref_block_num == 4 ? reference_.commitment() : chain_.block(ref_block_num).commitment();
    transactions_.push_back(std::make_shared<const ProvenTransaction>(transaction(spec)));
  }
  Result<ProposedBatch> make() const {
    return ProposedBatch::make(transactions_, reference_, blockchain_, proofs_);
  }

  SimpleSmt tree_ = note_tree_of({1});
  TestChain chain_{4, [this](BlockHeader& header) {
                     if (header.block_num.value == 2) header.note_root = tree_.root();
                   }};
  std::vector<std::shared_ptr<const ProvenTransaction>> transactions_;
  BlockHeader reference_;
  PartialBlockchain blockchain_;
  std::map<NoteId, NoteInclusionProof> proofs_;
};

TEST(BatchId, IsThePublishedVector) {
  const AccountId account = *AccountId::from_limbs(Felt::from_canonical(0x7ffffffffffffff1),
                                                   Felt::from_canonical(0x7fffffffffffff00));
  EXPECT_EQ(batch_id({{TransactionId(Word::of(1, 2, 3, 4)), account}}).to_hex(),
            "0x35d7ff199e86e7b79aa38179275144f56f6726df98e6a2fd598e42cd4517ebbb");
}

TEST_F(ProposedBatchTest, AddsUpWhatItsTransactionsDo) {
  add({.account = private_account(2), .initial = 1, .final = 2, .outputs = {private_note(20)}});
  add({.account = private_account(1),
       .initial = 5,
       .final = 6,
       .inputs = {unauthenticated(1), unauthenticated(20), unauthenticated(30), authenticated(31)},
       .expiration = 700},
      2);
  add({.account = private_account(2),
       .initial = 2,
       .final = 3,
       .outputs = {private_note(21), public_note(22), private_note(23)}});
  const Result<ProposedBatch> batch = make();
  ASSERT_TRUE(batch) << batch.error().message;

  EXPECT_EQ(batch->id(), batch_id({{transactions_[0]->id, private_account(2)},
                                   {transactions_[1]->id, private_account(1)},
                                   {transactions_[2]->id, private_account(2)}}));
  EXPECT_EQ(batch->expiration_block_num(), BlockNum{700});
  EXPECT_EQ(batch->account_updates(),
            (std::map<AccountId, BatchAccountUpdate>{
                {private_account(1), {private_account(1), word(5), word(6), {}}},
                {private_account(2), {private_account(2), word(1), word(3), {}}}}));

  // Note 1 is proven, note 20 erased, note 30 stays unauthenticated.
  std::map<Nullifier, InputNoteCommitment> inputs = {{nullifier(1), authenticated(1)},
                                                     {nullifier(30), unauthenticated(30)},
                                                     {nullifier(31), authenticated(31)}};
  std::vector<InputNoteCommitment> ascending;
  for (const auto& [key, input] : inputs) ascending.push_back(input);
  EXPECT_EQ(batch->input_notes().notes, ascending);
  std::vector<OutputNote> outputs = {private_note(21), public_note(22), private_note(23)};
  std::ranges::sort(outputs, {}, &OutputNote::id);
  EXPECT_EQ(batch->output_notes(), outputs);
}

TEST_F(ProposedBatchTest, BecomesAProvenBatchByRearrangement) {
  add({.inputs = {authenticated(31)}, .outputs = {private_note(21)}});
  const ProposedBatch proposed = make().value();
  const ProvenBatch proven = ProvenBatch::of(proposed);
  EXPECT_EQ(proven.id, proposed.id());
  EXPECT_EQ(proven.reference_block_commitment, reference_.commitment());
  EXPECT_EQ(proven.reference_block_num, BlockNum{4});
  EXPECT_EQ(proven.account_updates, proposed.account_updates());
  EXPECT_EQ(proven.input_notes, proposed.input_notes());
  EXPECT_EQ(proven.output_notes, proposed.output_notes());
  EXPECT_EQ(proven.expiration_block_num, BlockNum{1000});
  EXPECT_EQ(proven.transactions.transactions,
            std::vector{TransactionHeader::of(*transactions_.front())});
  EXPECT_EQ(proven.transactions.commitment(), proven.id.word);
}

// Every rule is broken at once; then the first is mended, and so on: each time the first broken
// rule of types.md §11.1 must be the one named.
TEST_F(ProposedBatchTest, ChecksItsRulesInOrder) {
  // Rules 12 and 11.
  for (const uint64_t k : {0, 1}) {
    TransactionSpec many{.account = private_account(70 + k)};
    for (uint64_t n = 0; n < 513; ++n) {
      many.inputs.push_back(authenticated(10000 + 1000 * k + n));
      many.outputs.push_back(private_note(10000 + 1000 * k + n));
    }
    add(many);
  }
  const auto only_outputs = [this] {
    for (auto& shared : transactions_) {
      ProvenTransaction changed = *shared;
      changed.input_notes = {};
      shared = std::make_shared<const ProvenTransaction>(changed);
    }
    return make();
  };
  EXPECT_EQ(outcome(make()), "TooManyInputNotes");
  EXPECT_EQ(outcome(only_outputs()), "TooManyOutputNotes");
  for (const uint64_t k : {0, 1}) {
    TransactionSpec many{.account = private_account(80 + k)};
    for (uint64_t n = 0; n < 513; ++n) many.inputs.push_back(authenticated(20000 + 1000 * k + n));
    add(many);
  }
  EXPECT_EQ(outcome(make()), "TooManyInputNotes");
  // Rule 10.
  add({.account = private_account(60), .outputs = {private_note(10000)}});
  EXPECT_EQ(outcome(make()), "DuplicateOutputNote");
  // Rule 9; the twice consumed note is erased once, so that the tracker alone would not notice.
  add({.account = private_account(50), .outputs = {private_note(40)}});
  add({.account = private_account(51), .inputs = {unauthenticated(40)}});
  add({.account = private_account(52), .inputs = {authenticated(40)}});
  EXPECT_EQ(outcome(make()), "DuplicateInputNote");
  // Rule 8. An id does not depend on the account: the states tell transactions without notes apart.
  add({.account = private_account(53), .final = 53, .expiration = 4});
  EXPECT_EQ(outcome(make()), "ExpiredTransaction");
  // Rule 7.
  for (uint64_t n = 0; n < 1025; ++n) {
    add({.account = private_account(1000 + n), .final = 1000 + n});
  }
  EXPECT_EQ(outcome(make()), "TooManyAccountUpdates");
  // Rule 6.
  add({.account = private_account(54), .initial = 1, .final = 54});
  add({.account = private_account(54), .initial = 3, .final = 4});
  EXPECT_EQ(outcome(make()), "AccountUpdateError");
  // Rule 5.
  TransactionSpec foreign{.account = private_account(55), .final = 55, .ref_block_num = {3}};
  foreign.ref_block_commitment = word(1);
  transactions_.push_back(std::make_shared<const ProvenTransaction>(transaction(foreign)));
  EXPECT_EQ(outcome(make()), "TransactionReferenceBlockCommitmentMismatch");
  foreign.final = 56;
  foreign.ref_block_num = {9};
  transactions_.insert(transactions_.begin(),
                       std::make_shared<const ProvenTransaction>(transaction(foreign)));
  EXPECT_EQ(outcome(make()), "MissingTransactionReferenceBlock");
  // Rule 4.
  reference_.chain_commitment = word(1);
  EXPECT_EQ(outcome(make()), "InconsistentChainRoot");
  // Rule 3.
  reference_.block_num = {3};
  EXPECT_EQ(outcome(make()), "InconsistentChainLength");
  // Rule 2.
  transactions_.push_back(transactions_.front());
  EXPECT_EQ(outcome(make()), "DuplicateTransaction");
  // Rule 1.
  transactions_.clear();
  EXPECT_EQ(outcome(make()), "EmptyTransactionBatch");
}

TEST_F(ProposedBatchTest, ComparesTheReferenceBlocksCommitmentToo) {
  add({.account = private_account(1)});
  reference_.timestamp += 1;
  EXPECT_EQ(outcome(make()), "TransactionReferenceBlockCommitmentMismatch");
}

TEST_F(ProposedBatchTest, MergesDeltasOfOneAccount) {
  const auto step = [this](uint64_t initial, uint64_t final, std::optional<AccountDelta> delta) {
    AccountUpdateDetails details{std::move(delta)};
    Word delta_commitment;
    if (details.delta) {
      delta_commitment = details.delta->commitment();
      EXPECT_TRUE(details.delta->vault.remove_fungible(coins(3)));
    }
    const TxAccountUpdate update{public_account(1), word(initial), word(final), delta_commitment,
                                 details};
    transactions_.push_back(std::make_shared<const ProvenTransaction>(
        ProvenTransaction::make(update, {}, {}, {4}, reference_.commitment(), coins(3), {1000}, {})
            .value()));
  };
  const AccountDelta plain =
      *AccountDelta::make(public_account(1), {}, {}, std::nullopt, Felt::from_canonical(1));
  step(1, 2, plain);
  step(2, 3, plain);
  const Result<ProposedBatch> batch = make();
  ASSERT_TRUE(batch) << batch.error().message;
  const AccountDelta& merged = *batch->account_updates().at(public_account(1)).details.delta;
  EXPECT_EQ(merged.nonce_delta, Felt::from_canonical(2));
  EXPECT_EQ(merged.vault.fungible, (std::map<AssetVaultKey, int64_t>{{coins(1).key(), -6}}));
  // A public account that a hostile transaction shows no details of.
  step(3, 4, std::nullopt);
  EXPECT_EQ(outcome(make()), "AccountUpdateError");
}

TEST_F(ProposedBatchTest, IsCheckedAgainWhenDecoded) {
  add({.account = private_account(1), .inputs = {unauthenticated(1)}});
  add({.account = private_account(2), .outputs = {public_note(5)}}, 2);
  const ProposedBatch batch = make().value();
  expect_bytes_survive_decoding(batch);
  expect_every_cut_is_refused(batch);
  EXPECT_EQ(from_bytes<ProposedBatch>(to_bytes(batch))->id(), batch.id());

  ByteWriter twice;
  twice.vint(2);
  transactions_.front()->encode(twice);
  transactions_.front()->encode(twice);
  reference_.encode(twice);
  blockchain_.encode(twice);
  encode_map(twice, proofs_);
  EXPECT_EQ(outcome(from_bytes<ProposedBatch>(twice.view())), "DuplicateTransaction");
}

TEST_F(ProposedBatchTest, GivesAProvenBatchThatStandsDamagedBytes) {
  add({.account = private_account(1),
       .inputs = {unauthenticated(1)},
       .outputs = {private_note(6)}});
  add({.account = private_account(2), .outputs = {public_note(5)}}, 2);
  ProvenBatch batch = ProvenBatch::of(make().value());
  EXPECT_EQ(from_bytes<ProvenBatch>(to_bytes(batch)), batch);
  expect_robust_encoding(batch);
  expect_every_cut_is_refused(OrderedBatches{{batch, batch}});
  batch.expiration_block_num = batch.reference_block_num;
  EXPECT_EQ(outcome(from_bytes<ProvenBatch>(to_bytes(batch))), "InvalidBatchExpirationBlockNum");
}

TEST_F(ProposedBatchTest, RefusesATransactionThatConsumesItsOwnNote) {
  ProvenTransaction forged = transaction({.inputs = {unauthenticated(9)},
                                          .ref_block_num = {4},
                                          .ref_block_commitment = reference_.commitment()});
  forged.output_notes = *OutputNotes::make({private_note(9)});
  transactions_.push_back(std::make_shared<const ProvenTransaction>(forged));
  EXPECT_EQ(outcome(make()), "NoteCreatedAndConsumed");
}

}  // namespace
}  // namespace miden
