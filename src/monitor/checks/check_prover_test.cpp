// Provers: what is made of what they say (B8, row by row), and a stand-in that is asked for proofs.
#include "monitor/checks/check_prover.hpp"

#include <gmock/gmock.h>

#include "engine/test_support/fake_engine.hpp"
#include "monitor/checks/check_transactions.hpp"
#include "monitor/test_support/grpc_stand_ins.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::remote_prover::BATCH;
using ::remote_prover::ProofType;
using ::remote_prover::TRANSACTION;
using ::testing::HasSubstr;

Fault refused() { return {.reason = Reason::kRefused, .code = 0, .text = "nothing listens"}; }

ProverView::Status status_of(std::vector<::remote_prover::WorkerHealthStatus> workers) {
  ProverView::Status status{.version = "0.15.2", .kind = TRANSACTION, .workers = {}};
  for (const auto health : workers) {
    status.workers.push_back({.name = "worker " + std::to_string(status.workers.size() + 1),
                              .version = "0.15.2",
                              .health = health});
  }
  return status;
}
ProverTests tests_of(std::optional<Fault> fault, bool is_untested = false,
                     uint64_t failures_in_a_row = 1) {
  ProverTests tests;
  tests.successes = 3;
  tests.failures = fault ? failures_in_a_row : 0;
  tests.failures_in_a_row = tests.failures;
  tests.latest = ProverTestOutcome{.kind = TRANSACTION,
                                   .fault = std::move(fault),
                                   .is_untested = is_untested,
                                   .duration_ms = 1500,
                                   .proof_bytes = 90000};
  return tests;
}
ProverView view_of(std::optional<ProverView::Status> status, std::optional<Fault> poll,
                   ProverTests tests) {
  return {.url = "http://prover:50051/",
          .status = std::move(status),
          .poll = std::move(poll),
          .tests = std::move(tests),
          .tests_stale_for = {}};
}

constexpr auto kHealthy = ::remote_prover::HEALTHY;
constexpr auto kUnhealthy = ::remote_prover::UNHEALTHY;
constexpr auto kNotAsked = ::remote_prover::UNKNOWN;

TEST(JudgeProver, RowByRow) {
  struct Row {
    const char* what;
    ProverView view;
    const char* reference;
    Outcome outcome;
    Reason reason;
  };
  ProverView stale = view_of(status_of({kHealthy}), {}, tests_of(refused()));
  stale.tests_stale_for = 251s;
  const Fault full{.reason = Reason::kQueueFull, .code = 8, .text = "proof queue is full"};
  const Fault wrong{.reason = Reason::kProofInvalid, .code = 0, .text = "not valid"};
  const std::vector<Row> rows = {
      {"nothing ever came", view_of({}, {}, {}), "Unknown", Outcome::kInconclusive,
       Reason::kStarting},
      {"it never answered", view_of({}, refused(), {}), "Unknown", Outcome::kFailed,
       Reason::kRefused},
      {"it answers no more", view_of(status_of({kHealthy}), refused(), tests_of({})), "Unhealthy",
       Outcome::kFailed, Reason::kRefused},
      {"a test failed", view_of(status_of({kHealthy}), {}, tests_of(wrong)), "Unhealthy",
       Outcome::kDegraded, Reason::kProofInvalid},
      {"two tests failed", view_of(status_of({kHealthy}), {}, tests_of(wrong, false, 2)),
       "Unhealthy", Outcome::kFailed, Reason::kProofInvalid},
      {"its queue is full", view_of(status_of({kHealthy}), {}, tests_of(full, false, 9)),
       "Unhealthy", Outcome::kDegraded, Reason::kQueueFull},
      {"a test failed, no workers", view_of(status_of({}), {}, tests_of(wrong, false, 2)),
       "Unhealthy", Outcome::kFailed, Reason::kProofInvalid},
      {"no workers", view_of(status_of({}), {}, tests_of({})), "Unknown", Outcome::kDegraded,
       Reason::kWorker},
      {"one of two workers is away", view_of(status_of({kHealthy, kUnhealthy}), {}, tests_of({})),
       "Unhealthy", Outcome::kDegraded, Reason::kWorker},
      {"a worker was not asked yet", view_of(status_of({kHealthy, kNotAsked}), {}, tests_of({})),
       "Unhealthy", Outcome::kDegraded, Reason::kWorker},
      {"all workers are away", view_of(status_of({kUnhealthy}), {}, tests_of({})), "Unhealthy",
       Outcome::kFailed, Reason::kWorker},
      {"all is well", view_of(status_of({kHealthy}), {}, tests_of({})), "Healthy", Outcome::kOk,
       Reason::kNone},
      {"not tested yet", view_of(status_of({kHealthy}), {}, {}), "Healthy", Outcome::kOk,
       Reason::kNone},
      {"no payload", view_of(status_of({kHealthy}), {}, tests_of(refused(), true)), "Healthy",
       Outcome::kOk, Reason::kNone},
      {"an old failure", stale, "Healthy", Outcome::kOk, Reason::kNone},
  };
  for (const Row& row : rows) {
    const CheckResult result = judge_prover(row.view);
    EXPECT_EQ(result.reference_status, row.reference) << row.what;
    EXPECT_EQ(result.outcome, row.outcome) << row.what << ": " << result.error;
    EXPECT_EQ(result.reason, row.reason) << row.what;
    EXPECT_EQ(result.details == "Error", !row.view.status) << row.what;
  }
}

