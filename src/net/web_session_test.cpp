// gRPC-Web over a socket, byte by byte: what a browser or a client that wants to do harm sees.
#include "net/web_session.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <thread>

#include "net/server.hpp"
#include "net/test_support/answering_service.hpp"
#include "net/test_support/raw_connection.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kEmptyMessage = "\0\0\0\0\0"s;

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(5ms);
  return condition();
}

std::string message_frame(std::string_view message) {
  std::string bytes(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(message.size() >> shift));
  }
  return bytes.append(message);
}

// A body's frames: flag and content.
std::vector<std::pair<int, std::string>> frames_of(std::string_view body) {
  std::vector<std::pair<int, std::string>> frames;
  while (body.size() >= 5) {
    size_t length = 0;
    for (size_t i = 1; i < 5; ++i) length = length << 8 | static_cast<uint8_t>(body[i]);
    frames.emplace_back(static_cast<uint8_t>(body[0]), body.substr(5, length));
    body.remove_prefix(std::min(body.size(), 5 + length));
  }
  EXPECT_TRUE(body.empty());
  return frames;
}

struct WebRequest {
  std::string method = "POST";
  std::string path = "/rpc.Api/Status";
  std::string fields = "";  // lines
  std::string type = "application/grpc-web+proto";
  std::string body = kEmptyMessage;
  std::string version = "1.1";

  std::string text() const {
    return method + " " + path + " HTTP/" + version + "\r\nhost: node\r\n" +
           (type.empty() ? "" : "content-type: " + type + "\r\n") + fields +
           "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
};

class WebSessionTest : public ::testing::Test {
 protected:
  void start(const std::function<void(ServerOptions&)>& change = [](ServerOptions&) {}) {
    ServerOptions options;
    options.listen = *SocketAddress::parse("127.0.0.1:0");
    options.gate = &gate;
    options.serves_browsers = true;
    change(options);
    auto started = GrpcServer::start(options, {&service});
    ASSERT_TRUE(started) << started.error().message;
    server = *std::move(started);
  }
  RawResponse ask(const WebRequest& request) {
    RawConnection connection(server->port());
    connection.send(request.text());
    return connection.read_response();
  }
  static ::rpc::RpcStatus status_in(const RawResponse& response) {
    const auto frames = frames_of(response.body);
    ::rpc::RpcStatus status;
    EXPECT_EQ(frames.size(), 2u);
    if (frames.empty()) return status;
    EXPECT_TRUE(status.ParseFromString(frames[0].second));
    return status;
  }

  AnsweringService service;
  CountingGate gate;
  std::unique_ptr<GrpcServer> server;
};

TEST_F(WebSessionTest, AnswersAUnaryCall) {
  start();
  RawConnection connection(server->port());
  connection.send(WebRequest{.fields = "origin: http://page.example\r\n"
                                       "accept: application/vnd.miden; version=0.15.5\r\n"
                                       "x-user-agent: test/1\r\nx-grpc-web: 1\r\n"}
                      .text());
  const RawResponse response = connection.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.field("content-type"), "application/grpc-web+proto");
  EXPECT_EQ(response.field("x-initial"), "1");
  EXPECT_EQ(response.field("access-control-allow-origin"), "http://page.example");
  EXPECT_EQ(response.field("access-control-allow-credentials"), "true");
  EXPECT_EQ(response.field("access-control-expose-headers"),
            "grpc-status,grpc-message,grpc-status-details-bin");
  EXPECT_EQ(response.field("vary"),
            "origin, access-control-request-method, access-control-request-headers");
  EXPECT_EQ(response.field("grpc-status"), "");
  const auto frames = frames_of(response.body);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].first, 0);
  EXPECT_EQ(frames[1], std::pair(0x80, "grpc-status:0\r\n"s));
  const ::rpc::RpcStatus status = status_in(response);
  EXPECT_EQ(status.version(), "ipv4:" + connection.address());
  EXPECT_EQ(status.block_producer().version(), "application/vnd.miden; version=0.15.5");
  EXPECT_EQ(status.block_producer().status(), "test/1");
}

TEST_F(WebSessionTest, DoesNotBelieveAnAddress) {
  start();
  RawConnection connection(server->port());
  connection.send(WebRequest{.fields = "miden-web-peer: ipv4:6.6.6.6:6\r\n"
                                       "Miden-Web-Peer: ipv4:6.6.6.6:6\r\n"}
                      .text());
  EXPECT_EQ(status_in(connection.read_response()).version(), "ipv4:" + connection.address());
}

