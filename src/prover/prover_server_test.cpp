// The prover as its clients meet it: over a socket.
#include "prover/prover_server.hpp"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <fstream>
#include <future>

#include "grpc/health/v1/health.grpc.pb.h"
#include "net/test_support/raw_connection.hpp"
#include "prover/test_support/gated_engine.hpp"
#include "remote_prover.grpc.pb.h"
#include "remote_prover_queue.grpc.pb.h"

namespace miden {
namespace {

using namespace std::chrono_literals;
using ::remote_prover::BATCH;
using ::remote_prover::BLOCK;
using ::remote_prover::TRANSACTION;
using ::testing::StartsWith;

// "INVALID_ARGUMENT: unsupported proof type" or "OK".
std::string text_of(const grpc::Status& status) {
  if (status.ok()) return "OK";
  return std::string(to_string(static_cast<StatusCode>(status.error_code()))) + ": " +
         status.error_message();
}

std::string as_text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

struct Outcome {
  std::string status;
  std::string proof;
};

// A call that runs by itself until it is answered or cancelled.
struct Call {
  grpc::ClientContext context;
  std::future<Outcome> outcome;

  bool is_answered() const { return outcome.wait_for(0s) == std::future_status::ready; }
};

class ProverServerTest : public testing::Test {
 protected:
  void TearDown() override { gate_->open(); }

  void start(ProverServerOptions options) { start(options, gate_); }
  void start(ProverServerOptions options, std::shared_ptr<const Engine> engine) {
    options.listen = {.ip = "127.0.0.1", .port = 0};
    auto started = ProverServer::start(std::move(engine), options);
    ASSERT_TRUE(started) << started.error().message;
    server_ = *std::move(started);
    grpc::ChannelArguments arguments;
    arguments.SetMaxSendMessageSize(-1);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()),
                                         grpc::InsecureChannelCredentials(), arguments);
    stub_ = ::remote_prover::Api::NewStub(channel_);
  }

  Outcome prove(grpc::ClientContext& context, int type, const std::string& payload) {
    ::remote_prover::ProofRequest request;
    request.set_proof_type(static_cast<::remote_prover::ProofType>(type));
    request.set_payload(payload);
    ::remote_prover::Proof proof;
    const grpc::Status status = stub_->Prove(&context, request, &proof);
    return {text_of(status), proof.payload()};
  }
  Outcome prove(int type, const std::string& payload) {
    grpc::ClientContext context;
    return prove(context, type, payload);
  }
  // Of a transaction; `mark` is its request id, too.
  std::unique_ptr<Call> begin(char mark) {
    auto call = std::make_unique<Call>();
    call->context.AddMetadata("x-request-id", std::string(1, mark));
    call->outcome = std::async(std::launch::async, [this, mark, context = &call->context] {
      return prove(*context, TRANSACTION, marked_inputs(mark));
    });
    return call;
  }

  ::remote_prover_queue::QueueStatus queue_status(const std::string& request_id = "") {
    const auto stub = ::remote_prover_queue::Api::NewStub(channel_);
    grpc::ClientContext context;
    ::remote_prover_queue::StatusRequest request;
    request.set_request_id(request_id);
    ::remote_prover_queue::QueueStatus status;
    EXPECT_EQ(text_of(stub->Status(&context, request, &status)), "OK");
    return status;
  }
  bool wait_until_waiting(uint32_t count) {
    return wait_for([&] { return queue_status().waiting() == count; });
  }

  std::shared_ptr<GatedEngine> gate_ = std::make_shared<GatedEngine>();
  std::unique_ptr<ProverServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<::remote_prover::Api::Stub> stub_;
};

TEST_F(ProverServerTest, RefusesWhatIsNotOfItsKind) {
  start({.kind = ProofKind::kBatch});
  EXPECT_EQ(prove(TRANSACTION, "").status, "INVALID_ARGUMENT: unsupported proof type");
  EXPECT_EQ(prove(BLOCK, "").status, "INVALID_ARGUMENT: unsupported proof type");
  EXPECT_EQ(prove(3, "").status, "INVALID_ARGUMENT: unknown proof_type value");
  EXPECT_EQ(prove(-1, "").status, "INVALID_ARGUMENT: unknown proof_type value");
  EXPECT_THAT(prove(BATCH, "").status,
              StartsWith("INVALID_ARGUMENT: failed to decode request: \ncaused by: "));
}