TEST(JudgeProver, ShowsWhatTheReferenceShows) {
  const CheckResult result = judge_prover(view_of(status_of({kHealthy}), {}, tests_of({})));
  const json expected = {
      {"RemoteProverStatus",
       {{"status",
         {{"url", "http://prover:50051/"},
          {"version", "0.15.2"},
          {"supported_proof_type", "Transaction"},
          {"workers", {{{"name", "worker 1"}, {"version", "0.15.2"}, {"status", "Healthy"}}}}}},
        {"test",
         {{"details",
           {{"test_duration_ms", 1500},
            {"proof_size_bytes", 90000},
            {"success_count", 3},
            {"failure_count", 0},
            {"proof_type", "Transaction"}}},
          {"status", "Healthy"},
          {"error", nullptr}}}}}};
  EXPECT_EQ(result.details, expected);
  EXPECT_TRUE(judge_prover(view_of(status_of({kHealthy}), {}, {}))
                  .details["RemoteProverStatus"]["test"]
                  .is_null());
  ProverView stale = view_of(status_of({kHealthy}), {}, tests_of(refused()));
  stale.tests_stale_for = 251s;
  const json test = judge_prover(stale).details["RemoteProverStatus"]["test"];
  EXPECT_EQ(test["status"], "Unknown");
  EXPECT_EQ(test["error"], "stale: no probe update for 251s");
  EXPECT_EQ(test["details"]["test_duration_ms"], 0);
}

// Asks for "payload of N" and takes "proof of payload of N".
class TestProofsStandIn final : public TestProofs {
 public:
  std::expected<Bytes, Fault> payload(ProofType kind, const std::stop_token&) override {
    if (has_none) return std::unexpected(refused());
    const ByteView text = as_bytes(kind == BATCH ? "a batch" : "a transaction");
    return Bytes(text.begin(), text.end());
  }
  std::optional<Fault> judge(ProofType, ByteView payload, ByteView proof) const override {
    if (as_string_view(proof) == "proof of " + std::string(as_string_view(payload))) return {};
    return Fault{.reason = Reason::kProofInvalid, .code = 0, .text = "the proof is not valid"};
  }
  std::atomic<bool> has_none = false;
};

class ProverCheckTest : public testing::Test {
 protected:
  void start(std::vector<grpc::Service*> services,
             std::chrono::milliseconds proof_timeout = 2000ms) {
    server_ = serve_on(0, services);
    check_ = make_prover_check(
        {.prover = std::make_shared<ProverService>(url_of(server_->port()), proof_timeout),
         .proofs = proofs_,
         .timeout = 500ms,
         .test_interval = 100ms});
  }
  CheckResult look() { return check_.look({}); }
  // Looks until one is as wanted.
  CheckResult look_until(const std::function<bool(const CheckResult&)>& is_it) {
    CheckResult result;
    for (int i = 0; i < 200; ++i) {
      result = look();
      if (is_it(result)) return result;
      std::this_thread::sleep_for(20ms);
    }
    ADD_FAILURE() << "never seen; last: " << result.error << " " << result.details;
    return result;
  }
  static ::remote_prover::ProxyStatus proxy_status(ProofType kind) {
    ::remote_prover::ProxyStatus status;
    status.set_version("0.15.2");
    status.set_supported_proof_type(kind);
    auto& worker = *status.add_workers();
    worker.set_name("one");
    worker.set_status(kHealthy);
    return status;
  }
  static ::remote_prover::Proof proof(const std::string& payload) {
    ::remote_prover::Proof proof;
    proof.set_payload(payload);
    return proof;
  }

