// Admission on a full node: what the validator and the sequencer are told, and when they are not.
#include "node/submit_authenticated.hpp"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "internal/sequencer.grpc.pb.h"
#include "internal/validator.grpc.pb.h"
#include "net/convert_account.hpp"
#include "net/convert_primitives.hpp"
#include "rpc/test_support/chain_world.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;

// Both services on one port, as far as they are called.
class Both final {
 public:
  struct Validator final : ::validator::Api::Service {
    grpc::Status SubmitProvenTransaction(grpc::ServerContext*,
                                         const ::transaction::ProvenTransaction* request,
                                         google::protobuf::Empty*) override {
      submitted.push_back(*request);
      return submitted.size() == refuses_from ? refusal : grpc::Status::OK;
    }
    std::vector<::transaction::ProvenTransaction> submitted;
    size_t refuses_from = 0;
    grpc::Status refusal{grpc::StatusCode::INVALID_ARGUMENT, "Invalid transaction"};
  };
  struct Sequencer final : ::sequencer::Api::Service {
    grpc::Status SubmitAuthenticatedTx(grpc::ServerContext*,
                                       const ::sequencer::AuthenticatedTransaction* request,
                                       ::blockchain::BlockNumber* response) override {
      single = *request;
      response->set_block_num(99);
      return answer;
    }
    grpc::Status SubmitAuthenticatedTxBatch(
        grpc::ServerContext*, const ::sequencer::AuthenticatedTransactionBatch* request,
        ::blockchain::BlockNumber* response) override {
      batch = *request;
      response->set_block_num(98);
      return answer;
    }
    std::optional<::sequencer::AuthenticatedTransaction> single;
    std::optional<::sequencer::AuthenticatedTransactionBatch> batch;
    grpc::Status answer;
  };

  Both() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&validator);
    builder.RegisterService(&sequencer);
    server_ = builder.BuildAndStart();
    url = *ServiceUrl::parse("http://127.0.0.1:" + std::to_string(port));
  }
  ~Both() { server_->Shutdown(std::chrono::system_clock::now()); }

  Validator validator;
  Sequencer sequencer;
  ServiceUrl url;

 private:
  std::unique_ptr<grpc::Server> server_;
};

class Authenticated : public ::testing::Test {
 protected:
  static CheckedTransaction checked(const TransactionSpec& spec) {
    const auto made = std::make_shared<const ProvenTransaction>(transaction(spec));
    return {.transaction = made,
            .bytes = std::string(as_string_view(to_bytes(*made))),
            .inputs = "private"};
  }
  static const ChainWorld& world() { return ChainWorld::shared(); }
  static std::string text(const Answer<BlockNum>& answer) { return outcome(answer); }

  Both both;
  SubmitAuthenticated submitter{*world().chain,
                                {.validator_url = both.url, .sequencer_url = both.url}};
};