TEST_F(ProverServerTest, RefusesThatWithoutAPlaceInItsQueue) {
  start({.capacity = 1});
  const auto call = begin('a');
  ASSERT_TRUE(gate_->wait_until_begun("a"));
  EXPECT_EQ(prove(BLOCK, "").status, "INVALID_ARGUMENT: unsupported proof type");
  EXPECT_EQ(prove(TRANSACTION, "").status, "RESOURCE_EXHAUSTED: proof queue is full");
  gate_->open();
  EXPECT_EQ(call->outcome.get().status, "OK");
  EXPECT_THAT(prove(TRANSACTION, "").status, StartsWith("INVALID_ARGUMENT: failed to decode"));
  EXPECT_EQ(gate_->begun(), "a");
}

// The reference's test of its queue: of two at once one is refused when there is place for one.
TEST_F(ProverServerTest, RefusesTheSecondOfTwoWhenItTakesOne) {
  start({.capacity = 1});
  const auto first = begin('a');
  ASSERT_TRUE(gate_->wait_until_begun("a"));
  EXPECT_EQ(begin('b')->outcome.get().status, "RESOURCE_EXHAUSTED: proof queue is full");
  gate_->open();
  const Outcome outcome = first->outcome.get();
  EXPECT_EQ(outcome.status, "OK");
  EXPECT_EQ(outcome.proof, "proof of a");
}

TEST_F(ProverServerTest, ShowsWhoIsWhereInItsQueue) {
  start({.capacity = 3});
  EXPECT_EQ(queue_status().capacity(), 3u);
  const auto first = begin('a');
  ASSERT_TRUE(gate_->wait_until_begun("a"));
  const auto second = begin('b');
  ASSERT_TRUE(wait_until_waiting(1));
  const auto third = begin('c');
  ASSERT_TRUE(wait_until_waiting(2));
  EXPECT_EQ(queue_status("a").position(), 0u);
  EXPECT_TRUE(queue_status("a").has_position());
  EXPECT_EQ(queue_status("b").position(), 1u);
  EXPECT_EQ(queue_status("c").position(), 2u);
  EXPECT_FALSE(queue_status("d").has_position());
  EXPECT_FALSE(queue_status("").has_position());
  gate_->open();
  for (const Call* call : {first.get(), second.get(), third.get()}) call->outcome.wait();
  EXPECT_EQ(gate_->begun(), "abc");
  ASSERT_TRUE(wait_for([&] { return queue_status().proving() == 0; }));
  EXPECT_EQ(queue_status().proven(), 3u);
  EXPECT_FALSE(queue_status("a").has_position());
}

TEST_F(ProverServerTest, DropsARequestWhoseTimeIsOverBeforeItsTurn) {
  start({.timeout = 300ms, .capacity = 3});
  const auto first = begin('a');
  ASSERT_TRUE(gate_->wait_until_begun("a"));
  const auto second = begin('b');
  EXPECT_EQ(second->outcome.get().status, "CANCELLED: Timeout expired");
  EXPECT_EQ(first->outcome.get().status, "CANCELLED: Timeout expired");
  // The proof of the first cannot be interrupted: its place stays taken.
  EXPECT_EQ(queue_status().proving(), 1u);
  EXPECT_EQ(queue_status().waiting(), 0u);
  EXPECT_EQ(queue_status().dropped(), 1u);
  gate_->open();
  ASSERT_TRUE(wait_for([&] { return queue_status().proving() == 0; }));
  EXPECT_EQ(begin('c')->outcome.get().proof, "proof of c");
  EXPECT_EQ(gate_->begun(), "ac");
}

