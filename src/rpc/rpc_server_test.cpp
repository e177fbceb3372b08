// The public server over a socket: negotiation, limits, submission, health, reflection.
#include "rpc/rpc_server.hpp"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <future>
#include <thread>

#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "rpc.grpc.pb.h"
#include "rpc/test_support/served_chain.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

using RpcServerTest = ServedChain;

TEST_F(RpcServerTest, AnswersStatusWithAndWithoutAcceptHeader) {
  start();
  ::rpc::RpcStatus status;
  EXPECT_EQ(call(&::rpc::Api::Stub::Status, google::protobuf::Empty(), status, {}), "OK");
  EXPECT_EQ(status.version(), "0.15.2");
  EXPECT_EQ(status.chain_tip(), ChainWorld::kBlocks);
  EXPECT_EQ(call(&::rpc::Api::Stub::Status, {}, {{"accept", accept_header()}}), "OK");
  EXPECT_EQ(
      call(&::rpc::Api::Stub::Status, {}, {{"accept", "application/vnd.miden; version=0.14.0"}}),
      "INVALID_ARGUMENT: server does not support any of the specified application/vnd.miden "
      "content types");
  EXPECT_EQ(
      call(&::rpc::Api::Stub::Status, {}, {{"accept", "application/vnd.miden; genesis=0x12"}}),
      "INVALID_ARGUMENT: genesis value failed to parse\ncaused by: hex encoded values of a word "
      "are "
      "invalid\ncaused by: expected hex data to have length 66, including the 0x prefix, found 4");
}

TEST_F(RpcServerTest, ServesReadMethods) {
  start();
  EXPECT_EQ(call(&::rpc::Api::Stub::GetLimits), "OK");
  EXPECT_EQ(call(&::rpc::Api::Stub::GetBlockHeaderByNumber), "OK");
  EXPECT_EQ(call(&::rpc::Api::Stub::GetBlockByNumber), "OK");
  EXPECT_EQ(call(&::rpc::Api::Stub::GetNotesById), "OK");
  EXPECT_EQ(call(&::rpc::Api::Stub::SyncChainMmr), "OK");
  EXPECT_EQ(call(&::rpc::Api::Stub::SyncNotes),
            "INVALID_ARGUMENT: SyncNotesRequest: missing field `block_range`");
  EXPECT_EQ(call(&::rpc::Api::Stub::GetAccount),
            "INVALID_ARGUMENT: field `rpc::AccountRequest::account_id` is missing");
}

TEST_F(RpcServerTest, RefusesARequestAboveTheLimit) {
  start();
  ::transaction::ProvenTransaction request;
  // Tag, three bytes of length, the bytes.
  request.set_transaction(std::string(kMaxRequestBytes - 5, 'x'));
  EXPECT_THAT(submit(request), HasSubstr("INVALID_ARGUMENT: invalid transaction"));
  request.set_transaction(std::string(kMaxRequestBytes - 4, 'x'));
  EXPECT_EQ(submit(request),
            "OUT_OF_RANGE: Error, decoded message length too large: found 4194305 bytes, the limit "
            "is: 4194304 "
            "bytes");
}

TEST_F(RpcServerTest, LimitsHowOftenAnAddressAsks) {
  start([](RpcOptions& options) {
    options.rate_limit = {.burst = 2, .period = std::chrono::hours(1)};
  });
  EXPECT_EQ(call(&::rpc::Api::Stub::GetLimits), "OK");
  EXPECT_EQ(call(&::rpc::Api::Stub::GetLimits), "OK");
  EXPECT_EQ(call(&::rpc::Api::Stub::GetLimits),
            "RESOURCE_EXHAUSTED: Too Many Requests! Wait for 3599s");
  EXPECT_EQ(trailing.find("retry-after")->second, "3599");
  EXPECT_EQ(trailing.find("x-ratelimit-limit")->second, "2");
  EXPECT_EQ(call(&::rpc::Api::Stub::GetLimits, {}, {{"x-forwarded-for", "1.2.3.4"}}), "OK");
}

