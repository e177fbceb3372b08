// A server whose clients meet a front: what it answers itself and that what it passes on arrives.
#include "net/front.hpp"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <random>
#include <thread>

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "net/reflection.hpp"
#include "net/server.hpp"
#include "net/test_support/answering_service.hpp"
#include "net/test_support/http2_frames.hpp"
#include "net/test_support/raw_connection.hpp"
#include "net/unsent_responses.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(5ms);
  return condition();
}

class FrontTest : public ::testing::Test {
 protected:
  FrontTest() {
    // Echoes its request into the response's `block`, and the peer and a header into metadata.
    quick["/rpc.Api/SyncNotes"] = [this](const QuickCall& call) -> std::optional<QuickAnswer> {
      ++quick_calls;
      QuickAnswer answer;
      answer.initial_metadata.add("x-peer", call.peer);
      answer.initial_metadata.add("x-echo", call.headers.first("x-ask").value_or("none"));
      answer.trailing_metadata.add("x-trailing", "2");
      ::blockchain::MaybeBlock echo;
      echo.set_block(std::string(call.request));
      answer.response = echo.SerializeAsString();
      return answer;
    };
    quick["/rpc.Api/SyncChainMmr"] = [this](const QuickCall&) -> std::optional<QuickAnswer> {
      ++quick_calls;
      QuickAnswer answer;
      answer.status = {StatusCode::kNotFound, "100% \"é\"\n", "\2\0\xff"s};
      answer.initial_metadata.add("x-initial", "1");
      answer.trailing_metadata.add("x-trailing", "2");
      return answer;
    };
    // Megabytes.
    quick["/rpc.Api/SyncNullifiers"] = [this](const QuickCall&) -> std::optional<QuickAnswer> {
      ++quick_calls;
      QuickAnswer answer;
      ::blockchain::MaybeBlock block;
      block.set_block(std::string(kLarge, 'l'));
      answer.response = block.SerializeAsString();
      return answer;
    };
    // Is gRPC's after all.
    quick["/rpc.Api/GetBlockByNumber"] = [this](const QuickCall&) -> std::optional<QuickAnswer> {
      ++declined;
      return std::nullopt;
    };
    // How many bytes it was sent; through gRPC one less, as the service does not count the field's
    // own.
    quick["/rpc.Api/SubmitProvenTx"] = [this](const QuickCall& call) -> std::optional<QuickAnswer> {
      ++quick_calls;
      ::blockchain::BlockNumber number;
      number.set_block_num(static_cast<uint32_t>(call.request.size()));
      QuickAnswer answer;
      answer.response = number.SerializeAsString();
      return answer;
    };
  }

  static constexpr size_t kLarge = 3'000'000;

  void start(const std::function<void(ServerOptions&)>& change = [](ServerOptions&) {}) {
    ServerOptions options;
    options.listen = *SocketAddress::parse("127.0.0.1:0");
    options.gate = &gate;
    options.quick_methods = &quick;
    change(options);
    auto started = GrpcServer::start(options, {&service, reflection.service()});
    ASSERT_TRUE(started) << started.error().message;
    server = *std::move(started);
    channel = new_channel();
    api = ::rpc::Api::NewStub(channel);
  }