TEST_F(ProverServerTest, DropsARequestWhoseCallerIsGoneOrHasADeadline) {
  start({.capacity = 4});
  const auto first = begin('a');
  ASSERT_TRUE(gate_->wait_until_begun("a"));
  const auto second = begin('b');
  ASSERT_TRUE(wait_until_waiting(1));
  auto third = std::make_unique<Call>();
  third->context.set_deadline(std::chrono::system_clock::now() + 400ms);
  third->outcome = std::async(std::launch::async, [this, context = &third->context] {
    return prove(*context, TRANSACTION, marked_inputs('c'));
  });
  ASSERT_TRUE(wait_until_waiting(2));
  second->context.TryCancel();
  EXPECT_THAT(second->outcome.get().status, StartsWith("CANCELLED"));
  EXPECT_THAT(third->outcome.get().status, StartsWith("DEADLINE_EXCEEDED"));
  ASSERT_TRUE(wait_until_waiting(0));
  EXPECT_EQ(queue_status().dropped(), 2u);
  const auto fourth = begin('d');
  gate_->open();
  EXPECT_EQ(fourth->outcome.get().proof, "proof of d");
  EXPECT_EQ(first->outcome.get().proof, "proof of a");
  EXPECT_EQ(gate_->begun(), "ad");
}

TEST_F(ProverServerTest, KeepsThePlaceOfAProofWhoseCallerIsGone) {
  start({.capacity = 1});
  const auto first = begin('a');
  ASSERT_TRUE(gate_->wait_until_begun("a"));
  first->context.TryCancel();
  first->outcome.wait();
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(begin('b')->outcome.get().status, "RESOURCE_EXHAUSTED: proof queue is full");
  gate_->open();
  ASSERT_TRUE(wait_for([&] { return queue_status().proving() == 0; }));
  EXPECT_EQ(begin('c')->outcome.get().proof, "proof of c");
}

TEST_F(ProverServerTest, TakesRequestsUpToItsLimit) {
  start({});
  gate_->open();
  // Type and length of the field: 1 + 4 bytes.
  const size_t most = kMaxRequestBytes - 5;
  std::string payload = marked_inputs('x');
  payload.resize(most, 'z');
  EXPECT_EQ(prove(TRANSACTION, payload).proof, "proof of z");
  payload += 'z';
  EXPECT_EQ(prove(TRANSACTION, payload).status,
            "OUT_OF_RANGE: Error, decoded message length too large: found 4194305 bytes, the limit "
            "is: 4194304 bytes");
  payload.resize(5 * most);
  EXPECT_THAT(prove(TRANSACTION, payload).status, StartsWith("RESOURCE_EXHAUSTED: "));

  start({.max_request_bytes = 8 * most});
  EXPECT_EQ(prove(TRANSACTION, payload).status, "OK");
}

TEST_F(ProverServerTest, SaysWhatItIs) {
  start({.kind = ProofKind::kBlock});
  const auto worker = ::remote_prover::WorkerStatusApi::NewStub(channel_);
  ::remote_prover::WorkerStatus status;
  {
    grpc::ClientContext context;
    EXPECT_EQ(text_of(worker->Status(&context, {}, &status)), "OK");
  }
  EXPECT_EQ(status.version(), "0.15.2");
  EXPECT_EQ(status.supported_proof_type(), BLOCK);

  const auto proxy = ::remote_prover::ProxyStatusApi::NewStub(channel_);
  ::remote_prover::ProxyStatus proxy_status;
  {
    grpc::ClientContext context;
    EXPECT_EQ(text_of(proxy->Status(&context, {}, &proxy_status)), "OK");
  }
  EXPECT_EQ(proxy_status.version(), "0.15.2");
  EXPECT_EQ(proxy_status.supported_proof_type(), BLOCK);
  ASSERT_EQ(proxy_status.workers_size(), 1);
  EXPECT_EQ(proxy_status.workers(0).version(), "0.15.2");
  EXPECT_EQ(proxy_status.workers(0).status(), ::remote_prover::HEALTHY);
}

TEST_F(ProverServerTest, AnswersHealthAsTheReferenceDoes) {
  start({});
  const auto stub = ::grpc::health::v1::Health::NewStub(channel_);
  const auto check = [&](const std::string& service) {
    grpc::ClientContext context;
    ::grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    ::grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = stub->Check(&context, request, &response);
    return status.ok()
               ? ::grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status())
               : text_of(status);
  };
  EXPECT_EQ(check(""), "SERVING");
  EXPECT_EQ(check("remote_prover.Api"), "SERVING");
  EXPECT_EQ(check("remote_prover.WorkerStatusApi"), "NOT_FOUND: service not registered");
}

