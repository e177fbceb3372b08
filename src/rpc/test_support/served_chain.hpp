// The public server over a socket and a real chain, with proofs, submissions and production faked.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "engine/test_support/fake_engine.hpp"
#include "rpc.grpc.pb.h"
#include "rpc/rpc_server.hpp"
#include "rpc/test_support/chain_world.hpp"

namespace miden {

using namespace std::chrono_literals;

// Says of every proof what the test wants; the API asks for nothing else.
class ProofJudge final : public FakeEngine {
 public:
  Result<void> verify_transaction(ByteView proven_tx) const override {
    ++waiting;
    if (gate) gate->wait();
    --waiting;
    const std::scoped_lock lock(mutex);
    verified.emplace_back(proven_tx.begin(), proven_tx.end());
    if (verdict) return fail(verdict->code, verdict->message);
    return {};
  }
  size_t verifications() const {
    const std::scoped_lock lock(mutex);
    return verified.size();
  }
  mutable std::atomic<int> waiting = 0;  // at the gate
  mutable std::mutex mutex;
  mutable std::vector<Bytes> verified;
  std::optional<Error> verdict;
  std::optional<std::shared_future<void>> gate;
};

class FakeSubmitter final : public TransactionSubmitter {
 public:
  Answer<BlockNum> submit(CheckedTransaction transaction, const CallerHeaders&) override {
    ++waiting;
    if (gate) gate->wait();
    --waiting;
    const std::scoped_lock lock(mutex);
    submitted.push_back(std::move(transaction));
    if (work_time > 0us) std::this_thread::sleep_for(work_time * (submitted.size() % 5));
    return answer;
  }
  Answer<BlockNum> submit_batch(CheckedBatch batch, const CallerHeaders&) override {
    const std::scoped_lock lock(mutex);
    batches.push_back(std::move(batch));
    return answer;
  }
  std::mutex mutex;
  std::vector<CheckedBatch> batches;
  std::atomic<int> waiting = 0;  // at the gate
  std::vector<CheckedTransaction> submitted;
  Answer<BlockNum> answer = BlockNum{42};
  std::optional<std::shared_future<void>> gate;
  std::chrono::microseconds work_time{0};  // times 0 to 4
};

class FakeProducer final : public ProducerReporter {
 public:
  ProducerReport producer_report() const override { return {"0.15.2", "connected", {12}, 0, 0, 0}; }
};

class ServedChain : public ::testing::Test {
 protected:
  void start(const std::function<void(RpcOptions&)>& change = [](RpcOptions&) {}) {
    RpcOptions options;
    options.listen = *SocketAddress::parse("127.0.0.1:0");
    options.version = "0.15.2";
    options.network_tx_auth = "secret";
    options.rate_limit.burst = 100'000;
    change(options);
    auto& chain = *ChainWorld::shared().chain;
    auto started = RpcServer::start(options, {&chain, &verifier, &submitter, &producer, nullptr});
    ASSERT_TRUE(started) << started.error().message;
    server = *std::move(started);
    channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(server->port()),
                                  grpc::InsecureChannelCredentials());
    api = ::rpc::Api::NewStub(channel);
  }

  static std::string genesis() {
    return ChainWorld::shared().model.blocks[0].header.commitment().to_hex();
  }
  static std::string accept_header() {
    return "application/vnd.miden; version=0.15.5; genesis=" + genesis();
  }

  using Metadata = std::vector<std::pair<std::string, std::string>>;
  // "CODE: message [details]" or "OK".
  template <class Request, class Response>
  std::string call(grpc::Status (::rpc::Api::Stub::*method)(grpc::ClientContext*, const Request&,
                                                            Response*),
                   const Request& request, Response& response, const Metadata& metadata) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    for (const auto& [name, value] : metadata) context.AddMetadata(name, value);
    const grpc::Status status = (api.get()->*method)(&context, request, &response);
    trailing.clear();
    for (const auto& [name, value] : context.GetServerTrailingMetadata()) {
      trailing.emplace(std::string(name.data(), name.size()),
                       std::string(value.data(), value.size()));
    }
    if (status.ok()) return "OK";
    return outcome(
        Answer<int>(std::unexpected(Status{static_cast<StatusCode>(status.error_code()),
                                           status.error_message(), status.error_details()})));
  }
  template <class Request, class Response>
  std::string call(grpc::Status (::rpc::Api::Stub::*method)(grpc::ClientContext*, const Request&,
                                                            Response*),
                   const Request& request = {}, const Metadata& metadata = {}) {
    Response response;
    return call(method, request, response, metadata);
  }

  // A transaction of a private account against block 3 of the chain.
  static TransactionSpec valid_transaction() {
    return {.account = private_account(4711),
            .inputs = {authenticated(1)},
            .ref_block_num = {3},
            .ref_block_commitment = ChainWorld::shared().model.blocks[3].header.commitment()};
  }
  static ::transaction::ProvenTransaction request_of(const ProvenTransaction& transaction) {
    ::transaction::ProvenTransaction request;
    request.set_transaction(std::string(as_string_view(to_bytes(transaction))));
    request.set_transaction_inputs("inputs");
    return request;
  }
  std::string submit(const ::transaction::ProvenTransaction& request, const Metadata& more = {}) {
    Metadata metadata = {{"accept", accept_header()}};
    metadata.insert(metadata.end(), more.begin(), more.end());
    return call(&::rpc::Api::Stub::SubmitProvenTx, request, block_number, metadata);
  }

  const std::shared_ptr<ProofJudge> judge = std::make_shared<ProofJudge>();
  ProofJudge& engine = *judge;
  TransactionVerifier verifier{judge};
  FakeSubmitter submitter;
  FakeProducer producer;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<::rpc::Api::Stub> api;
  std::unique_ptr<RpcServer> server;  // goes first
  ::blockchain::BlockNumber block_number;
  std::multimap<std::string, std::string> trailing;
};

}  // namespace miden