  std::shared_ptr<grpc::Channel> new_channel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
    arguments.SetMaxReceiveMessageSize(-1);
    return grpc::CreateCustomChannel(server->address(), grpc::InsecureChannelCredentials(),
                                     arguments);
  }

  struct Outcome {
    grpc::Status status;
    std::multimap<std::string, std::string> initial;
    std::multimap<std::string, std::string> trailing;
    std::string response;  // encoded
  };
  static Outcome call(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                      const std::string& request,
                      const std::map<std::string, std::string>& metadata = {}) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    for (const auto& [name, value] : metadata) context.AddMetadata(name, value);
    const grpc::Slice slice(request);
    const grpc::ByteBuffer message(&slice, 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    grpc::GenericStub(channel).UnaryCall(
        &context, "/rpc.Api/" + method, {}, &message, &response,
        [&](const grpc::Status& status) { done.set_value(status); });
    Outcome outcome;
    outcome.status = done.get_future().get();
    const auto text = [](grpc::string_ref ref) { return std::string(ref.data(), ref.size()); };
    for (const auto& [name, value] : context.GetServerInitialMetadata()) {
      outcome.initial.emplace(text(name), text(value));
    }
    for (const auto& [name, value] : context.GetServerTrailingMetadata()) {
      outcome.trailing.emplace(text(name), text(value));
    }
    grpc::Slice whole;
    if (response.Valid() && response.TrySingleSlice(&whole).ok()) {
      outcome.response.assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
    } else if (response.Valid() && response.DumpToSingleSlice(&whole).ok()) {
      outcome.response.assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
    }
    return outcome;
  }
  Outcome call(const std::string& method, const std::string& request,
               const std::map<std::string, std::string>& metadata = {}) const {
    return call(channel, method, request, metadata);
  }

  static std::string first(const std::multimap<std::string, std::string>& metadata,
                           const std::string& name) {
    const auto found = metadata.find(name);
    return found == metadata.end() ? "" : found->second;
  }
  static std::string echoed(const Outcome& outcome) {
    ::blockchain::MaybeBlock echo;
    EXPECT_TRUE(echo.ParseFromString(outcome.response));
    return echo.block();
  }
  // blockchain.BlockRequest { fixed32 block_num = 1 }
  static std::string block_request(uint32_t number) {
    ::blockchain::BlockRequest request;
    request.set_block_num(number);
    return request.SerializeAsString();
  }

  std::atomic<int> quick_calls = 0;
  std::atomic<int> declined = 0;
  QuickMethods quick;
  AnsweringService service;
  CountingGate gate;
  ReflectionService reflection{{"rpc.Api"}, gate};
  std::unique_ptr<GrpcServer> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<::rpc::Api::Stub> api;
};

TEST_F(FrontTest, AnswersQuickCallsItself) {
  start();
  const Outcome outcome = call("SyncNotes", "some bytes", {{"x-ask", "something"}});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(echoed(outcome), "some bytes");
  EXPECT_EQ(first(outcome.initial, "x-echo"), "something");
  EXPECT_THAT(first(outcome.initial, "x-peer"), StartsWith("ipv4:127.0.0.1:"));
  EXPECT_EQ(first(outcome.trailing, "x-trailing"), "2");
  EXPECT_EQ(echoed(call("SyncNotes", "")), "");
  EXPECT_EQ(quick_calls, 2);
}

TEST_F(FrontTest, RefusesWithTextDetailsAndMetadata) {
  start();
  const Outcome outcome = call("SyncChainMmr", "");
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(outcome.status.error_message(), "100% \"é\"\n");
  EXPECT_EQ(outcome.status.error_details(), "\2\0\xff"s);
  EXPECT_EQ(first(outcome.trailing, "x-trailing"), "2");
  EXPECT_EQ(outcome.response, "");
}

TEST_F(FrontTest, PassesOtherCallsOnWithTheirMetadataAndTheCallersAddress) {
  start();
  const Outcome outcome = call("Status", "", {{"x-user-agent", "me"}, {"miden-web-peer", "you"}});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  ::rpc::RpcStatus status;
  ASSERT_TRUE(status.ParseFromString(outcome.response));
  EXPECT_THAT(status.version(), StartsWith("ipv4:127.0.0.1:"));
  EXPECT_EQ(status.block_producer().status(), "me");
  EXPECT_EQ(first(outcome.initial, "x-initial"), "1");

  const Outcome refused = call("GetAccount", "");
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(refused.status.error_message(), "no account \"é\"");
  EXPECT_EQ(refused.status.error_details(), "\2");
  EXPECT_EQ(first(refused.trailing, "x-trailing"), "2");
  EXPECT_EQ(quick_calls, 0);
}

