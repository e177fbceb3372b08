// Submissions under pressure: what waits for what, what is verified how often, what is dropped.
#include "rpc/submission_intake.hpp"

#include <gmock/gmock.h>

#include <list>

#include "net/grpc_status.hpp"
#include "rpc/test_support/served_chain.hpp"

namespace miden {
namespace {

using std::chrono::steady_clock;
using ::testing::AnyOf;
using ::testing::Each;

class Submissions : public ServedChain {
 protected:
  // One call that is answered in the background.
  struct Call {
    grpc::ClientContext context;
    ::transaction::ProvenTransaction request;
    ::blockchain::BlockNumber response;
    std::promise<grpc::Status> promise;
    std::future<grpc::Status> answer = promise.get_future();
  };

  static ::transaction::ProvenTransaction numbered(uint64_t n) {
    TransactionSpec spec = valid_transaction();
    spec.account = private_account(10'000 + n);
    spec.final = n + 2;
    return request_of(transaction(spec));
  }
  Call& send(::transaction::ProvenTransaction request) {
    Call& call = calls_.emplace_back();
    call.request = std::move(request);
    call.context.AddMetadata("accept", accept_header());
    call.context.set_deadline(std::chrono::system_clock::now() + 60s);
    api->async()->SubmitProvenTx(
        &call.context, &call.request, &call.response,
        [&call](const grpc::Status& status) { call.promise.set_value(status); });
    return call;
  }
  static std::string await(Call& call) {
    const grpc::Status status = call.answer.get();
    return status.ok() ? "OK" : outcome(Answer<int>(std::unexpected(from_grpc(status))));
  }
  static testing::AssertionResult eventually(const std::function<bool()>& condition) {
    const auto deadline = steady_clock::now() + 20s;
    while (!condition()) {
      if (steady_clock::now() > deadline) return testing::AssertionFailure() << "not within 20 s";
      std::this_thread::sleep_for(1ms);
    }
    return testing::AssertionSuccess();
  }
  // How long the slowest of some reads takes.
  std::chrono::milliseconds slowest_read() {
    std::chrono::milliseconds slowest{};
    for (int i = 0; i < 50; ++i) {
      const auto began = steady_clock::now();
      EXPECT_EQ(call(&::rpc::Api::Stub::GetBlockHeaderByNumber), "OK");
      slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                      steady_clock::now() - began));
    }
    return slowest;
  }
  void TearDown() override {
    for (auto& [promise, is_open] : gates_) {
      if (!is_open) promise.set_value();
    }
    if (server) server->shutdown(1s);
    for (Call& call : calls_) {
      if (call.answer.valid()) call.answer.wait();
    }
  }
  struct Gate {
    std::promise<void> promise;
    bool is_open = false;
  };
  Gate& hold(std::optional<std::shared_future<void>>& gate) {
    Gate& held = gates_.emplace_back();
    gate = held.promise.get_future().share();
    return held;
  }
  static void open(Gate& gate) {
    gate.is_open = true;
    gate.promise.set_value();
  }

