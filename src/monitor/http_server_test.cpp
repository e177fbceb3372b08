#include "monitor/http_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "monitor/assets.hpp"
#include "monitor/events.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// A connection that says and reads what a test wants.
class Client {
 public:
  explicit Client(uint16_t port, int receive_buffer = 0) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void say(std::string_view text) {
    EXPECT_EQ(send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  // Until `end` has come, the connection ends or the time is over; what came since the last call.
  std::string read_until(std::string_view end, std::chrono::milliseconds timeout = 5s) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::string text;
    while (end.empty() || text.find(end) == std::string::npos) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
      if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) break;
      char buffer[4096];
      const ssize_t count = recv(fd_, buffer, sizeof buffer, 0);
      is_over_ = count <= 0;
      if (is_over_) break;
      text.append(buffer, static_cast<size_t>(count));
    }
    return text;
  }
  std::string read_to_end() { return read_until({}); }
  bool is_over() const { return is_over_; }

 private:
  int fd_;
  bool is_over_ = false;
};

class HttpServer : public testing::Test {
 protected:
  void SetUp() override {
    options_.listen = {.ip = "127.0.0.1", .port = 0};
    options_.least_update_gap = 1ms;
    show("Devnet");
  }

  void start() {
    auto started = MonitorServer::start(
        options_, {.picture =
                       [this] {
                         const std::lock_guard lock(mutex_);
                         return picture_;
                       },
                   .wait_for_change =
                       [this](uint64_t sequence, std::chrono::milliseconds timeout,
                              const std::stop_token& stop) {
                         std::unique_lock lock(mutex_);
                         changed_.wait_for(lock, stop, timeout,
                                           [&] { return picture_->sequence > sequence; });
                         return picture_;
                       }});
    ASSERT_TRUE(started) << started.error().message;
    server_ = *std::move(started);
  }

  void show(const std::string& network_name, size_t checks = 1) {
    auto picture = std::make_shared<Picture>();
    picture->boot = "b";
    picture->network_name = network_name;
    picture->version = "0.15.0";
    picture->taken_ms = system_clock()->wall_ms();
    for (size_t i = 0; i < checks; ++i) {
      CheckDescription description;
      description.id = fmt::format("check-{}", i);
      description.name = description.id;
      description.meaning = network_name;
      CheckPicture check;
      check.description = std::make_shared<const CheckDescription>(description);
      picture->checks.push_back(std::move(check));
    }
    const std::lock_guard lock(mutex_);
    picture->sequence = ++sequence_;
    picture_ = std::move(picture);
    changed_.notify_all();
  }

  std::string ask(std::string_view request_line, std::string_view fields = {}) {
    Client client(server_->port());
    client.say(fmt::format("{} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n{}\r\n", request_line,
                           fields));
    return client.read_to_end();
  }

  std::string open_stream(Client& client, std::string_view query = {}) {
    client.say(fmt::format("GET /events{} HTTP/1.1\r\nHost: here\r\n\r\n", query));
    std::string events = client.read_until("event: hello");
    const size_t hello = events.find("event: hello");
    if (events.find("\n\n", hello) == std::string::npos) events += client.read_until("\n\n");
    return events;
  }

  size_t streams() {
    const std::string metrics = ask("GET /metrics");
    const std::string name = "\nmiden_monitor_event_streams";
    const size_t at = metrics.find(name);
    if (at == std::string::npos) return 999;
    return std::stoul(metrics.substr(metrics.find(' ', at)));
  }

  MonitorServerOptions options_;
  std::mutex mutex_;  // guards the picture
  std::condition_variable_any changed_;
  std::shared_ptr<const Picture> picture_;
  uint64_t sequence_ = 0;
  std::unique_ptr<MonitorServer> server_;
};

TEST_F(HttpServer, AnswersGetAndHeadAlike) {
  start();
  const std::string got = ask("GET /api/v1/incidents"), head = ask("HEAD /api/v1/incidents");
  EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  const size_t body = got.find("\r\n\r\n") + 4;
  EXPECT_THAT(head, HasSubstr(fmt::format("content-length: {}\r\n", got.size() - body)));
  EXPECT_EQ(head.find("\r\n\r\n") + 4, head.size());
}

TEST_F(HttpServer, RefusesOtherMethods) {
  start();
  for (const std::string_view method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"}) {
    const std::string answer = ask(fmt::format("{} /", method), "Content-Length: 9\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 ")) << method;
    EXPECT_THAT(answer, HasSubstr("allow: GET, HEAD\r\n")) << method;
  }
}