  std::shared_ptr<TestProofsStandIn> proofs_ = std::make_shared<TestProofsStandIn>();
  ProxyStandIn proxy_;
  WorkerStandIn worker_;
  ProveStandIn prove_;
  HealthStandIn health_;
  std::unique_ptr<GrpcServer> server_;
  Check check_;  // first to go: it calls the others
};

TEST_F(ProverCheckTest, TestsEveryKindWithARealProof) {
  proxy_.answer.set(proxy_status(BATCH));
  prove_.answer.set(proof("proof of a batch"));
  start({&proxy_, &prove_});
  const CheckResult batch = look_until(
      [](const CheckResult& result) { return result.headline.starts_with("batch proof in"); });
  EXPECT_EQ(batch.outcome, Outcome::kOk);
  EXPECT_EQ(batch.details["RemoteProverStatus"]["test"]["details"]["proof_type"], "Batch");
  EXPECT_EQ(batch.details["RemoteProverStatus"]["test"]["details"]["proof_size_bytes"], 16);

  // A prover of another kind takes its place; its first proof is of the other kind's payload.
  proxy_.answer.set(proxy_status(TRANSACTION));
  const CheckResult other =
      look_until([](const CheckResult& result) { return result.reason == Reason::kProofInvalid; });
  EXPECT_THAT(other.error, HasSubstr("a test proof failed: the proof is not valid"));
  look_until([](const CheckResult& result) { return result.outcome == Outcome::kFailed; });
  prove_.answer.set(proof("proof of a transaction"));
  look_until([](const CheckResult& result) { return result.outcome == Outcome::kOk; });
}