 private:
  std::list<Gate> gates_;
  std::list<Call> calls_;
};

TEST_F(Submissions, WaitForTheValidatorWithoutHoldingUpReadsOrVerification) {
  start([](RpcOptions& options) { options.submission_threads = 4; });
  Gate& validator = hold(submitter.gate);
  std::vector<Call*> stuck;
  for (uint64_t n = 0; n < 200; ++n) stuck.push_back(&send(numbered(n)));
  ASSERT_TRUE(eventually([&] { return engine.verifications() == 200 && submitter.waiting == 4; }));
  EXPECT_LT(slowest_read(), 2s);
  open(validator);
  for (Call* each : stuck) EXPECT_EQ(await(*each), "OK");
}

TEST_F(Submissions, WaitForTheirVerificationWithoutHoldingUpReads) {
  start();
  Gate& proof = hold(engine.gate);
  std::vector<Call*> stuck;
  for (uint64_t n = 0; n < 200; ++n) stuck.push_back(&send(numbered(n)));
  EXPECT_LT(slowest_read(), 2s);
  EXPECT_EQ(engine.verifications(), 0u);
  open(proof);
  for (Call* each : stuck) EXPECT_EQ(await(*each), "OK");
  EXPECT_EQ(engine.verifications(), 200u);
}

// Those that are verified are handed over although nobody can be verified now.
TEST_F(Submissions, AreHandedOverWhileVerificationIsHeldUp) {
  start([](RpcOptions& options) { options.verification_threads = 1; });
  Gate& validator = hold(submitter.gate);
  Call& first = send(numbered(1));
  ASSERT_TRUE(eventually([&] { return submitter.waiting == 1; }));
  Gate& proof = hold(engine.gate);
  Call& second = send(numbered(2));
  open(validator);
  EXPECT_EQ(await(first), "OK");
  open(proof);
  EXPECT_EQ(await(second), "OK");
}

TEST_F(Submissions, OfTheSameBytesAreVerifiedOnce) {
  start([](RpcOptions& options) { options.verification_threads = 4; });
  Gate& proof = hold(engine.gate);
  std::vector<Call*> same;
  for (int i = 0; i < 30; ++i) same.push_back(&send(numbered(1)));
  open(proof);
  for (Call* each : same) EXPECT_EQ(await(*each), "OK");
  EXPECT_EQ(engine.verifications(), 1u);
  EXPECT_EQ(submit(numbered(1)), "OK");
  EXPECT_EQ(engine.verifications(), 1u);
  // All of them are the submitter's to answer for.
  EXPECT_EQ(submitter.submitted.size(), 31u);
}

TEST_F(Submissions, AreRefusedAtOnceBeyondTheirNumber) {
  start([](RpcOptions& options) {
    options.submission_threads = 1;
    options.max_waiting_calls = 10;
  });
  Gate& validator = hold(submitter.gate);
  std::vector<Call*> stuck;
  for (uint64_t n = 0; n < 10; ++n) stuck.push_back(&send(numbered(n)));
  ASSERT_TRUE(eventually([&] { return engine.verifications() == 10; }));
  for (uint64_t n = 10; n < 20; ++n) {
    EXPECT_EQ(submit(numbered(n)), "RESOURCE_EXHAUSTED: the node is busy, try again");
  }
  EXPECT_EQ(engine.verifications(), 10u) << "what is refused costs nothing";
  open(validator);
  for (Call* each : stuck) EXPECT_EQ(await(*each), "OK");
  EXPECT_TRUE(eventually([&] { return submit(numbered(30)) == "OK"; }));
}

TEST_F(Submissions, AreRefusedAtOnceBeyondTheirBytes) {
  auto large = numbered(1);
  large.set_transaction_inputs(std::string(60'000, 'x'));
  start([](RpcOptions& options) { options.max_submission_bytes = 100'000; });
  Gate& validator = hold(submitter.gate);
  Call& stuck = send(large);
  ASSERT_TRUE(eventually([&] { return submitter.waiting == 1; }));
  EXPECT_EQ(submit(large), "RESOURCE_EXHAUSTED: the node is busy, try again");
  Call& small = send(numbered(2));
  open(validator);
  EXPECT_EQ(await(small), "OK");
  EXPECT_EQ(await(stuck), "OK");
  EXPECT_TRUE(eventually([&] { return submit(large) == "OK"; }));
}

TEST_F(Submissions, AreDroppedUnverifiedOnceTheirCallerIsGone) {
  start([](RpcOptions& options) { options.verification_threads = 1; });
  Gate& proof = hold(engine.gate);
  Call& first = send(numbered(1));
  ASSERT_TRUE(eventually([&] { return engine.waiting == 1; }));
  std::vector<Call*> gone;
  for (uint64_t n = 2; n < 50; ++n) gone.push_back(&send(numbered(n)));
  // What is asked last on the one connection is heard last; then the server's threads need a
  // moment.
  const auto await_server = [&] {
    EXPECT_EQ(call(&::rpc::Api::Stub::GetLimits), "OK");
    std::this_thread::sleep_for(200ms);
  };
  await_server();
  for (Call* each : gone) each->context.TryCancel();
  for (Call* each : gone) EXPECT_EQ(each->answer.get().error_code(), grpc::StatusCode::CANCELLED);
  await_server();
  open(proof);
  EXPECT_EQ(await(first), "OK");
  EXPECT_EQ(submit(numbered(50)), "OK");
  EXPECT_EQ(engine.verifications(), 2u);
  EXPECT_EQ(submitter.submitted.size(), 2u);
}

TEST_F(Submissions, AreDroppedUnverifiedAfterTheirDeadline) {
  start([](RpcOptions& options) {
    options.verification_threads = 1;
    options.request_timeout = 300ms;
  });
  Gate& proof = hold(engine.gate);
  std::vector<Call*> late;
  for (uint64_t n = 1; n < 20; ++n) late.push_back(&send(numbered(n)));
  for (Call* each : late) EXPECT_EQ(await(*each), "CANCELLED: Timeout expired");
  open(proof);
  EXPECT_TRUE(eventually([&] { return submit(numbered(50)) == "OK"; }));
  EXPECT_EQ(engine.verifications(), 2u);  // the first, which was being verified, and the last
  EXPECT_EQ(submitter.submitted.size(), 1u);
}

// What the other service does not answer is given up with the call.
class PatientSubmitter final : public TransactionSubmitter {
 public:
  Answer<BlockNum> submit(CheckedTransaction, const CallerHeaders& caller) override {
    ++waiting;
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait(lock, caller.left, [] { return false; });
    ++left;
    return refuse(StatusCode::kCancelled, "the call is over");
  }
  Answer<BlockNum> submit_batch(CheckedBatch, const CallerHeaders&) override { return BlockNum{}; }
  std::atomic<int> waiting = 0;
  std::atomic<int> left = 0;
};

TEST_F(Submissions, EndWithTheServerThoughNobodyAnswers) {
  PatientSubmitter silent;
  RpcOptions options;
  options.listen = *SocketAddress::parse("127.0.0.1:0");
  options.version = "0.15.2";
  options.rate_limit.burst = 100'000;
  options.request_timeout = 60s;
  options.submission_threads = 8;
  auto& chain = *ChainWorld::shared().chain;
  server = *RpcServer::start(options, {&chain, &verifier, &silent, &producer, nullptr});
  channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(server->port()),
                                grpc::InsecureChannelCredentials());
  api = ::rpc::Api::NewStub(channel);
  std::vector<Call*> stuck;
  for (uint64_t n = 0; n < 100; ++n) stuck.push_back(&send(numbered(n)));
  ASSERT_TRUE(eventually([&] { return silent.waiting == 8; }));
  const auto began = steady_clock::now();
  server->shutdown(500ms);
  EXPECT_LT(steady_clock::now() - began, 10s);
  std::vector<grpc::StatusCode> codes;
  for (Call* each : stuck) codes.push_back(each->answer.get().error_code());
  EXPECT_THAT(codes, Each(AnyOf(grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED)));
  EXPECT_EQ(silent.left, silent.waiting);
}

}  // namespace
}  // namespace miden