TEST_F(ProverServerTest, SurvivesWhatIsNotARequest) {
  start({});
  gate_->open();
  grpc::GenericStub generic(channel_);
  for (const std::string& bytes :
       {std::string("\x12\xff\xff\xff\xff\x0f"), std::string(1000, '\xff')}) {
    grpc::ClientContext context;
    grpc::ByteBuffer request(std::vector<grpc::Slice>{grpc::Slice(bytes)}.data(), 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    generic.UnaryCall(&context, "/remote_prover.Api/Prove", {}, &request, &response,
                      [&](grpc::Status status) { done.set_value(std::move(status)); });
    EXPECT_THAT(text_of(done.get_future().get()), StartsWith("INTERNAL: "));
  }
  EXPECT_EQ(begin('a')->outcome.get().status, "OK");
}

// A call of Prove as a browser makes it.
std::string web_request(int type, const std::string& payload) {
  ::remote_prover::ProofRequest request;
  request.set_proof_type(static_cast<::remote_prover::ProofType>(type));
  request.set_payload(payload);
  const std::string message = request.SerializeAsString();
  std::string frame(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame.push_back(static_cast<char>(message.size() >> shift));
  }
  return "POST /remote_prover.Api/Prove HTTP/1.1\r\nhost: prover\r\norigin: http://wallet\r\n"
         "content-type: application/grpc-web+proto\r\nx-request-id: web\r\ncontent-length: " +
         std::to_string(frame.size() + message.size()) + "\r\n\r\n" + frame + message;
}

TEST_F(ProverServerTest, ServesBrowsers) {
  start({.timeout = 2s, .capacity = 2});
  RawConnection browser(server_->port());
  browser.send(web_request(TRANSACTION, marked_inputs('w')));
  ASSERT_TRUE(gate_->wait_until_begun("w"));
  EXPECT_TRUE(queue_status("web").has_position());
  gate_->let_one_through();
  const RawResponse proven = browser.read_response();
  EXPECT_EQ(proven.status, 200);
  EXPECT_EQ(proven.field("access-control-allow-origin"), "http://wallet");
  // Proof{payload} in a frame, then the trailers.
  EXPECT_THAT(proven.body, StartsWith(std::string("\0\0\0\0\x0c\x0a\x0aproof of w", 17)));
  EXPECT_THAT(proven.body, ::testing::HasSubstr("grpc-status:0"));

  browser.send(web_request(BATCH, ""));
  const RawResponse refused = browser.read_response();
  EXPECT_EQ(refused.field("grpc-status"), "3");
  EXPECT_EQ(refused.field("grpc-message"), "unsupported%20proof%20type");
  // The reference says so outside of what browsers may read.
  browser.send(web_request(TRANSACTION, marked_inputs('x')));
  const RawResponse late = browser.read_response();
  EXPECT_EQ(late.field("grpc-status"), "1");
  EXPECT_EQ(late.field("grpc-message"), "Timeout%20expired");
  EXPECT_EQ(late.field("access-control-allow-origin"), "http://wallet");
}

TEST_F(ProverServerTest, DropsARequestWhoseBrowserIsGone) {
  start({.capacity = 2});
  const auto first = begin('a');
  ASSERT_TRUE(gate_->wait_until_begun("a"));
  RawConnection browser(server_->port());
  browser.send(web_request(TRANSACTION, marked_inputs('w')));
  ASSERT_TRUE(wait_until_waiting(1));
  browser.close();
  ASSERT_TRUE(wait_until_waiting(0));
  gate_->open();
  EXPECT_EQ(first->outcome.get().status, "OK");
  EXPECT_EQ(begin('b')->outcome.get().status, "OK");
  EXPECT_EQ(gate_->begun(), "ab");
}

// Throws where a backend must not.
class ThrowingEngine final : public FakeEngine {
 public:
  Result<void> check_cycles(ByteView, uint32_t) const override { return {}; }
  Result<Bytes> prove_transaction(ByteView) const override { throw std::bad_alloc(); }
};

TEST_F(ProverServerTest, StaysUpWhenTheEngineFails) {
  start({}, std::make_shared<ThrowingEngine>());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(begin('a')->outcome.get().status, "INTERNAL: transaction prover task panicked");
    ASSERT_TRUE(wait_for([&] { return queue_status().proving() == 0; }));
  }
  EXPECT_EQ(queue_status().failed(), 3u);

  start({.capacity = 10});
  gate_->open();
  gate_->fail_with({"EnginePanic", "index out of bounds"});
  EXPECT_EQ(begin('a')->outcome.get().status,
            "INTERNAL: transaction prover task panicked: \ncaused by: index out of bounds");
  gate_->fail_with({"TransactionProgramExecutionFailed", "assertion failed"});
  EXPECT_EQ(begin('a')->outcome.get().status,
            "INTERNAL: failed to prove transaction: \ncaused by: assertion failed");
}