TEST_F(ProverCheckTest, GivesTheTimeOfEachTestProofOnce) {
  proxy_.answer.set(proxy_status(BATCH));
  prove_.answer.set(proof("proof of a batch"));
  start({&proxy_, &prove_});
  size_t told = 0, looks_that_know = 0;
  uint64_t made = 0;
  for (int i = 0; i < 40; ++i) {
    const CheckResult result = look();
    const auto names = [&](std::string_view name) {
      return std::ranges::count(result.figures, name, &Figure::name);
    };
    told += static_cast<size_t>(names("proof_s"));
    looks_that_know += static_cast<size_t>(names("proof_bytes"));
    const json& test = result.details["RemoteProverStatus"]["test"];
    if (test.is_object()) made = test["details"]["success_count"].get<uint64_t>();
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_GE(told, 1U);
  EXPECT_LE(told, made);
  EXPECT_LT(told, looks_that_know);
}

TEST_F(ProverCheckTest, AsksAWorkerThatIsNoBalancer) {
  ::remote_prover::WorkerStatus status;
  status.set_version("0.15.1");
  status.set_supported_proof_type(::remote_prover::BLOCK);
  worker_.answer.set(status);
  start({&worker_, &prove_});
  CheckResult result = look();
  EXPECT_EQ(result.outcome, Outcome::kOk) << result.error;
  EXPECT_EQ(result.reference_status, "Healthy");
  const json details = result.details["RemoteProverStatus"]["status"];
  EXPECT_EQ(details["supported_proof_type"], "Block");
  EXPECT_EQ(details["workers"][0]["version"], "0.15.1");
  server_.reset();

  ::grpc::health::v1::HealthCheckResponse not_serving;
  not_serving.set_status(::grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  health_.answer.set(not_serving);
  start({&worker_, &prove_, &health_});
  EXPECT_EQ(look().reason, Reason::kWorker);
  server_.reset();

  start({&prove_});
  result = look();
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.code, 12);
  EXPECT_EQ(result.reference_status, "Unknown");
}

TEST_F(ProverCheckTest, IsNotHeldUpByAProverThatNeverProves) {
  proxy_.answer.set(proxy_status(TRANSACTION));
  prove_.answer.set([] { return std::nullopt; });
  start({&proxy_, &prove_}, 1s);
  for (int i = 0; i < 5; ++i) {
    const auto started = std::chrono::steady_clock::now();
    look();
    EXPECT_LT(std::chrono::steady_clock::now() - started, 500ms);
  }
  const CheckResult result =
      look_until([](const CheckResult& r) { return r.outcome != Outcome::kOk; });
  EXPECT_EQ(result.reason, Reason::kTimeout);
  EXPECT_THAT(result.error, HasSubstr("no answer within 1 s"));
  // Ends at once although a proof is under way.
  const auto started = std::chrono::steady_clock::now();
  check_ = {};
  EXPECT_LT(std::chrono::steady_clock::now() - started, 900ms);
}

TEST_F(ProverCheckTest, TellsAFullQueueFromAFault) {
  proxy_.answer.set(proxy_status(TRANSACTION));
  prove_.answer.set(refuse(StatusCode::kResourceExhausted, "proof queue is full"));
  start({&proxy_, &prove_});
  const CheckResult full =
      look_until([](const CheckResult& r) { return r.reason == Reason::kQueueFull; });
  EXPECT_EQ(full.outcome, Outcome::kDegraded);
  EXPECT_EQ(full.error, "its queue is full: it takes no proof");
}

TEST_F(ProverCheckTest, DoesNotBlameTheProverForWantOfAPayload) {
  proofs_->has_none = true;
  proxy_.answer.set(proxy_status(TRANSACTION));
  start({&proxy_, &prove_});
  const CheckResult result = look_until(
      [](const CheckResult& r) { return !r.details["RemoteProverStatus"]["test"].is_null(); });
  EXPECT_EQ(result.outcome, Outcome::kOk);
  EXPECT_EQ(result.details["RemoteProverStatus"]["test"]["status"], "Unknown");
  EXPECT_EQ(prove_.answer.calls(), 0);
}

TEST_F(ProverCheckTest, KeepsWhatItKnewOfOneThatIsGone) {
  proxy_.answer.set(proxy_status(TRANSACTION));
  prove_.answer.set(proof("proof of a transaction"));
  start({&proxy_, &prove_});
  EXPECT_EQ(look().outcome, Outcome::kOk);
  server_.reset();
  look();
  const CheckResult result = look();
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.reason, Reason::kRefused);
  EXPECT_EQ(result.reference_status, "Unhealthy");
  EXPECT_EQ(result.details["RemoteProverStatus"]["status"]["version"], "0.15.2");
}

class SlowEngine final : public FakeEngine {
 public:
  Result<Bytes> prove_transaction(ByteView inputs) const override {
    ++begun;
    while (!may_end) std::this_thread::sleep_for(1ms);
    return Bytes(inputs.begin(), inputs.end());
  }
  mutable std::atomic<int> begun = 0;
  std::atomic<bool> may_end = false;
};

TEST(LocalProver, LetsItsCallerGoBeforeTheProofIsMade) {
  const auto engine = std::make_shared<SlowEngine>();
  LocalProver prover(engine);
  std::stop_source stop;
  std::jthread stopper([&] {
    while (engine->begun == 0) std::this_thread::sleep_for(1ms);
    stop.request_stop();
  });
  EXPECT_FALSE(prover.prove({1}, 60s, stop.get_token()));
  EXPECT_TRUE(prover.is_proving());
  // One at a time.
  EXPECT_EQ(prover.prove({2}, 50ms, {}).error().reason, Reason::kLocal);
  engine->may_end = true;
  EXPECT_EQ(prover.prove({3}, 60s, {}).value(), Bytes{3});
  EXPECT_EQ(engine->begun, 2);
}

TEST(BacklogStreak, NeedsThreeLooksInARowBeyondTheThreshold) {
  BacklogStreak streak(5);
  EXPECT_FALSE(streak.is_stuck(6));
  EXPECT_FALSE(streak.is_stuck(7));
  EXPECT_TRUE(streak.is_stuck(6));
  EXPECT_TRUE(streak.is_stuck(100));
  EXPECT_FALSE(streak.is_stuck(5));
  EXPECT_FALSE(streak.is_stuck(6));
  EXPECT_FALSE(streak.is_stuck(6));
  streak.reset();
  EXPECT_FALSE(streak.is_stuck(6));
}

}  // namespace
}  // namespace miden