TEST_F(RpcServerTest, HandsOverACheckedTransaction) {
  start();
  const ProvenTransaction transaction = miden::transaction(valid_transaction());
  EXPECT_EQ(submit(request_of(transaction)), "OK");
  EXPECT_EQ(block_number.block_num(), 42u);
  ASSERT_EQ(submitter.submitted.size(), 1u);
  EXPECT_EQ(*submitter.submitted[0].transaction, transaction);
  EXPECT_EQ(submitter.submitted[0].bytes, as_string_view(to_bytes(transaction)));
  EXPECT_EQ(submitter.submitted[0].inputs, "inputs");
  EXPECT_EQ(engine.verified, std::vector<Bytes>{to_bytes(transaction)});
}

TEST_F(RpcServerTest, RefusesASubmissionWithoutTheNetworksName) {
  start();
  const auto request = request_of(miden::transaction(valid_transaction()));
  EXPECT_EQ(
      call(&::rpc::Api::Stub::SubmitProvenTx, request),
      "INVALID_ARGUMENT: Accept header with 'genesis' parameter is required for write RPC methods");
  EXPECT_EQ(call(&::rpc::Api::Stub::SubmitProvenTx, request,
                 {{"accept", "application/vnd.miden; version=0.15.5"}}),
            "INVALID_ARGUMENT: server does not support any of the specified application/vnd.miden "
            "content types");
  EXPECT_TRUE(submitter.submitted.empty());
}

TEST_F(RpcServerTest, RefusesDamagedTransactions) {
  start();
  auto request = request_of(miden::transaction(valid_transaction()));
  const std::string whole = request.transaction();
  for (size_t length = 0; length < whole.size(); length += 7) {
    request.set_transaction(whole.substr(0, length));
    EXPECT_THAT(submit(request), HasSubstr("INVALID_ARGUMENT: invalid transaction: \ncaused by: "));
  }
  EXPECT_TRUE(submitter.submitted.empty());
  EXPECT_TRUE(engine.verified.empty());
}

TEST_F(RpcServerTest, RefusesAReferenceBlockThatIsNotOnTheChain) {
  start();
  TransactionSpec spec = valid_transaction();
  spec.ref_block_num = {13};
  EXPECT_EQ(submit(request_of(miden::transaction(spec))), "INVALID_ARGUMENT: unknown block 13");
  spec = valid_transaction();
  spec.ref_block_commitment = word(1);
  EXPECT_EQ(submit(request_of(miden::transaction(spec))),
            "INVALID_ARGUMENT: reference block's commitment " + word(1).to_hex() +
                " at block 3 does not match the chain's commitment of " +
                ChainWorld::shared().model.blocks[3].header.commitment().to_hex());
  EXPECT_TRUE(submitter.submitted.empty());
}

TEST_F(RpcServerTest, RefusesANoteThatIsCreatedAndConsumed) {
  start();
  ProvenTransaction transaction = miden::transaction(valid_transaction());
  transaction.input_notes.notes.push_back(unauthenticated(5));
  transaction.output_notes.notes.push_back(private_note(5));
  EXPECT_THAT(submit(request_of(transaction)), HasSubstr("INVALID_ARGUMENT: "));
  EXPECT_TRUE(submitter.submitted.empty());
  EXPECT_TRUE(engine.verified.empty());
}

TEST_F(RpcServerTest, RefusesAnInvalidProof) {
  start();
  const ProvenTransaction transaction = miden::transaction(valid_transaction());
  engine.verdict = Error{"TransactionVerificationFailed", "failed to verify\ncaused by: bad proof"};
  EXPECT_EQ(submit(request_of(transaction)), "INVALID_ARGUMENT: Invalid proof for transaction " +
                                                 transaction.id.to_hex() +
                                                 ": failed to verify\ncaused by: bad proof");
  engine.verdict = Error{"EnginePanic", "gave up"};
  EXPECT_EQ(submit(request_of(transaction)),
            "INTERNAL: transaction proof verification task failed: gave up");
  EXPECT_TRUE(submitter.submitted.empty());
}

