// Blocks that do not fit are refused by name, and refusing changes nothing.
#include <gmock/gmock.h>

#include "chain/test_support/chain_directory.hpp"
#include "chain/test_support/simulated_chain.hpp"

namespace miden {
namespace {

class ApplyBlock : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_.bootstrap(model_.blocks.front());
    chain_ = directory_.open();
    for (int i = 0; i < 3; ++i) apply(*chain_, model_.next());
    good_ = model_.next();
  }

  // The good block with another header or body, signed again.
  template <class Change>
  std::string outcome_after(Change change) {
    BlockHeader header = good_->header;
    BlockBody body = good_->body;
    change(header, body);
    return outcome_of(model_.sign(std::move(header), std::move(body)));
  }

  // Applies, expects nothing to have changed, and gives the error's code.
  std::string outcome_of(const SignedBlock& block) {
    const std::shared_ptr<const StateView> before = chain_->view();
    const Result<void> result = chain_->apply_block(block);
    EXPECT_EQ(chain_->view(), before);
    EXPECT_TRUE(result || !result.error().message.empty());
    return code_of(result);
  }

  SimulatedChain model_{11};
  ChainDirectory directory_;
  std::unique_ptr<ChainState> chain_;
  std::optional<SignedBlock> good_;
};

TEST_F(ApplyBlock, RefusesABlockThatSkipsOrRepeatsANumber) {
  for (const uint32_t number : {0U, 3U, 5U}) {
    EXPECT_EQ(outcome_after([&](BlockHeader& header, BlockBody&) { header.block_num = {number}; }),
              "NewBlockInvalidBlockNum");
  }
  EXPECT_EQ(outcome_of(model_.blocks[2]), "NewBlockInvalidBlockNum");
}

TEST_F(ApplyBlock, RefusesABlockOfAnotherChain) {
  EXPECT_EQ(outcome_after(
                [](BlockHeader& header, BlockBody&) { header.prev_block_commitment = word(1); }),
            "NewBlockInvalidPrevCommitment");
}

TEST_F(ApplyBlock, RefusesTransactionsThatTheHeaderDoesNotCommitTo) {
  EXPECT_EQ(outcome_after([](BlockHeader& header, BlockBody&) { header.tx_commitment = word(1); }),
            "InvalidBlockTxCommitment");
  EXPECT_EQ(outcome_after(
                [](BlockHeader&, BlockBody& body) { body.transactions.transactions.pop_back(); }),
            "InvalidBlockTxCommitment");
}

TEST_F(ApplyBlock, RefusesForeignSignaturesAndKeys) {
  SignedBlock block = *good_;
  block.signature.s[31] ^= 1;
  EXPECT_EQ(outcome_of(block), "InvalidSignature");

  const SecretKey other = *SecretKey::from_hex(std::string(63, '0') + "8");
  block = *good_;
  block.signature = other.sign(block.header.commitment());
  EXPECT_EQ(outcome_of(block), "InvalidSignature");
  block.header.validator_key = other.public_key();
  block.signature = other.sign(block.header.commitment());
  EXPECT_EQ(outcome_of(block), "ValidatorKeyChanged");
}

TEST_F(ApplyBlock, RefusesCommitmentsThatDoNotFollowFromTheBody) {
  EXPECT_EQ(outcome_after([](BlockHeader& h, BlockBody&) { h.chain_commitment = word(1); }),
            "NewBlockInvalidChainCommitment");
  EXPECT_EQ(outcome_after([](BlockHeader& h, BlockBody&) { h.nullifier_root = word(1); }),
            "NewBlockInvalidNullifierRoot");
  EXPECT_EQ(outcome_after([](BlockHeader& h, BlockBody&) { h.account_root = word(1); }),
            "NewBlockInvalidAccountRoot");
  EXPECT_EQ(outcome_after([](BlockHeader& h, BlockBody&) { h.note_root = word(1); }),
            "NewBlockInvalidNoteRoot");
  EXPECT_EQ(outcome_after([](BlockHeader&, BlockBody& b) { b.created_nullifiers.pop_back(); }),
            "NewBlockInvalidNullifierRoot");
  EXPECT_EQ(outcome_after([](BlockHeader&, BlockBody& b) { b.updated_accounts.pop_back(); }),
            "NewBlockInvalidAccountRoot");
  EXPECT_EQ(outcome_after([](BlockHeader&, BlockBody& b) { b.output_note_batches.pop_back(); }),
            "NewBlockInvalidNoteRoot");
}

TEST_F(ApplyBlock, RefusesNullifiersThatExist) {
  const Nullifier spent = model_.nullifiers.front().first;
  EXPECT_EQ(outcome_after(
                [&](BlockHeader&, BlockBody& body) { body.created_nullifiers.push_back(spent); }),
            "DuplicatedNullifiers");
  EXPECT_EQ(outcome_after([](BlockHeader&, BlockBody& body) {
              body.created_nullifiers.push_back(body.created_nullifiers.front());
            }),
            "DuplicatedNullifiers");
}