size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  size_t all = 0;
  size_t resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

TEST_F(ProverServerTest, KeepsNothingOfWhatItRefuses) {
  start({.capacity = 4});
  const std::string large(kMaxRequestBytes - 5, '\xff');
  std::string damaged = marked_inputs('x');
  damaged[10] = static_cast<char>(damaged[10] ^ 0x55);
  damaged.resize(damaged.size() / 2);
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      EXPECT_THAT(prove(TRANSACTION, large).status, StartsWith("INVALID_ARGUMENT"));
      EXPECT_THAT(prove(TRANSACTION, damaged).status, StartsWith("INVALID_ARGUMENT"));
    }
  };
  rounds(20);
  const size_t before = resident_bytes();
  rounds(100);
  // The requests alone are 400 MB.
  EXPECT_LT(resident_bytes(), before + (size_t{32} << 20));
}

TEST_F(ProverServerTest, FinishesWhatItBeganWhenItStops) {
  start({.capacity = 3});
  const auto first = begin('a');
  ASSERT_TRUE(gate_->wait_until_begun("a"));
  const auto second = begin('b');
  ASSERT_TRUE(wait_until_waiting(1));
  auto stopped = std::async(std::launch::async, [&] { return server_->stop(kPatience); });
  EXPECT_EQ(second->outcome.get().status, "UNAVAILABLE: the prover is shutting down");
  EXPECT_FALSE(first->is_answered());
  gate_->let_one_through();
  EXPECT_EQ(first->outcome.get().proof, "proof of a");
  EXPECT_TRUE(stopped.get());
  EXPECT_EQ(gate_->begun(), "a");
}

TEST_F(ProverServerTest, DoesNotWaitForAProofWithoutEnd) {
  start({.capacity = 1});
  const auto call = begin('a');
  ASSERT_TRUE(gate_->wait_until_begun("a"));
  const auto started = std::chrono::steady_clock::now();
  EXPECT_FALSE(server_->stop(200ms));
  EXPECT_LT(std::chrono::steady_clock::now() - started, 5s);
  EXPECT_NE(call->outcome.get().status, "OK");
}

TEST_F(ProverServerTest, MakesProofsThatVerify) {
  const std::shared_ptr<const Engine> engine = make_reference_engine(0);
  start({.capacity = 2}, engine);
  const Outcome outcome = prove(TRANSACTION, as_text(engine_fixture("ecdsa.inputs")));
  ASSERT_EQ(outcome.status, "OK");
  const Result<void> verdict = engine->verify_transaction(as_bytes(outcome.proof));
  EXPECT_TRUE(verdict) << verdict.error().message;
  // What precedes the STARK proof, which differs from run to run, is what the reference made.
  constexpr size_t kPublicPart = 435;
  EXPECT_EQ(outcome.proof.substr(0, kPublicPart),
            as_text(engine_fixture("ecdsa.proven")).substr(0, kPublicPart));
  EXPECT_THAT(prove(TRANSACTION, as_text(engine_fixture("panics.inputs"))).status,
              StartsWith("INTERNAL: "));

  start({.kind = ProofKind::kBatch}, engine);
  EXPECT_EQ(prove(BATCH, as_text(engine_fixture("batch.proposed"))).proof,
            as_text(engine_fixture("batch.proven")));
  start({.kind = ProofKind::kBlock}, engine);
  const Outcome block = prove(BLOCK, as_text(engine_fixture("block.request")));
  EXPECT_EQ(block.status, "OK");
  EXPECT_EQ(block.proof, "");
}

TEST(ProverServer, SaysWhyItCannotListen) {
  const auto engine = std::make_shared<GatedEngine>();
  const auto first = ProverServer::start(engine, {.listen = {.ip = "127.0.0.1", .port = 0}});
  ASSERT_TRUE(first);
  const auto second =
      ProverServer::start(engine, {.listen = {.ip = "127.0.0.1", .port = (*first)->port()}});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "BindFailed");
}

}  // namespace
}  // namespace miden