TEST_F(RpcServerTest, OnlyTheBuilderSubmitsForNetworkAccounts) {
  start();
  const auto& model = ChainWorld::shared().model;
  ASSERT_FALSE(model.network_accounts.empty());
  const AccountId network_account = *model.network_accounts.begin();
  const Account& account = model.state.accounts.at(network_account);
  AccountDelta delta{network_account, {}, {}, std::nullopt, Felt::from_canonical(1)};
  const auto update = [&](const Word& initial, AccountDelta details) {
    const Word commitment = details.commitment();  // before the fee is taken
    EXPECT_TRUE(details.vault.remove_fungible(coins(3)));
    return *TxAccountUpdate::make(network_account, initial, word(2), commitment, {details});
  };
  const auto transaction_with = [&](TxAccountUpdate change) {
    ProvenTransaction transaction = miden::transaction(valid_transaction());
    return ProvenTransaction::make(std::move(change), transaction.input_notes,
                                   transaction.output_notes, transaction.ref_block_num,
                                   transaction.ref_block_commitment, transaction.fee,
                                   transaction.expiration_block_num, transaction.proof)
        .value();
  };
  const auto request = request_of(transaction_with(update(account.commitment(), delta)));
  EXPECT_EQ(submit(request),
            "INVALID_ARGUMENT: Network transactions may not be submitted by users yet");
  EXPECT_EQ(submit(request, {{"x-miden-network-tx-auth", "guess"}}),
            "INVALID_ARGUMENT: Network transactions may not be submitted by users yet");
  EXPECT_TRUE(submitter.submitted.empty());
  EXPECT_EQ(submit(request, {{"x-miden-network-tx-auth", "secret"}}), "OK");
}

TEST_F(RpcServerTest, HandsOnWhatTheSubmitterSays) {
  start();
  submitter.answer =
      refuse(StatusCode::kInvalidArgument, "transaction conflicts with current mempool state",
             std::string(1, '\2'));
  EXPECT_EQ(submit(request_of(miden::transaction(valid_transaction()))),
            "INVALID_ARGUMENT: transaction conflicts with current mempool state [2]");
  submitter.answer = refuse(StatusCode::kInternal, "Internal error", std::string(1, '\0'));
  EXPECT_EQ(submit(request_of(miden::transaction(valid_transaction()))),
            "INTERNAL: Internal error [0]");
}

TEST_F(RpcServerTest, TimesOutAndRefusesWhenFull) {
  start([](RpcOptions& options) {
    options.request_timeout = 300ms;
    options.submission_threads = 1;
    options.max_waiting_calls = 1;
  });
  std::promise<void> open;
  submitter.gate = open.get_future().share();
  const auto request = request_of(miden::transaction(valid_transaction()));
  EXPECT_EQ(submit(request), "CANCELLED: Timeout expired");
  // The work of the first is still on the only thread.
  EXPECT_EQ(submit(request), "RESOURCE_EXHAUSTED: the node is busy, try again");
  open.set_value();
}

TEST_F(RpcServerTest, EndsEachSubmissionOnceThoughItsTimeoutAndItsEndCoincide) {
  start([](RpcOptions& options) {
    options.request_timeout = 2ms;
    options.submission_threads = 3;
    options.max_waiting_calls = 4;
  });
  submitter.work_time = 700us;
  const auto request = request_of(miden::transaction(valid_transaction()));
  std::atomic<int> ended = 0;
  const auto submit_many = [&](int count) {
    const auto stub = ::rpc::Api::NewStub(channel);
    for (int i = 0; i < count; ++i) {
      grpc::ClientContext context;
      context.AddMetadata("accept", accept_header());
      if (i % 10 == 9)
        context.set_deadline(std::chrono::system_clock::now() + 1ms);  // gives up itself
      ::blockchain::BlockNumber response;
      const grpc::Status status = stub->SubmitProvenTx(&context, request, &response);
      EXPECT_THAT(
          status.error_code(),
          ::testing::AnyOf(grpc::StatusCode::OK, grpc::StatusCode::CANCELLED,
                           grpc::StatusCode::RESOURCE_EXHAUSTED,
                           grpc::StatusCode::DEADLINE_EXCEEDED, grpc::StatusCode::UNAVAILABLE));
      if (status.ok()) {
        EXPECT_EQ(response.block_num(), 42u);
      }
      ++ended;
    }
  };
  std::vector<std::jthread> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back(submit_many, 100);
  while (ended < 500) std::this_thread::sleep_for(1ms);
  server->shutdown(100ms);  // with calls in flight
  clients.clear();
  EXPECT_EQ(ended, 800);
}