TEST_F(ApplyBlock, RefusesASecondAccountWithAnIdPrefix) {
  const AccountId taken = model_.state_at(3).commitments.begin()->first;
  const AccountId beside =
      *AccountId::from_limbs(taken.prefix(), taken.suffix() + Felt::from_canonical(256));
  EXPECT_EQ(outcome_after([&](BlockHeader&, BlockBody& body) {
              body.updated_accounts.push_back({beside, word(5), {}});
            }),
            "NewBlockDuplicateAccountIdPrefix");
  EXPECT_EQ(outcome_after([](BlockHeader&, BlockBody& body) {
              body.updated_accounts.push_back(body.updated_accounts.front());
            }),
            "NewBlockDuplicateAccountIdPrefix");
}

TEST_F(ApplyBlock, RefusesANoteOutsideTheNoteTree) {
  EXPECT_EQ(outcome_after([](BlockHeader&, BlockBody& body) {
              body.output_note_batches.front().notes.front().first = 1024;
            }),
            "InvalidNoteIndex");
}

// Account rules: the account tree's root follows the claimed commitments, so that only the details
// are wrong.
class ApplyAccountUpdate : public ApplyBlock {
 protected:
  // The good block with only `updates`, everything else about it in order.
  std::string outcome_with(std::vector<BlockAccountUpdate> updates) {
    Smt tree = model_.state_at(3).account_tree;
    for (const BlockAccountUpdate& update : updates) {
      const SmtEntry entry{account_tree_key(update.account_id), update.final_commitment};
      tree.update({&entry, 1}).value();
    }
    return outcome_after([&](BlockHeader& header, BlockBody& body) {
      header.account_root = tree.root();
      body.updated_accounts = std::move(updates);
    });
  }

  const Account& some_account() const { return model_.state_at(3).accounts.begin()->second; }
  static AccountDelta empty_delta(const AccountId& id) {
    return {id, {}, {}, std::nullopt, Felt::from_canonical(1)};
  }
};

TEST_F(ApplyAccountUpdate, AcceptsAPartialDeltaThatHashesToItsCommitment) {
  Account account = some_account();
  const AccountDelta delta = empty_delta(account.id);
  account.apply(delta).value();
  const std::shared_ptr<const StateView> before = chain_->view();
  SignedBlock block = *good_;
  Smt tree = model_.state_at(3).account_tree;
  const SmtEntry entry{account_tree_key(account.id), account.commitment()};
  tree.update({&entry, 1}).value();
  block.header.account_root = tree.root();
  block.body.updated_accounts = {{account.id, account.commitment(), {delta}}};
  apply(*chain_, model_.sign(block.header, block.body));
  EXPECT_EQ(chain_->tip(), BlockNum{4});
}

TEST_F(ApplyAccountUpdate, RefusesDetailsThatDoNotHashToTheCommitment) {
  const AccountId id = some_account().id;
  EXPECT_EQ(outcome_with({{id, word(5), {empty_delta(id)}}}), "AccountCommitmentsMismatch");
  Account created = some_account();
  created.id = public_account(4000);
  EXPECT_EQ(outcome_with({{created.id, word(5), {*AccountDelta::from_account(created)}}}),
            "AccountCommitmentsMismatch");
}

TEST_F(ApplyAccountUpdate, RefusesAPartialDeltaOfAnUnknownAccount) {
  EXPECT_EQ(outcome_with({{public_account(4000), word(5), {empty_delta(public_account(4000))}}}),
            "AccountNotFoundInDb");
}

TEST_F(ApplyAccountUpdate, RefusesAFullStateOfAnAccountThatExists) {
  const Account& account = some_account();
  EXPECT_EQ(
      outcome_with({{account.id, account.commitment(), {*AccountDelta::from_account(account)}}}),
      "AccountAlreadyExists");
}

TEST_F(ApplyAccountUpdate, RefusesDetailsOfTheWrongKind) {
  EXPECT_EQ(outcome_with({{some_account().id, word(5), {}}}), "PublicStateAccountMissingDetails");
  EXPECT_EQ(outcome_with({{private_account(4000), word(5), {empty_delta(private_account(4000))}}}),
            "PrivateAccountWithDetails");
  EXPECT_EQ(outcome_with({{some_account().id, word(5), {empty_delta(public_account(4000))}}}),
            "AccountIdMismatch");
}