TEST_F(HttpServer, RefusesWhatIsNoRequest) {
  start();
  EXPECT_THAT(ask("GET /", "Content-Length: 5\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask("GET /", "X: " + std::string(9000, 'x') + "\r\n"), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask("\x16\x03\x01 what"), StartsWith("HTTP/1."));
  Client http2(server_->port());
  http2.say("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_EQ(http2.read_to_end(), "");
  EXPECT_THAT(ask("GET /"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServer, AnswersRequestsThatCameTogether) {
  start();
  Client client(server_->port());
  client.say(
      "GET /health HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\nConnection: "
      "close\r\n\r\n");
  const std::string answers = client.read_to_end();
  EXPECT_THAT(answers, StartsWith("HTTP/1.1 200 "));
  EXPECT_NE(answers.find("HTTP/1.1 200 ", 1), std::string::npos) << answers;
}

TEST_F(HttpServer, NamesWhatThePageMayDoInEveryAnswer) {
  options_.frame_ancestors = "https://status.example 'self'";
  start();
  for (const std::string_view request : {"GET /", "GET /nowhere", "POST /", "GET /status",
                                         "GET /assets/index.css", "HEAD /events"}) {
    const std::string answer = ask(request, "Content-Length: 0\r\n");
    EXPECT_THAT(answer, HasSubstr("content-security-policy: default-src 'none'; script-src 'self'; "
                                  "style-src 'self'; img-src 'self'; connect-src 'self'; base-uri "
                                  "'none'; form-action 'none'; frame-ancestors "
                                  "https://status.example 'self'\r\n"))
        << request;
    EXPECT_THAT(answer, HasSubstr("x-content-type-options: nosniff\r\n")) << request;
    EXPECT_THAT(answer, HasSubstr("referrer-policy: no-referrer\r\n")) << request;
    EXPECT_THAT(answer, Not(HasSubstr("access-control-allow-origin"))) << request;
  }
}

TEST_F(HttpServer, RefusesFrameAncestorsThatWouldBeMore) {
  options_.frame_ancestors = "'self'\r\nset-cookie: a=b";
  const auto started = MonitorServer::start(
      options_, {.picture = [this] { return picture_; }, .wait_for_change = {}});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "InvalidFrameAncestors");
}

TEST_F(HttpServer, LetsAssetsBeKeptUnderTheNameOfTheirContent) {
  start();
  const std::string kept = ask("GET " + asset_address("index.css"));
  EXPECT_THAT(kept, HasSubstr("cache-control: public, max-age=31536000, immutable\r\n"));
  EXPECT_THAT(kept, HasSubstr("content-type: text/css; charset=utf-8\r\n"));
  EXPECT_THAT(ask("GET /assets/index.css"), HasSubstr("cache-control: no-cache\r\n"));
  const std::string etag = fmt::format("\"{}\"", find_asset("/assets/index.css")->hash);
  const std::string unchanged =
      ask("GET /assets/index.css", fmt::format("If-None-Match: {}\r\n", etag));
  EXPECT_THAT(unchanged, StartsWith("HTTP/1.1 304 "));
  EXPECT_EQ(unchanged.find("\r\n\r\n") + 4, unchanged.size());
  EXPECT_THAT(ask("GET /"), HasSubstr("cache-control: no-store\r\n"));
  EXPECT_THAT(ask("GET /assets/../http_server.cpp"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpServer, SaysWhatIsMissingAsIsAskedForIt) {
  start();
  EXPECT_THAT(ask("GET /nowhere", "Accept: text/html\r\n"), HasSubstr("<h1>Not here</h1>"));
  EXPECT_THAT(ask("GET /nowhere"), HasSubstr("\r\n\r\nnot found\n"));
  EXPECT_THAT(ask("GET /api/v1/checks/none"), HasSubstr("{\"error\":\"not found\"}"));
  EXPECT_THAT(ask("GET /checks/%3Cscript%3E"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("GET /checks/check-0?theme=dark"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask("GET http://here/health"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServer, StreamsWhatChanges) {
  start();
  Client client(server_->port());
  const std::string head = open_stream(client);
  EXPECT_THAT(head, HasSubstr("content-type: text/event-stream\r\n"));
  EXPECT_THAT(head, HasSubstr("x-accel-buffering: no\r\n"));
  EXPECT_THAT(head, HasSubstr("retry: 2000\n"));
  show("Testnet");
  std::string update = client.read_until("event: update");
  if (update.find("Testnet") == std::string::npos) update += client.read_until("Testnet");
  EXPECT_THAT(update, HasSubstr("Testnet"));
  EXPECT_THAT(update, HasSubstr("id: b-"));
}

TEST_F(HttpServer, SparesASnapshotForWhoKnowsTheState) {
  start();
  Client first(server_->port());
  std::string events = open_stream(first);
  if (events.find("event: snapshot") == std::string::npos) events += first.read_until("snapshot");
  const size_t at = events.find("id: ") + 4;
  const std::string id = events.substr(at, events.find('\n', at) - at);
  EXPECT_EQ(id, "b-1");
  Client knows(server_->port()), does_not(server_->port());
  EXPECT_THAT(open_stream(knows, "?seen=" + id) + knows.read_until("snapshot", 200ms),
              Not(HasSubstr("event: snapshot")));
  EXPECT_THAT(open_stream(does_not, "?seen=b-0") + does_not.read_until("snapshot", 300ms),
              HasSubstr("event: snapshot"));
}

// A stream's read must not end with the time limit of its writes.
TEST_F(HttpServer, KeepsStreamsLongerThanAWriteMayTake) {
  options_.write_timeout = 100ms;
  options_.tick_interval = 20ms;
  start();
  Client client(server_->port());
  open_stream(client);
  client.read_until("never", 700ms);
  EXPECT_FALSE(client.is_over());
  EXPECT_THAT(client.read_until("event: tick"), HasSubstr("event: tick"));
}

TEST_F(HttpServer, NoticesWhoGoesAway) {
  start();
  {
    Client client(server_->port());
    open_stream(client);
    EXPECT_EQ(streams(), 1U);
  }
  for (int i = 0; i < 100 && streams() != 0; ++i) std::this_thread::sleep_for(20ms);
  EXPECT_EQ(streams(), 0U);
}

TEST_F(HttpServer, CutsWhoDoesNotRead) {
  options_.write_timeout = 200ms;
  start();
  show("Devnet", 200);
  Client slow(server_->port(), 4096);
  slow.say("GET /events HTTP/1.1\r\nHost: here\r\n\r\n");
  for (int i = 0; i < 100 && streams() != 1; ++i) std::this_thread::sleep_for(5ms);
  ASSERT_EQ(streams(), 1U);
  const auto started = std::chrono::steady_clock::now();
  bool is_cut = false;
  for (int i = 0; !is_cut && std::chrono::steady_clock::now() - started < 60s; ++i) {
    show(std::string(1500, static_cast<char>('a' + i % 26)), 200);
    const auto asked = std::chrono::steady_clock::now();
    is_cut = streams() == 0;
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 3s) << "others wait for who does not read";
  }
  EXPECT_TRUE(is_cut);
}

TEST_F(HttpServer, HasRoomForSoManyStreams) {
  options_.max_streams = 2;
  start();
  Client first(server_->port()), second(server_->port()), third(server_->port());
  EXPECT_THAT(open_stream(first), HasSubstr(" 200 "));
  EXPECT_THAT(open_stream(second), HasSubstr(" 200 "));
  third.say("GET /events HTTP/1.1\r\nHost: here\r\n\r\n");
  const std::string refused = third.read_to_end();
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(refused, HasSubstr("retry-after: 30\r\n"));
}

TEST_F(HttpServer, HasRoomForSoManyConnections) {
  options_.max_connections = 1;
  start();
  Client first(server_->port());
  open_stream(first);
  Client second(server_->port());
  second.say("GET / HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_EQ(second.read_to_end(), "");
  EXPECT_TRUE(second.is_over());
}

TEST_F(HttpServer, EndsConnectionsThatSayNothing) {
  options_.head_timeout = 100ms;
  options_.idle_timeout = 100ms;
  start();
  Client silent(server_->port()), half(server_->port()), idle(server_->port());
  half.say("GET / HTTP/1.1\r\nHost:");
  idle.say("GET /health HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_EQ(silent.read_to_end(), "");
  half.read_to_end();
  EXPECT_TRUE(half.is_over());
  EXPECT_THAT(idle.read_to_end(), StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(idle.is_over());
}

TEST_F(HttpServer, SaysGoodbye) {
  start();
  Client client(server_->port());
  open_stream(client);
  server_.reset();
  EXPECT_THAT(client.read_to_end(), HasSubstr("event: bye\n"));
  EXPECT_TRUE(client.is_over());
}

TEST(EventFeed, SendsWhatChangedAndNothingElse) {
  const auto fragments = [](int a, int b) {
    Markup first, second;
    first << "<p id=\"a\">" << a << "</p>";
    second << "<p id=\"b\">" << b << "</p>";
    return std::vector<Fragment>{{"a", first}, {"b", second}};
  };
  EventFeed feed("boot", "build");
  feed.update(fragments(1, 1));
  EXPECT_EQ(feed.id(), "boot-1");
  EXPECT_EQ(feed.update(fragments(1, 1)), "");
  EXPECT_EQ(feed.update(fragments(1, 2)),
            "id: boot-2\nevent: update\ndata: {\"html_by_id\":{\"b\":\"<p "
            "id=\\\"b\\\">2</p>\"},\"seq\":2}\n\n");
  EXPECT_EQ(feed.hello(7),
            "retry: 2000\nevent: hello\ndata: "
            "{\"boot\":\"boot\",\"build\":\"build\",\"server_ms\":7}\n\n");
  EXPECT_THAT(feed.snapshot(), HasSubstr("\"a\":\"<p id=\\\"a\\\">1</p>\""));
}

}  // namespace
}  // namespace miden