TEST_F(RpcServerTest, RefusesAMessageThatIsNoProtobuf) {
  start();
  const std::string bytes = "\x0a\xff\xff";  // a field longer than the message
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  for (const char* method : {"/rpc.Api/GetNoteScriptByRoot", "/rpc.Api/SubmitProvenTx"}) {
    grpc::ClientContext context;
    context.AddMetadata("accept", accept_header());
    std::promise<grpc::Status> done;
    grpc::GenericStub(channel).UnaryCall(
        &context, method, {}, &request, &response,
        [&](const grpc::Status& status) { done.set_value(status); });
    const grpc::Status status = done.get_future().get();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
    EXPECT_EQ(status.error_message(), "failed to decode Protobuf message");
  }
  EXPECT_TRUE(submitter.submitted.empty());
}

TEST_F(RpcServerTest, TellsItsHealth) {
  start();
  const auto health = ::grpc::health::v1::Health::NewStub(channel);
  const auto check = [&](const std::string& service) {
    grpc::ClientContext context;
    ::grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    ::grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = health->Check(&context, request, &response);
    if (!status.ok()) return std::to_string(status.error_code()) + ": " + status.error_message();
    return ::grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status());
  };
  EXPECT_EQ(check(""), "SERVING");
  EXPECT_EQ(check("rpc.Api"), "SERVING");
  EXPECT_EQ(check("other"), "5: service not registered");

  grpc::ClientContext context;
  ::grpc::health::v1::HealthCheckRequest request;
  request.set_service("rpc.Api");
  const auto watch = health->Watch(&context, request);
  ::grpc::health::v1::HealthCheckResponse seen;
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), ::grpc::health::v1::HealthCheckResponse::SERVING);
  server->set_serving(false);
  ASSERT_TRUE(watch->Read(&seen));
  EXPECT_EQ(seen.status(), ::grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(check("rpc.Api"), "NOT_SERVING");
  const auto began = std::chrono::steady_clock::now();
  server->shutdown(10s);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s) << "a watcher holds up the shutdown";
  EXPECT_FALSE(watch->Read(&seen));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(RpcServerTest, DescribesItsServices) {
  start();
  const auto reflection = ::grpc::reflection::v1::ServerReflection::NewStub(channel);
  grpc::ClientContext context;
  const auto stream = reflection->ServerReflectionInfo(&context);
  ::grpc::reflection::v1::ServerReflectionRequest request;
  ::grpc::reflection::v1::ServerReflectionResponse response;
  const auto ask = [&] { return stream->Write(request) && stream->Read(&response); };

  request.set_list_services("");
  ASSERT_TRUE(ask());
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service())
    names.push_back(service.name());
  EXPECT_EQ(names, (std::vector<std::string>{"rpc.Api", "grpc.health.v1.Health",
                                             "grpc.reflection.v1.ServerReflection",
                                             "grpc.reflection.v1alpha.ServerReflection"}));
  request.set_file_containing_symbol("rpc.Api.SyncNotes");
  ASSERT_TRUE(ask());
  EXPECT_EQ(response.file_descriptor_response().file_descriptor_proto_size(),
            7);  // and six imports
  request.set_file_by_filename("types/note.proto");
  ASSERT_TRUE(ask());
  EXPECT_EQ(response.file_descriptor_response().file_descriptor_proto_size(), 3);
  request.set_file_containing_symbol("validator.Api");  // linked in, not served
  ASSERT_TRUE(ask());
  EXPECT_EQ(response.error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(RpcServerTest, SaysWhichAddressIsTaken) {
  start();
  RpcOptions options;
  options.version = "0.15.2";
  options.listen = *SocketAddress::parse("127.0.0.1:" + std::to_string(server->port()));
  auto& chain = *ChainWorld::shared().chain;
  const auto second =
      RpcServer::start(options, {&chain, &verifier, &submitter, &producer, nullptr});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "BindFailed");
  EXPECT_EQ(second.error().message, "cannot listen on 127.0.0.1:" + std::to_string(server->port()) +
                                        ": Address already in use");
}

}  // namespace
}  // namespace miden