TEST_F(WebSessionTest, TakesAndGivesBase64) {
  start();
  // An empty message, and one with a field the service does not know, in two pieces.
  for (const auto* body : {"AAAAAAA=", "AAAAAAI=eAE="}) {
    for (const auto* type : {"application/grpc-web-text", "application/grpc-web-text+proto"}) {
      const RawResponse response = ask({.type = type, .body = body});
      EXPECT_EQ(response.field("content-type"), "application/grpc-web+proto");
      EXPECT_THAT(status_in(response).version(), StartsWith("ipv4:"));
    }
  }
  const RawResponse response = ask({.fields = "accept: application/grpc-web-text\r\n"});
  EXPECT_EQ(response.field("content-type"), "application/grpc-web-text+proto");
  // Each piece is encoded by itself; the last is the trailers, whose text is fixed.
  EXPECT_THAT(response.body, ::testing::EndsWith("gAAAAA9ncnBjLXN0YXR1czowDQo="));
}

TEST_F(WebSessionTest, AnswersPreflights) {
  start();
  gate.left = 0;  // not asked
  RawConnection connection(server->port());
  connection.send(
      "OPTIONS /rpc.Api/Status HTTP/1.1\r\nhost: node\r\norigin: null\r\n"
      "access-control-request-method: POST\r\n"
      "access-control-request-headers: content-type,x-grpc-web\r\n\r\n");
  RawResponse response = connection.read_response();
  EXPECT_EQ(response.status, 200);
  response.fields.erase("date");
  EXPECT_EQ(
      response.fields,
      (std::multimap<std::string, std::string>{
          {"access-control-allow-credentials", "true"},
          {"access-control-allow-headers", "x-grpc-web,content-type,x-user-agent,grpc-timeout"},
          {"access-control-allow-origin", "null"},
          {"access-control-max-age", "86400"},
          {"content-length", "0"},
          {"vary", "origin, access-control-request-method, access-control-request-headers"}}));
}

TEST_F(WebSessionTest, SendsRefusalsAsHeadFieldsThatPagesMayRead) {
  start();
  RawResponse response = ask({.path = "/rpc.Api/GetAccount", .fields = "origin: http://a\r\n"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.field("grpc-status"), "5");
  EXPECT_EQ(response.field("grpc-message"), "no%20account%20%22%C3%A9%22");
  EXPECT_EQ(response.field("grpc-status-details-bin"), "Ag");
  EXPECT_EQ(response.field("x-trailing"), "2");
  EXPECT_EQ(response.field("access-control-allow-origin"), "http://a");
  EXPECT_EQ(response.field("content-type"), "application/grpc-web+proto");

  EXPECT_EQ(ask({.path = "/no.Service/Method"}).field("grpc-status"), "12");
  EXPECT_EQ(gate.last_method, "Method");
  gate.left = 0;
  response = ask({.path = "/no.Service/Method", .fields = "origin: http://a\r\n"});
  EXPECT_EQ(response.field("grpc-status"), "8");
  EXPECT_EQ(response.field("grpc-message"), "Too%20Many%20Requests!%20Wait%20for%207s");
  EXPECT_EQ(response.field("retry-after"), "7");
  EXPECT_EQ(response.field("access-control-allow-origin"), "http://a");
}

TEST_F(WebSessionTest, StreamsAndEndsWithTheStatus) {
  start();
  const RawResponse response = ask({.path = "/rpc.Api/ProofSubscription"});
  const auto frames = frames_of(response.body);
  ASSERT_EQ(frames.size(), 4u);
  for (uint32_t i = 0; i < 3; ++i) {
    ::rpc::ProofSubscriptionResponse message;
    EXPECT_TRUE(message.ParseFromString(frames[i].second));
    EXPECT_EQ(message.block_num(), i + 1);
  }
  EXPECT_EQ(frames[3], std::pair(0x80, "grpc-status:15\r\ngrpc-message:that%20was%20all\r\n"s));
}

TEST_F(WebSessionTest, SaysAtOnceThatAStreamHasBegun) {
  start([](ServerOptions& options) { options.request_timeout = 300ms; });
  RawConnection connection(server->port());
  connection.send(WebRequest{.path = "/rpc.Api/BlockSubscription"}.text());
  const RawResponse head = connection.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("transfer-encoding"), "chunked");
  // The timeout is over with the head.
  EXPECT_FALSE(connection.is_closed_within(600ms));
  EXPECT_EQ(service.cancelled, 0);
}

TEST_F(WebSessionTest, EndsACallWhoseClientIsGone) {
  start();
  for (int i = 0; i < 2; ++i) {
    RawConnection connection(server->port());
    connection.send(
        WebRequest{.path = i == 0 ? "/rpc.Api/BlockSubscription" : "/rpc.Api/GetLimits"}.text());
    ASSERT_TRUE(eventually([&] { return service.calls == i + 1; }));
    i == 0 ? connection.close() : connection.reset();
    EXPECT_TRUE(eventually([&] { return service.cancelled == i + 1; }));
  }
}