TEST_F(FrontTest, PassesOnWhatAQuickMethodDeclines) {
  start();
  const Outcome outcome = call("GetBlockByNumber", block_request(70'000));
  ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  ::blockchain::MaybeBlock block;
  ASSERT_TRUE(block.ParseFromString(outcome.response));
  EXPECT_EQ(block.block(), std::string(70'000, 'x'));
  EXPECT_EQ(declined, 1);
}

TEST_F(FrontTest, PassesOnLongRequestsWhole) {
  start();
  for (const size_t size : {size_t{100}, size_t{65'000}, size_t{66'000}, size_t{100'000},
                            size_t{2'000'000}, size_t{15'000'000}}) {
    quick_calls = 0;
    ::transaction::ProvenTransaction request;
    request.set_transaction(std::string(size, 't'));
    const std::string encoded = request.SerializeAsString();
    const Outcome outcome = call("SubmitProvenTx", encoded);
    ::blockchain::BlockNumber number;
    ASSERT_TRUE(number.ParseFromString(outcome.response)) << size;
    const bool is_quick = encoded.size() <= 65'536;
    EXPECT_EQ(quick_calls, is_quick ? 1 : 0) << size;
    // Above its limit the service says so itself.
    if (size <= 4'000'000) {
      EXPECT_EQ(number.block_num(), is_quick ? encoded.size() : size);
    } else {
      EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
    }
  }
}

TEST_F(FrontTest, LeavesWhatIsNotPlainToGrpc) {
  start();
  // The bodies of what is answered, until the stream has ended.
  const auto answer = [&](const std::string& headers, const std::string& body) {
    RawConnection connection(server->port());
    connection.send(kPreface + kSettings + frame(1, 4, 1, headers) + frame(0, 1, 1, body));
    std::string said;
    while (true) {
      if (!connection.fill(9)) return "the connection has ended"s;
      const std::string head = connection.take(9);
      const size_t size = static_cast<uint8_t>(head[0]) << 16 | static_cast<uint8_t>(head[1]) << 8 |
                          static_cast<uint8_t>(head[2]);
      connection.fill(size);
      const std::string payload = connection.take(size);
      if (head[8] != 1) continue;
      const bool is_reset = head[3] == 3;
      if (is_reset) return "reset"s;
      if (head[3] == 0) said += payload;
      if ((head[4] & 1) != 0) return said;
    }
  };
  const std::string plain = call_headers("/rpc.Api/SyncNotes");
  EXPECT_THAT(answer(plain, short_message("hello")), HasSubstr("hello"));
  EXPECT_EQ(quick_calls, 1);
  answer(plain + field("grpc-encoding", "gzip"), short_message("hello"));
  answer(plain, "\1\0\0\0\5hello"s);                              // says that it is compressed
  answer(plain, short_message("hello") + short_message("more"));  // two messages
  answer(plain, "\0\0\0\0\5hel"s);                                // half a message
  answer(plain, "");
  answer(plain, "\0\xff\xff\xff\xff"s);
  answer(field(":method", "POST") + field(":scheme", "http") +
             field(":path", "/rpc.Api/SyncNotes") + field(":authority", "test") +
             field("content-type", "text/plain"),
         short_message("hello"));
  EXPECT_EQ(quick_calls, 1);
  EXPECT_EQ(echoed(call("SyncNotes", "still here")), "still here");
}

TEST_F(FrontTest, StreamsInBothDirections) {
  start();
  namespace v1 = ::grpc::reflection::v1;
  const auto stub = v1::ServerReflection::NewStub(channel);
  grpc::ClientContext context;
  const auto stream = stub->ServerReflectionInfo(&context);
  for (int i = 0; i < 200; ++i) {
    v1::ServerReflectionRequest request;
    request.set_list_services("*");
    request.set_host(std::to_string(i));
    ASSERT_TRUE(stream->Write(request));
    v1::ServerReflectionResponse response;
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.valid_host(), std::to_string(i));
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());

  grpc::ClientContext three;
  const auto proofs = api->ProofSubscription(&three, {});
  ::rpc::ProofSubscriptionResponse proof;
  for (uint32_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(proofs->Read(&proof));
    EXPECT_EQ(proof.block_num(), i);
  }
  EXPECT_FALSE(proofs->Read(&proof));
  EXPECT_EQ(proofs->Finish().error_message(), "that was all");
}

TEST_F(FrontTest, StopsAServiceWhoseClientDoesNotRead) {
  start();
  grpc::ClientContext context;
  ::rpc::BlockSubscriptionRequest request;
  request.set_block_from(100'000);  // bytes of each message
  const auto blocks = api->BlockSubscription(&context, request);
  ::rpc::BlockSubscriptionResponse block;
  ASSERT_TRUE(blocks->Read(&block));
  // What is on the way is bounded: the numbers stand still.
  uint32_t before = 0;
  EXPECT_TRUE(eventually([&] {
    const uint32_t written = service.written;
    std::this_thread::sleep_for(100ms);
    return std::exchange(before, written) == written;
  }));
  EXPECT_LT(service.written, 200u);
  // It goes on where it stood.
  for (uint32_t i = 2; i < 300; ++i) {
    ASSERT_TRUE(blocks->Read(&block));
    EXPECT_EQ(block.committed_chain_tip(), i);
  }
  context.TryCancel();
  EXPECT_TRUE(eventually([&] { return service.cancelled == 1; }));
}

TEST_F(FrontTest, TellsServicesThatTheirCallerLeft) {
  start();
  {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 100ms);
    ::rpc::RpcLimits limits;
    EXPECT_EQ(api->GetLimits(&context, {}, &limits).error_code(),
              grpc::StatusCode::DEADLINE_EXCEEDED);
  }
  EXPECT_TRUE(eventually([&] { return service.cancelled == 1; }));
  RawConnection connection(server->port());
  connection.send(kPreface + kSettings + call_frames(1, "/rpc.Api/GetLimits", ""));
  EXPECT_TRUE(eventually([&] { return service.calls == 2; }));
  connection.reset();
  EXPECT_TRUE(eventually([&] { return service.cancelled == 2; }));
}

TEST_F(FrontTest, KeepsManyCallsOfManyClientsApart) {
  start();
  constexpr int kClients = 4;
  constexpr int kCalls = 400;
  std::vector<std::thread> clients;
  std::atomic<int> wrong = 0;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      const auto own = client % 2 == 0 ? channel : new_channel();
      std::mt19937 random(static_cast<uint32_t>(client));
      for (int i = 0; i < kCalls; ++i) {
        if (i % 8 == 5) {  // and some that are cancelled in the middle
          grpc::ClientContext context;
          ::rpc::BlockSubscriptionRequest request;
          request.set_block_from(50'000);
          const auto blocks = ::rpc::Api::NewStub(own)->BlockSubscription(&context, request);
          ::rpc::BlockSubscriptionResponse block;
          if (!blocks->Read(&block)) ++wrong;
          context.TryCancel();
          continue;
        }
        const std::string text(random() % 3000, static_cast<char>('a' + random() % 26));
        if (i % 4 == 3) {
          ::blockchain::MaybeBlock block;
          const auto size = static_cast<uint32_t>(random() % 100'000);
          const Outcome outcome = call(own, "GetBlockByNumber", block_request(size));
          if (!block.ParseFromString(outcome.response) || block.block().size() != size) ++wrong;
        } else if (echoed(call(own, "SyncNotes", text)) != text) {
          ++wrong;
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(FrontTest, AnswersNoFasterThanItsClientReads) {
  start();
  const size_t before = unsent_responses().bytes();
  RawConnection connection(server->port());
  std::string asked = kPreface + kNoWindow;
  for (uint32_t i = 0; i < 100; ++i) {
    asked += call_frames(2 * i + 1, "/rpc.Api/SyncNullifiers", "");
  }
  connection.send(asked);
  EXPECT_TRUE(eventually([&] { return quick_calls >= 3; }));
  std::this_thread::sleep_for(200ms);
  EXPECT_LE(quick_calls, 4);
  EXPECT_GE(unsent_responses().bytes() - before, 3 * kLarge - kLarge / 2);
  // Others are answered meanwhile, and what waits goes with its client.
  EXPECT_EQ(echoed(call("SyncNotes", "other")), "other");
  connection.reset();
  EXPECT_TRUE(eventually([&] { return unsent_responses().bytes() == before; }));
  // One who reads gets everything.
  std::vector<std::future<size_t>> sizes;
  for (int i = 0; i < 20; ++i) {
    sizes.push_back(
        std::async(std::launch::async, [&] { return call("SyncNullifiers", "").response.size(); }));
  }
  for (auto& size : sizes) EXPECT_GT(size.get(), kLarge);
}

TEST_F(FrontTest, SurvivesNoise) {
  start();
  constexpr uint32_t kSeed = 11;
  std::mt19937 random(kSeed);
  const auto noise = [&random](size_t size) {
    std::string bytes(size, '\0');
    std::ranges::generate(bytes, [&random] { return static_cast<char>(random()); });
    return bytes;
  };
  for (int i = 0; i < 300; ++i) {
    RawConnection connection(server->port());
    std::string said = kPreface + kSettings;
    switch (i % 4) {
      case 0:  // no frames at all
        said += noise(200);
        break;
      case 1:  // frames of any kind
        for (int k = 0; k < 20; ++k) {
          said += frame(static_cast<char>(random() % 12), static_cast<char>(random()),
                        static_cast<uint32_t>(random() % 8), noise(random() % 60));
        }
        break;
      case 2: {  // good calls with one damaged byte
        std::string calls;
        for (uint32_t k = 0; k < 6; ++k) {
          calls += call_frames(2 * k + 1, k % 2 == 0 ? "/rpc.Api/SyncNotes" : "/rpc.Api/Status",
                               "message");
        }
        calls[random() % calls.size()] = static_cast<char>(random());
        said += calls;
        break;
      }
      default:  // calls that are cut off, and reset
        said += call_frames(1, "/rpc.Api/BlockSubscription", "\x0d\x10\x27\0\0"s) +
                call_frames(3, "/rpc.Api/SyncNullifiers", "") + frame(3, 0, 1, "\0\0\0\x08"s) +
                frame(3, 0, 3, "\0\0\0\x08"s) +
                frame(1, 4, 5, call_headers("/rpc.Api/SyncNotes")).substr(0, random() % 60);
    }
    connection.send(said);
    if (i % 2 == 0) connection.reset();
  }
  // Headers that grow without end, by reference to one long field (RFC 7541 §6.2.1, index 62).
  RawConnection bomb(server->port());
  std::string block = call_headers("/rpc.Api/SyncNotes");
  block += "\x40\x01z\x7f\xf1\x1d"s + std::string(3952, 'z') + std::string(12'000, '\xbe');
  bomb.send(kPreface + kSettings + frame(1, 5, 1, block));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(echoed(call("SyncNotes", "ok")), "ok");
  EXPECT_TRUE(call("Status", "").status.ok());
}

TEST_F(FrontTest, AsksOldConnectionsToCloseWithoutLosingACall) {
  start([](ServerOptions& options) { options.max_connection_age = 300ms; });
  std::set<std::string> peers;
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (std::chrono::steady_clock::now() < until) {
    const Outcome outcome = call("SyncNotes", "a");
    ASSERT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    peers.insert(first(outcome.initial, "x-peer"));
    ASSERT_TRUE(call("Status", "").status.ok());
  }
  EXPECT_GE(peers.size(), 2u);
}

TEST_F(FrontTest, EndsInTime) {
  start();
  RawConnection stuck(server->port());
  stuck.send(kPreface + kNoWindow + call_frames(1, "/rpc.Api/SyncNullifiers", "") +
             call_frames(3, "/rpc.Api/GetLimits", "") +
             call_frames(5, "/rpc.Api/BlockSubscription", "\x0d\x10\x27\0\0"s));
  RawConnection idle(server->port());
  idle.send(kPreface + kSettings);
  ASSERT_TRUE(eventually([&] { return service.calls == 2 && quick_calls == 1; }));
  ASSERT_TRUE(call("SyncNotes", "").status.ok());
  const auto before = std::chrono::steady_clock::now();
  server->shutdown(300ms);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 3s);
  EXPECT_TRUE(stuck.is_closed_within(1s));
  EXPECT_TRUE(idle.is_closed_within(1s));
  EXPECT_EQ(service.cancelled, 2);
  EXPECT_EQ(call("SyncNotes", "").status.error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(FrontTest, LetsCallsFinishThatItHasTaken) {
  start();
  std::promise<void> entered;
  std::promise<void> leave;
  quick["/rpc.Api/GetNotesById"] = [&](const QuickCall&) -> std::optional<QuickAnswer> {
    entered.set_value();
    leave.get_future().wait();
    return QuickAnswer{};
  };
  auto outcome = std::async(std::launch::async, [&] { return call("GetNotesById", ""); });
  entered.get_future().wait();
  auto stopped = std::async(std::launch::async, [&] { server->shutdown(5s); });
  std::this_thread::sleep_for(50ms);
  leave.set_value();
  EXPECT_TRUE(outcome.get().status.ok());
  const auto before = std::chrono::steady_clock::now();
  stopped.wait();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
}

}  // namespace
}  // namespace miden