TEST_F(ApplyAccountUpdate, RefusesVaultChangesThatTheVaultCannotMake) {
  const AccountId id = some_account().id;
  const AccountId faucet = public_account(555);
  const NonFungibleAsset art{faucet, word(1), AssetCallbacks::kDisabled};
  const AssetVaultKey coin = AssetVaultKey::fungible(faucet, AssetCallbacks::kDisabled);

  AccountDelta delta = empty_delta(id);
  delta.vault.fungible.emplace(coin, -1);
  EXPECT_EQ(outcome_with({{id, word(5), {delta}}}), "FungibleAssetNotFound");
  delta.vault = {};
  delta.vault.fungible.emplace(coin, INT64_MIN);
  EXPECT_EQ(outcome_with({{id, word(5), {delta}}}), "FungibleAssetNotFound");
  delta.vault = {};
  delta.vault.fungible.emplace(coin, static_cast<int64_t>(kMaxFungibleAmount) + 1);
  EXPECT_EQ(outcome_with({{id, word(5), {delta}}}), "FungibleAssetAmountOverflow");
  delta.vault = {};
  delta.vault.non_fungible.emplace(art.key(), std::pair(art, AccountVaultDelta::Action::kRemove));
  EXPECT_EQ(outcome_with({{id, word(5), {delta}}}), "NonFungibleAssetNotFound");

  for (const auto& [holder, account] : model_.state_at(3).accounts) {
    for (const Asset& asset : account.vault.assets()) {
      AccountDelta change = empty_delta(holder);
      if (const auto* held = std::get_if<NonFungibleAsset>(&asset.kind)) {
        change.vault.non_fungible.emplace(asset.key(),
                                          std::pair(*held, AccountVaultDelta::Action::kAdd));
        EXPECT_EQ(outcome_with({{holder, word(5), {change}}}), "DuplicateNonFungibleAsset");
      } else {
        const auto amount = static_cast<int64_t>(std::get<FungibleAsset>(asset.kind).amount);
        change.vault.fungible.emplace(asset.key(), -amount - 1);
        EXPECT_EQ(outcome_with({{holder, word(5), {change}}}), "FungibleAssetAmountUnderflow");
      }
    }
  }
}

TEST_F(ApplyAccountUpdate, RefusesStorageChangesOfSlotsThatAreNotThere) {
  const AccountId id = some_account().id;
  const auto outcome_of_slot = [&](std::string_view name, std::variant<Word, StorageMapDelta> to) {
    AccountDelta delta = empty_delta(id);
    delta.storage.slots.emplace(*StorageSlotName::parse(name), std::move(to));
    return outcome_with({{id, word(5), {delta}}});
  };
  EXPECT_EQ(outcome_of_slot("test::slot::none", word(1)), "StorageSlotNameNotFound");
  EXPECT_EQ(outcome_of_slot("test::slot::map", word(1)), "StorageSlotNotValue");
  EXPECT_EQ(outcome_of_slot("test::slot::value", StorageMapDelta{}), "StorageSlotNotMap");
}

TEST_F(ApplyAccountUpdate, RefusesANonceThatOverflows) {
  const AccountId id = some_account().id;
  AccountDelta delta = empty_delta(id);
  delta.nonce_delta = Felt::from_canonical(Felt::kModulus - 1);
  EXPECT_EQ(outcome_with({{id, word(5), {delta}}}), "NonceOverflow");
}

TEST_F(ApplyBlock, AcceptsTheGoodBlockAfterAllRefusals) {
  EXPECT_EQ(outcome_after([](BlockHeader& h, BlockBody&) { h.account_root = word(1); }),
            "NewBlockInvalidAccountRoot");
  apply(*chain_, *good_);
  EXPECT_EQ(chain_->view()->tip_header().header, good_->header);
  EXPECT_EQ(outcome_of(*good_), "NewBlockInvalidBlockNum");
}

TEST_F(ApplyBlock, KeepsProvingInputsUntilTheProofIsApplied) {
  const Bytes inputs = {1, 2, 3};
  ASSERT_TRUE(chain_->apply_block(*good_, inputs));
  EXPECT_EQ(chain_->view()->proving_inputs({4}), inputs);
  EXPECT_EQ(code_of(chain_->apply_proof({2}, {})), "OutOfSequenceProof");
  for (uint32_t n = 1; n <= 4; ++n) EXPECT_EQ(code_of(chain_->apply_proof({n}, {})), "ok");
  EXPECT_EQ(code_of(chain_->apply_proof({4}, {})), "OutOfSequenceProof");
  EXPECT_EQ(code_of(chain_->apply_proof({5}, {})), "UncommittedBlock");
  EXPECT_EQ(chain_->view()->proving_inputs({4}), std::nullopt);
  EXPECT_EQ(chain_->view()->proof({4}), Bytes());
  EXPECT_EQ(chain_->proven_tip(), BlockNum{4});
}

}  // namespace
}  // namespace miden