TEST_F(WebSessionTest, HoldsOneMessageForAClientThatDoesNotRead) {
  start();
  RawConnection connection(server->port(), 4096);
  // blockchain: fixed32 1,000,000.
  connection.send(WebRequest{.path = "/rpc.Api/BlockSubscription",
                             .body = message_frame("\x0d\x40\x42\x0f\x00"s)}
                      .text());
  // What fits into the sockets' buffers (at most 4 MiB on our side, by Linux's default), one that
  // is being written, and what gRPC takes in advance.
  ASSERT_TRUE(eventually([&] { return service.written >= 2; }));
  uint32_t before = 0;
  do {
    before = service.written;
    std::this_thread::sleep_for(300ms);
  } while (service.written != before);
  EXPECT_LE(before, 12u);
  // It goes on when the client does.
  ASSERT_EQ(connection.read_head().status, 200);
  for (int i = 0; i < 20; ++i) {
    const auto chunk = connection.read_chunk();
    ASSERT_TRUE(chunk);
    EXPECT_THAT(*chunk, StartsWith(message_frame("").substr(0, 1)));
    EXPECT_GT(chunk->size(), 1'000'000u);
  }
  EXPECT_GE(service.written, 20u);
}

TEST_F(WebSessionTest, ClosesAClientThatHasStoppedReading) {
  start([](ServerOptions& options) { options.stall_timeout = 700ms; });
  RawConnection connection(server->port(), 4096);
  connection.send(WebRequest{.path = "/rpc.Api/BlockSubscription",
                             .body = message_frame("\x0d\x40\x42\x0f\x00"s)}
                      .text());
  EXPECT_TRUE(eventually([&] { return service.cancelled == 1; }));
}

TEST_F(WebSessionTest, TimesOut) {
  start([](ServerOptions& options) { options.request_timeout = 10s; });
  for (int i = 0; i < 2; ++i) {
    RawConnection connection(server->port());
    connection.send(WebRequest{.path = "/rpc.Api/GetLimits",
                               .fields = "grpc-timeout: 100m\r\norigin: http://a\r\n"}
                        .text());
    RawResponse response = connection.read_response();
    EXPECT_EQ(response.field("grpc-status"), "1");
    EXPECT_EQ(response.field("grpc-message"), "Timeout%20expired");
    EXPECT_EQ(response.field("access-control-allow-origin"), "http://a");
    EXPECT_TRUE(eventually([&] { return service.cancelled == i + 1; }));
    // The connection serves on, and what is left of the old call does not touch the new one.
    connection.send(WebRequest{}.text());
    EXPECT_THAT(status_in(connection.read_response()).version(), StartsWith("ipv4:"));
  }
}

TEST_F(WebSessionTest, BoundsTheBody) {
  start();
  // transaction: bytes transaction = 1 (4 bytes of tag and length, 4,194,299 of content).
  std::string largest = "\x0a\xfb\xff\xff\x01"s + std::string(4'194'299, 't');
  const RawResponse response =
      ask({.path = "/rpc.Api/SubmitProvenTx", .body = message_frame(largest)});
  ASSERT_EQ(frames_of(response.body).size(), 2u) << response.field("grpc-message");
  ::blockchain::BlockNumber number;
  EXPECT_TRUE(number.ParseFromString(frames_of(response.body)[0].second));
  EXPECT_EQ(number.block_num(), 4'194'299u);

  RawConnection connection(server->port());
  connection.send(
      "POST /rpc.Api/SubmitProvenTx HTTP/1.1\r\nhost: a\r\norigin: http://a\r\n"
      "content-type: application/grpc-web\r\ncontent-length: 4194310\r\n\r\n"
      "\0\x00\x40\x00\x01"s);
  const RawResponse refused = connection.read_response();
  EXPECT_EQ(refused.status, 200);
  EXPECT_EQ(refused.field("grpc-status"), "11");
  EXPECT_EQ(refused.field("grpc-message"),
            "Error,%20decoded%20message%20length%20too%20large:%20found%204194305%20bytes,%20the%20"
            "limit%20is:%204194304%20bytes");
  EXPECT_EQ(refused.field("access-control-allow-origin"), "http://a");
  EXPECT_EQ(refused.field("connection"), "close");
}

