// SubmitProvenTxBatch up to where the node takes over: order, codes and texts of spec/store-rpc.md
// §18.2, and batches that somebody made to hurt.
#include "rpc/submit_proven_tx_batch.hpp"

#include <gmock/gmock.h>

#include <random>

#include "rpc/submission_checks.hpp"
#include "rpc/test_support/served_chain.hpp"

namespace miden {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SubmitBatch : public ServedChain {
 protected:
  using Transactions = std::vector<std::shared_ptr<const ProvenTransaction>>;

  static std::shared_ptr<const ProvenTransaction> shared(ProvenTransaction transaction) {
    return std::make_shared<const ProvenTransaction>(std::move(transaction));
  }
  // Of different accounts; the second consumes what the first creates.
  static Transactions valid_transactions() {
    TransactionSpec creates = valid_transaction();
    creates.outputs = {private_note(7), public_note(8)};
    TransactionSpec consumes = valid_transaction();
    consumes.account = private_account(4712);
    consumes.inputs = {authenticated(2), unauthenticated(7)};
    return {shared(transaction(creates)), shared(transaction(consumes))};
  }
  static Result<ProposedBatch> proposed(const Transactions& transactions) {
    BatchInputs inputs = ChainWorld::view().batch_inputs({BlockNum{3}}, {}).value();
    return ProposedBatch::make(transactions, inputs.reference_block, std::move(inputs.blockchain),
                               {});
  }
  static std::string text_of(const auto& value) {
    return std::string(as_string_view(to_bytes(value)));
  }
  static ::transaction::TransactionBatch request_of(const Transactions& transactions) {
    const ProposedBatch batch = proposed(transactions).value();
    ::transaction::TransactionBatch request;
    request.set_batch_proof(text_of(ProvenBatch::of(batch)));
    request.set_proposed_batch(text_of(batch));
    for (size_t i = 0; i < transactions.size(); ++i) {
      request.add_transaction_inputs("inputs " + std::to_string(i));
    }
    return request;
  }
  // The bytes of a batch that `make` would refuse: transactions, then what surrounds them.
  static std::string bytes_of_unmakeable(const Transactions& transactions) {
    const BatchInputs inputs = ChainWorld::view().batch_inputs({BlockNum{3}}, {}).value();
    ByteWriter writer;
    writer.vint(transactions.size());
    for (const auto& transaction : transactions) transaction->encode(writer);
    inputs.reference_block.encode(writer);
    inputs.blockchain.encode(writer);
    writer.vint(0);
    return std::string(as_string_view(writer.view()));
  }
  std::string submit(const ::transaction::TransactionBatch& request, const Metadata& more = {}) {
    Metadata metadata = {{"accept", accept_header()}};
    metadata.insert(metadata.end(), more.begin(), more.end());
    return call(&::rpc::Api::Stub::SubmitProvenTxBatch, request, block_number, metadata);
  }
  void expect_nothing_done() {
    EXPECT_TRUE(submitter.batches.empty());
    EXPECT_EQ(engine.verifications(), 0u);
  }
};

TEST_F(SubmitBatch, HandsOverACheckedBatch) {
  start();
  const Transactions transactions = valid_transactions();
  const auto request = request_of(transactions);
  EXPECT_EQ(submit(request), "OK");
  EXPECT_EQ(block_number.block_num(), 42u);
  ASSERT_EQ(submitter.batches.size(), 1u);
  const CheckedBatch& batch = submitter.batches[0];
  EXPECT_EQ(batch.proven_batch, request.batch_proof());
  EXPECT_EQ(batch.proposed_batch, request.proposed_batch());
  ASSERT_EQ(batch.transactions.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(*batch.transactions[i].transaction, *transactions[i]);
    EXPECT_EQ(batch.transactions[i].bytes, text_of(*transactions[i]));
    EXPECT_EQ(batch.transactions[i].inputs, "inputs " + std::to_string(i));
  }
  EXPECT_EQ(engine.verifications(), 2u);
}

TEST_F(SubmitBatch, VerifiesNothingThatWasVerifiedBefore) {
  start();
  const Transactions transactions = valid_transactions();
  EXPECT_EQ(ServedChain::submit(ServedChain::request_of(*transactions[0])), "OK");
  EXPECT_EQ(submit(request_of(transactions)), "OK");
  EXPECT_EQ(submit(request_of(transactions)), "OK");
  EXPECT_EQ(ServedChain::submit(ServedChain::request_of(*transactions[1])), "OK");
  EXPECT_EQ(engine.verifications(), 2u);
}

TEST_F(SubmitBatch, NeedsTheNetworksName) {
  start();
  EXPECT_EQ(
      call(&::rpc::Api::Stub::SubmitProvenTxBatch, request_of(valid_transactions())),
      "INVALID_ARGUMENT: Accept header with 'genesis' parameter is required for write RPC methods");
  expect_nothing_done();
}

TEST_F(SubmitBatch, ReadsTheProvenBatchThenTheProposedOne) {
  start();
  const auto whole = request_of(valid_transactions());
  ::transaction::TransactionBatch request;
  EXPECT_THAT(submit(request), StartsWith("INVALID_ARGUMENT: invalid proven_batch: \ncaused by: "));
  request.set_proposed_batch("garbage");
  EXPECT_THAT(submit(request), StartsWith("INVALID_ARGUMENT: invalid proven_batch: \ncaused by: "));
  request.set_batch_proof(whole.batch_proof());
  EXPECT_THAT(submit(request),
              StartsWith("INVALID_ARGUMENT: invalid proposed_batch: \ncaused by: "));
  request.set_proposed_batch("");
  EXPECT_THAT(submit(request),
              StartsWith("INVALID_ARGUMENT: invalid proposed_batch: \ncaused by: "));
  request.clear_proposed_batch();
  EXPECT_EQ(submit(request), "INVALID_ARGUMENT: missing `proposed_batch` field");
  expect_nothing_done();
}

TEST_F(SubmitBatch, AsksForTheProvenBatchsReferenceBlockBeforeCounting) {
  start();
  auto request = request_of(valid_transactions());
  request.clear_transaction_inputs();
  ProvenBatch proven = ProvenBatch::of(proposed(valid_transactions()).value());
  const BlockNum tip = proven.reference_block_num;
  proven.reference_block_num = {99};
  request.set_batch_proof(text_of(proven));
  EXPECT_EQ(submit(request), "INVALID_ARGUMENT: unknown block 99");
  proven.reference_block_num = tip;
  const Word commitment = proven.reference_block_commitment;
  proven.reference_block_commitment = word(1);
  request.set_batch_proof(text_of(proven));
  EXPECT_EQ(submit(request), "INVALID_ARGUMENT: reference block's commitment " + word(1).to_hex() +
                                 " at block 12 does not match the chain's commitment of " +
                                 commitment.to_hex());
  expect_nothing_done();
}

TEST_F(SubmitBatch, CountsTheInputs) {
  start();
  auto request = request_of(valid_transactions());
  request.add_transaction_inputs("one too many");
  EXPECT_EQ(submit(request),
            "INVALID_ARGUMENT: Number of inputs 3 does not match number of transaction 2 in batch");
  request.clear_transaction_inputs();
  EXPECT_EQ(submit(request),
            "INVALID_ARGUMENT: Number of inputs 0 does not match number of transaction 2 in batch");
  expect_nothing_done();
}

TEST_F(SubmitBatch, ProvesTheBatchAgain) {
  start();
  const Transactions transactions = valid_transactions();
  const auto request = request_of(transactions);
  engine.verdict = Error{"TransactionVerificationFailed", "failed to verify\ncaused by: bad proof"};
  EXPECT_EQ(
      submit(request),
      "INVALID_ARGUMENT: proposed block proof failed: \ncaused by: failed to verify transaction " +
          transactions[0]->id.to_hex() +
          " in transaction batch\ncaused by: failed to verify\ncaused by: bad proof");
  engine.verdict = Error{"EnginePanic", "gave up"};
  EXPECT_EQ(submit(request), "INTERNAL: batch proof verification task failed: gave up");
  EXPECT_TRUE(submitter.batches.empty());
}

TEST_F(SubmitBatch, RefusesAnotherProvenBatch) {
  start();
  const Transactions transactions = valid_transactions();
  auto request = request_of(transactions);
  const auto refused = [&](const ProvenBatch& claimed) {
    request.set_batch_proof(text_of(claimed));
    EXPECT_EQ(submit(request), "INVALID_ARGUMENT: batch proof did not match proposed batch");
  };
  const ProvenBatch proven = ProvenBatch::of(proposed(transactions).value());
  refused(ProvenBatch::of(proposed({transactions[0]}).value()));
  ProvenBatch changed = proven;
  changed.expiration_block_num = changed.expiration_block_num.next();
  refused(changed);
  changed = proven;
  std::swap(changed.transactions.transactions[0], changed.transactions.transactions[1]);
  refused(changed);
  changed = proven;
  changed.output_notes.pop_back();
  refused(changed);
  changed = proven;
  changed.account_updates.begin()->second.final_commitment = word(666);
  refused(changed);
  EXPECT_TRUE(submitter.batches.empty());
}

// The rules of a batch are the decoder's.
TEST_F(SubmitBatch, RefusesBatchesThatBreakARule) {
  start();
  const Transactions transactions = valid_transactions();
  auto request = request_of(transactions);
  const auto refusal = [&](const Transactions& broken) {
    request.set_proposed_batch(bytes_of_unmakeable(broken));
    return submit(request);
  };
  EXPECT_THAT(refusal({}), StartsWith("INVALID_ARGUMENT: invalid proposed_batch: \ncaused by: "));
  EXPECT_THAT(refusal({transactions[0], transactions[0]}),
              HasSubstr("transaction " + transactions[0]->id.to_hex() + " is in the batch twice"));
  // One note twice.
  TransactionSpec again = valid_transaction();
  again.account = private_account(4713);
  again.final = 3;
  EXPECT_THAT(refusal({transactions[0], shared(transaction(again))}),
              HasSubstr("is consumed twice"));
  // Reference block D17: the reference's note tracker asserts on this one.
  ProvenTransaction loop = transaction(valid_transaction());
  loop.input_notes.notes.push_back(unauthenticated(5));
  loop.output_notes.notes.push_back(private_note(5));
  EXPECT_THAT(refusal({shared(loop)}), StartsWith("INVALID_ARGUMENT: invalid proposed_batch"));
  // Of another chain.
  TransactionSpec foreign = valid_transaction();
  foreign.ref_block_commitment = word(5);
  EXPECT_THAT(refusal({shared(transaction(foreign))}), HasSubstr(word(5).to_hex()));
  expect_nothing_done();
}

class GatedTransaction {
 public:
  // Of a network account that exists.
  static std::shared_ptr<const ProvenTransaction> make() {
    const auto& model = ChainWorld::shared().model;
    const AccountId account = *model.network_accounts.begin();
    AccountDelta delta{account, {}, {}, std::nullopt, Felt::from_canonical(1)};
    const Word commitment = delta.commitment();  // before the fee is taken
    EXPECT_TRUE(delta.vault.remove_fungible(coins(3)));
    const TransactionSpec spec;
    return std::make_shared<const ProvenTransaction>(
        ProvenTransaction::make(
            *TxAccountUpdate::make(account, model.state.accounts.at(account).commitment(), word(2),
                                   commitment, {delta}),
            *InputNoteCommitments::make({authenticated(77)}), *OutputNotes::make({}), {3},
            model.blocks[3].header.commitment(), coins(3), {1000}, ExecutionProof{{1, 2, 3}, 1, {}})
            .value());
  }
};

TEST_F(SubmitBatch, OnlyTheBuilderSubmitsForNetworkAccounts) {
  start();
  Transactions transactions = valid_transactions();
  transactions.push_back(GatedTransaction::make());
  const auto request = request_of(transactions);
  const std::string refused =
      "INVALID_ARGUMENT: Network transactions may not be submitted by users yet";
  EXPECT_EQ(submit(request), refused);
  EXPECT_EQ(submit(request, {{"x-miden-network-tx-auth", "guess"}}), refused);
  EXPECT_EQ(submit(request, {{"x-miden-network-tx-auth", ""}}), refused);
  expect_nothing_done();
  EXPECT_EQ(submit(request, {{"x-miden-network-tx-auth", "secret"}}), "OK");
}

TEST_F(SubmitBatch, HasNoAuthorizationWithoutASecret) {
  start([](RpcOptions& options) { options.network_tx_auth = std::nullopt; });
  const auto request = request_of({GatedTransaction::make()});
  EXPECT_THAT(submit(request), StartsWith("INVALID_ARGUMENT: Network transactions"));
  EXPECT_THAT(submit(request, {{"x-miden-network-tx-auth", ""}}),
              StartsWith("INVALID_ARGUMENT: Network transactions"));
}

TEST(NetworkGate, ClassifiesAThousandAccountsAtMost) {
  const auto& model = ChainWorld::shared().model;
  const auto ordinary = [&]() -> AccountId {
    for (const auto& [id, account] : model.state.accounts) {
      if (!model.network_accounts.contains(id)) return id;
    }
    std::abort();
  }();
  AccountDelta delta{ordinary, {}, {}, std::nullopt, Felt::from_canonical(1)};
  const Word commitment = delta.commitment();
  ASSERT_TRUE(delta.vault.remove_fungible(coins(3)));
  ProvenTransaction existing = transaction({.inputs = {authenticated(1)}});
  existing.account_update =
      *TxAccountUpdate::make(ordinary, word(1), word(2), commitment, {std::move(delta)});
  const auto gated = std::make_shared<const ProvenTransaction>(existing);
  existing.account_update.initial_commitment = Word();
  const auto deployment = std::make_shared<const ProvenTransaction>(existing);

  std::vector<std::shared_ptr<const ProvenTransaction>> transactions(1000, gated);
  transactions.push_back(deployment);
  transactions.push_back(std::make_shared<const ProvenTransaction>(transaction({})));
  EXPECT_EQ(outcome(check_network_accounts(ChainWorld::view(), transactions)), "OK");
  transactions.push_back(gated);
  EXPECT_EQ(outcome(check_network_accounts(ChainWorld::view(), transactions)),
            "INTERNAL: network-account classification failed: parameter account_id exceeded limit "
            "1000: 1001");
}

TEST_F(SubmitBatch, SurvivesAnyDamage) {
  const auto whole = request_of(valid_transactions());
  TransactionVerifier strict(judge);
  engine.verdict = Error{"TransactionVerificationFailed", "tampered"};
  constexpr unsigned kSeed = 20251125;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 3'000; ++round) {
    auto request = whole;
    for (std::string* field : {request.mutable_batch_proof(), request.mutable_proposed_batch()}) {
      const int damage = static_cast<int>(random() % 4);
      for (int i = 0; i < damage; ++i) {
        (*field)[random() % field->size()] = static_cast<char>(random());
      }
      if (random() % 8 == 0) field->resize(random() % field->size());
    }
    const auto checked = check_batch_submission(ChainWorld::view(), strict, request, false);
    EXPECT_FALSE(checked) << "seed " << kSeed << ", round " << round;
  }
}

}  // namespace
}  // namespace miden