TEST_F(Authenticated, TellsTheSequencerWhatTheChainSays) {
  const AccountId account = world().any_private_account();
  const NoteHeader known = world().model.notes.front().note.header();
  const CheckedTransaction transaction =
      checked({.account = account,
               .inputs = {{Nullifier(word(900)), known},
                          {Nullifier(word(901)), private_note(123'456).header()},
                          {Nullifier(word(902)), std::nullopt}}});
  EXPECT_EQ(text(submitter.submit(transaction, {})), "OK");

  ASSERT_EQ(both.validator.submitted.size(), 1u);
  EXPECT_EQ(both.validator.submitted[0].transaction(), transaction.bytes);
  EXPECT_EQ(both.validator.submitted[0].transaction_inputs(), "private");
  const auto& sent = *both.sequencer.single;
  EXPECT_EQ(sent.transaction(), transaction.bytes);
  EXPECT_EQ(from_message(sent.store_account_state()).value(),
            world().model.state.commitments.at(account));
  ASSERT_EQ(sent.notes_authenticated_by_store_size(), 1);
  EXPECT_EQ(from_message(sent.notes_authenticated_by_store(0)).value(), known.id().word);
  EXPECT_EQ(sent.authentication_height(), ChainWorld::kBlocks);
}

TEST_F(Authenticated, SaysNothingOfAnAccountThatIsNew) {
  EXPECT_EQ(
      text(submitter.submit(checked({.account = private_account(777'777), .initial = 0}), {})),
      "OK");
  EXPECT_FALSE(both.sequencer.single->has_store_account_state());
  EXPECT_EQ(both.sequencer.single->notes_authenticated_by_store_size(), 0);
}

TEST_F(Authenticated, RefusesWhatTheChainRulesOutBeforeAnybodyIsAsked) {
  const Nullifier spent = world().model.nullifiers.front().first;
  EXPECT_EQ(
      text(submitter.submit(checked({.inputs = {{spent, std::nullopt}}}), {})),
      "INTERNAL: failed to authenticate transaction: \ncaused by: nullifiers already exist: " +
          spent.to_hex());

  const AccountId taken = world().any_private_account();
  const AccountId beside =
      *AccountId::from_limbs(taken.prefix(), taken.suffix() + Felt::from_canonical(256));
  EXPECT_TRUE(text(submitter.submit(checked({.account = beside, .initial = 0}), {}))
                  .starts_with("INTERNAL: failed to get transaction inputs: \ncaused by: "));
  EXPECT_TRUE(both.validator.submitted.empty());
  EXPECT_FALSE(both.sequencer.single);
}

TEST_F(Authenticated, HandsRefusalsOfValidatorAndSequencerBack) {
  both.validator.refuses_from = 1;
  EXPECT_EQ(text(submitter.submit(checked({}), {})), "INVALID_ARGUMENT: Invalid transaction");
  EXPECT_FALSE(both.sequencer.single);
  both.validator.refuses_from = 0;
  both.sequencer.answer = {grpc::StatusCode::INVALID_ARGUMENT, "the mempool is at capacity",
                           "\x03"};
  EXPECT_EQ(text(submitter.submit(checked({}), {})),
            "INVALID_ARGUMENT: the mempool is at capacity [3]");
}

TEST_F(Authenticated, SendsABatchWithTheInputsOfEachTransaction) {
  const AccountId account = world().any_private_account();
  const auto& [spent, spent_at] = world().model.nullifiers.front();
  const NoteHeader known = world().model.notes.front().note.header();
  CheckedBatch batch;
  batch.transactions.push_back(checked(
      {.account = account, .inputs = {{spent, std::nullopt}, {Nullifier(word(902)), known}}}));
  batch.transactions.push_back(checked({.account = private_account(777'778), .initial = 0}));
  batch.proposed_batch = "proposed";
  EXPECT_EQ(text(submitter.submit_batch(std::move(batch), {})), "OK");

  EXPECT_EQ(both.validator.submitted.size(), 2u);
  const auto& sent = *both.sequencer.batch;
  EXPECT_EQ(sent.proposed_batch(), "proposed");
  ASSERT_EQ(sent.auth_inputs_size(), 2);
  const auto& first = sent.auth_inputs(0);
  EXPECT_EQ(from_message(first.account_id()).value(), account);
  EXPECT_EQ(from_message(first.account_commitment()).value(),
            world().model.state.commitments.at(account));
  ASSERT_EQ(first.nullifiers_size(), 2);
  EXPECT_EQ(from_message(first.nullifiers(0).nullifier()).value(), spent.word);
  EXPECT_EQ(first.nullifiers(0).block_num(), spent_at.value);
  EXPECT_EQ(first.nullifiers(1).block_num(), 0u);
  ASSERT_EQ(first.found_unauthenticated_notes_size(), 1);
  EXPECT_EQ(from_message(first.found_unauthenticated_notes(0)).value(), known.id().word);
  EXPECT_EQ(first.current_block_height(), ChainWorld::kBlocks);
  EXPECT_FALSE(sent.auth_inputs(1).has_account_commitment());
}

TEST_F(Authenticated, StopsABatchAtTheFirstTransactionThatTheValidatorRefuses) {
  CheckedBatch batch;
  for (uint64_t i = 0; i < 3; ++i) batch.transactions.push_back(checked({.final = 10 + i}));
  both.validator.refuses_from = 2;
  EXPECT_EQ(text(submitter.submit_batch(std::move(batch), {})),
            "INVALID_ARGUMENT: Invalid transaction");
  EXPECT_EQ(both.validator.submitted.size(), 2u);
  EXPECT_FALSE(both.sequencer.batch);
}

}  // namespace
}  // namespace miden