TEST_F(WebSessionTest, RefusesWhatIsNotGrpcWeb) {
  start();
  EXPECT_EQ(ask({.type = "application/grpc"}).status, 400);
  EXPECT_EQ(ask({.type = ""}).status, 400);
  EXPECT_EQ(ask({.method = "GET", .type = "", .body = ""}).status, 400);
  EXPECT_EQ(ask({.path = "*"}).status, 400);
  EXPECT_EQ(ask({.fields = "accept: caf\xc3\xa9\r\n"}).status, 400);
  for (const auto* method : {"GET", "PUT", "DELETE", "PATCH", "HEAD"}) {
    const RawResponse response = ask({.method = method, .fields = "origin: http://a\r\n"});
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(response.field("access-control-allow-origin"), "http://a");
  }
  EXPECT_EQ(ask({.fields = "grpc-encoding: gzip\r\n"}).field("grpc-message"),
            "Content%20is%20compressed%20with%20%60gzip%60%20which%20isn't%20supported");
  EXPECT_EQ(ask({.fields = "grpc-encoding: identity\r\n"}).field("grpc-status"), "");
  EXPECT_EQ(ask({.body = "\0\0\0\0\7half"s}).field("grpc-message"),
            "Unexpected%20EOF%20decoding%20stream.");
  EXPECT_EQ(service.calls, 1);
}

TEST_F(WebSessionTest, RefusesWhatIsNotHttp) {
  start();
  for (const std::string& bytes :
       {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s + std::string(200, 'r') + "\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"s, "GET\r\n\r\n"s, "GET / HTTP/9.9\r\n\r\n"s,
        "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n"s,
        "POST / HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n"s}) {
    RawConnection connection(server->port());
    connection.send(bytes);
    EXPECT_EQ(connection.read_response().status, 400) << bytes;
    EXPECT_TRUE(connection.is_closed_within(5s));
  }
  RawConnection connection(server->port());
  connection.send("GET /x HTTP/1.1\r\nx: " + std::string(17'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(connection.read_response().status, 431);
  EXPECT_EQ(ask({}).status, 200);
}

TEST_F(WebSessionTest, ServesOneRequestAfterTheOther) {
  start();
  RawConnection connection(server->port());
  // All at once, of different kinds.
  connection.send(WebRequest{}.text() + WebRequest{.path = "/rpc.Api/ProofSubscription"}.text() +
                  "GET / HTTP/1.1\r\nhost: a\r\n\r\n" +
                  WebRequest{.path = "/rpc.Api/GetAccount"}.text() +
                  WebRequest{.fields = "connection: close\r\n"}.text());
  EXPECT_EQ(frames_of(connection.read_response().body).size(), 2u);
  EXPECT_EQ(frames_of(connection.read_response().body).size(), 4u);
  EXPECT_EQ(connection.read_response().status, 200);
  EXPECT_EQ(connection.read_response().field("grpc-status"), "5");
  const RawResponse last = connection.read_response();
  EXPECT_EQ(frames_of(last.body).size(), 2u);
  EXPECT_EQ(last.field("connection"), "close");
  EXPECT_TRUE(connection.is_closed_within(5s));
}

TEST_F(WebSessionTest, TakesBodiesHoweverTheyCome) {
  start();
  RawConnection connection(server->port());
  const std::string head =
      "POST http://node/rpc.Api/Status?x=1 HTTP/1.1\r\nhost: a\r\n"
      "content-type: application/grpc-web\r\n";
  connection.send(head +
                  "transfer-encoding: chunked\r\n\r\n2\r\n\0\0\r\n3\r\n\0\0\0\r\n0\r\n\r\n"s);
  EXPECT_EQ(frames_of(connection.read_response().body).size(), 2u);

  connection.send(head + "content-length: 5\r\nexpect: 100-continue\r\n\r\n");
  EXPECT_EQ(connection.read_head().status, 100);
  for (const char byte : kEmptyMessage) {
    connection.send(std::string(1, byte));
    std::this_thread::sleep_for(2ms);
  }
  EXPECT_EQ(frames_of(connection.read_response().body).size(), 2u);
}

TEST_F(WebSessionTest, EndsOldResponsesWithTheConnection) {
  start();
  const RawResponse response = ask({.version = "1.0"});
  EXPECT_EQ(response.field("transfer-encoding"), "");
  EXPECT_EQ(response.field("connection"), "close");
  EXPECT_EQ(frames_of(response.body).size(), 2u);
}

TEST_F(WebSessionTest, ClosesOldConnectionsAfterTheirResponse) {
  start([](ServerOptions& options) { options.max_connection_age = 200ms; });
  RawConnection connection(server->port());
  connection.send(WebRequest{}.text());
  EXPECT_EQ(connection.read_response().field("connection"), "");
  std::this_thread::sleep_for(250ms);
  connection.send(WebRequest{}.text());
  const RawResponse response = connection.read_response();
  EXPECT_EQ(response.field("connection"), "close");
  EXPECT_EQ(frames_of(response.body).size(), 2u);
  EXPECT_TRUE(connection.is_closed_within(5s));
}

}  // namespace
}  // namespace miden
