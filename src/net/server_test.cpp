// The server seen from its sockets: who gets in, what they are handed to, how it ends.
#include "net/server.hpp"

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>

#include <functional>
#include <future>
#include <thread>

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "net/reflection.hpp"
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

// With a front before gRPC (true) nothing may look different; here it has no quick methods.
class ServerTest : public ::testing::TestWithParam<bool> {
 protected:
  void start(const std::function<void(ServerOptions&)>& change = [](ServerOptions&) {}) {
    ServerOptions options;
    options.listen = *SocketAddress::parse("127.0.0.1:0");
    options.gate = &gate;
    options.serves_browsers = true;
    if (GetParam()) options.quick_methods = &no_quick_methods;
    change(options);
    auto started =
        GrpcServer::start(options, {&service, reflection.service(), reflection.v1alpha_service()});
    ASSERT_TRUE(started) << started.error().message;
    server = *std::move(started);
    channel = grpc::CreateChannel(server->address(), grpc::InsecureChannelCredentials());
    api = ::rpc::Api::NewStub(channel);
  }

  // Calls Status natively.
  ::rpc::RpcStatus ask(const std::map<std::string, std::string>& metadata = {}) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    for (const auto& [name, value] : metadata) context.AddMetadata(name, value);
    ::rpc::RpcStatus response;
    const grpc::Status status = api->Status(&context, {}, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  const QuickMethods no_quick_methods;
  AnsweringService service;
  CountingGate gate;
  ReflectionService reflection{{"rpc.Api"}, gate};
  std::unique_ptr<GrpcServer> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<::rpc::Api::Stub> api;
};

INSTANTIATE_TEST_SUITE_P(Front, ServerTest, ::testing::Bool());

TEST_P(ServerTest, KnowsWhoCallsAndIsNotTold) {
  start();
  EXPECT_THAT(ask().version(), StartsWith("ipv4:127.0.0.1:"));
  EXPECT_THAT(ask({{"miden-web-peer", "ipv4:6.6.6.6:6"}}).version(), StartsWith("ipv4:127.0.0.1:"));
}

TEST_P(ServerTest, SpeaksHttp2ThoughTheFirstBytesComeOneByOne) {
  start();
  const std::string opening = kPreface + kSettings + call_frames(1, "/rpc.Api/Status", "");
  for (const size_t cut : {size_t{1}, size_t{3}, kPreface.size() - 1, kPreface.size(),
                           kPreface.size() + 4, opening.size()}) {
    RawConnection connection(server->port());
    for (size_t i = 0; i < cut; ++i) {
      connection.send(opening.substr(i, 1));
      if (i < 30) std::this_thread::sleep_for(1ms);
    }
    connection.send(opening.substr(cut));
    // The service says our address; it stands in the response's message.
    const std::string expected = "ipv4:" + connection.address();
    std::string said;
    while (said.find(expected) == std::string::npos && connection.fill(1)) {
      said += connection.take(1);
    }
    EXPECT_THAT(said, HasSubstr(expected)) << "cut at " << cut;
  }
}

TEST_P(ServerTest, AnswersLoadBalancersInBothProtocols) {
  start();
  gate.left = 0;  // not asked
  for (const auto* method : {"GET", "POST", "OPTIONS", "DELETE", "HEAD"}) {
    RawConnection connection(server->port());
    connection.send(std::string(method) + " / HTTP/1.1\r\nhost: a\r\n\r\n");
    const RawResponse response = connection.read_response();
    EXPECT_EQ(response.status, 200) << method;
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(response.field("access-control-allow-credentials"), "");
  }
  // GET / (RFC 7541 Appendix A: 2, 6, 4). The status comes as index 8 of that table or in letters.
  RawConnection connection(server->port());
  connection.send(kPreface + kSettings +
                  frame(1, 5, 1,
                        "\x82\x86\x84\x41\x01"
                        "a"));
  const auto is_ok = [](const std::string& said) {
    return said.find("\0\0\0\1\x88"s) != std::string::npos || said.find(
                                                                  ":status\x03"
                                                                  "200") != std::string::npos;
  };
  std::string said;
  while (!is_ok(said) && connection.fill(1)) said += connection.take(1);
  EXPECT_TRUE(is_ok(said));
}

TEST_P(ServerTest, ClosesConnectionsThatSayTooLittle) {
  start([](ServerOptions& options) { options.first_bytes_timeout = 200ms; });
  RawConnection silent(server->port());
  RawConnection half(server->port());
  half.send(kPreface.substr(0, 10));
  RawConnection preface_only(server->port());
  preface_only.send(kPreface);
  EXPECT_FALSE(silent.is_closed_within(100ms));
  EXPECT_TRUE(silent.is_closed_within(5s));
  EXPECT_TRUE(half.is_closed_within(5s));
  EXPECT_TRUE(preface_only.is_closed_within(10s));
  // One that has said enough stays.
  RawConnection idle(server->port());
  idle.send(kPreface + kSettings);
  EXPECT_FALSE(idle.is_closed_within(600ms));
  ask();
}

TEST_P(ServerTest, RefusesOtherProtocolsWhereBrowsersAreNotServed) {
  start([](ServerOptions& options) { options.serves_browsers = false; });
  RawConnection connection(server->port());
  connection.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  EXPECT_TRUE(connection.is_closed_within(5s));
  ask();
}

TEST_P(ServerTest, ServesAmongManyIdleConnections) {
  start();
  std::vector<RawConnection> idle;
  for (int i = 0; i < 300; ++i) {
    idle.emplace_back(server->port());
    ASSERT_TRUE(idle.back().is_connected());
    switch (i % 3) {
      case 0:
        idle.back().send(kPreface + kSettings);
        break;
      case 1:
        idle.back().send("POST /rpc.Api/Status HTTP/1.1\r\n");
        break;
      default:
        break;  // says nothing
    }
  }
  ask();
  RawConnection browser(server->port());
  browser.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  EXPECT_EQ(browser.read_response().status, 200);
}

TEST_P(ServerTest, KnowsWhichResponsesAreNotTaken) {
  start();
  const size_t before = unsent_responses().bytes();
  RawConnection connection(server->port());
  // blockchain.BlockRequest { fixed32 block_num = 1 }: 1,000,000.
  connection.send(kPreface + kNoWindow +
                  call_frames(1, "/rpc.Api/GetBlockByNumber", "\x0d\x40\x42\x0f\x00"s));
  EXPECT_TRUE(eventually([&] { return unsent_responses().bytes() >= before + 1'000'000; }));
  connection.reset();
  EXPECT_TRUE(eventually([&] { return unsent_responses().bytes() == before; }));
  // What is taken does not count.
  grpc::ClientContext context;
  ::blockchain::BlockRequest request;
  request.set_block_num(1'000'000);
  ::blockchain::MaybeBlock block;
  EXPECT_TRUE(api->GetBlockByNumber(&context, request, &block).ok());
  EXPECT_EQ(block.block().size(), 1'000'000u);
  EXPECT_TRUE(eventually([&] { return unsent_responses().bytes() == before; }));
}

TEST_P(ServerTest, AsksTheGateAboutMethodsThatDoNotExist) {
  start();
  const auto call = [&](const std::string& path) {
    grpc::ClientContext context;
    grpc::ByteBuffer request;
    const grpc::Slice nothing;
    request = grpc::ByteBuffer(&nothing, 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    grpc::GenericStub(channel).UnaryCall(
        &context, path, {}, &request, &response,
        [&](const grpc::Status& status) { done.set_value(status); });
    const grpc::Status status = done.get_future().get();
    return std::to_string(status.error_code()) + " " + status.error_message();
  };
  EXPECT_EQ(call("/rpc.Api/SubmitProvenTxes"), "12 ");
  EXPECT_EQ(gate.last_method, "SubmitProvenTxes");
  gate.left = 1;
  EXPECT_EQ(call("/no.Service/SubmitProvenTx"), "12 ");
  EXPECT_EQ(call("/no.Service/SubmitProvenTx"), "8 Too Many Requests! Wait for 7s");
}

template <class Service, class Request, class Response>
void expect_reflection(const std::shared_ptr<grpc::Channel>& channel) {
  const auto stub = Service::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 20s);
  const auto stream = stub->ServerReflectionInfo(&context);
  Request request;
  request.set_list_services("*");
  ASSERT_TRUE(stream->Write(request));
  Response response;
  ASSERT_TRUE(stream->Read(&response));
  std::vector<std::string> names;
  for (const auto& listed : response.list_services_response().service()) {
    names.push_back(listed.name());
  }
  EXPECT_THAT(names,
              ::testing::UnorderedElementsAre("rpc.Api", "grpc.reflection.v1.ServerReflection",
                                              "grpc.reflection.v1alpha.ServerReflection"));
  // Every service that is listed can be described.
  for (const std::string& name : names) {
    request.set_file_containing_symbol(name);
    ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_GE(response.file_descriptor_response().file_descriptor_proto_size(), 1) << name;
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_P(ServerTest, DescribesItselfUnderBothNames) {
  start();
  namespace v1 = ::grpc::reflection::v1;
  namespace v1alpha = ::grpc::reflection::v1alpha;
  expect_reflection<v1::ServerReflection, v1::ServerReflectionRequest,
                    v1::ServerReflectionResponse>(channel);
  expect_reflection<v1alpha::ServerReflection, v1alpha::ServerReflectionRequest,
                    v1alpha::ServerReflectionResponse>(channel);
}

TEST_P(ServerTest, SaysWhyItCannotListen) {
  start();
  ServerOptions options;
  options.listen = *SocketAddress::parse(server->address());
  const auto second = GrpcServer::start(options, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "BindFailed");
  EXPECT_EQ(second.error().message,
            "cannot listen on " + server->address() + ": Address already in use");
  options.listen = *SocketAddress::parse("192.0.2.1:1");  // TEST-NET-1
  EXPECT_THAT(GrpcServer::start(options, {}).error().message,
              HasSubstr("cannot listen on 192.0.2.1:1: "));
}

TEST_P(ServerTest, EndsWithEverythingOpenAndStartsAgainOnItsPort) {
  start();
  const SocketAddress address = *SocketAddress::parse(server->address());
  ask();
  RawConnection silent(server->port());
  RawConnection native(server->port());
  native.send(kPreface + kNoWindow +
              call_frames(1, "/rpc.Api/GetBlockByNumber", "\x0d\x40\x42\x0f\x00"s));
  RawConnection browser(server->port());
  const auto post = [](const std::string& method) {
    return "POST /rpc.Api/" + method +
           " HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc-web\r\ncontent-length: "
           "10\r\n\r\n\0\0\0\0\5\x0d\x40\x42\x0f\0"s;
  };
  browser.send(post("BlockSubscription"));
  RawConnection waiting(server->port());
  waiting.send(
      "POST /rpc.Api/GetLimits HTTP/1.1\r\nhost: a\r\ncontent-type: "
      "application/grpc-web\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0"s);
  ASSERT_TRUE(eventually([&] { return service.calls >= 4; }));

  const auto before = std::chrono::steady_clock::now();
  server->shutdown(300ms);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  EXPECT_TRUE(silent.is_closed_within(5s));
  EXPECT_TRUE(native.is_closed_within(5s));
  EXPECT_TRUE(browser.is_closed_within(5s));
  server->shutdown(0ms);  // again

  start([&](ServerOptions& options) { options.listen = address; });
  ask();
}

}  // namespace
}  // namespace miden
