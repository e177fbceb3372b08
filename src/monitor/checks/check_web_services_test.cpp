// Faucet, explorer and note transport, against stand-ins that speak the real formats or none.
#include <gmock/gmock.h>

#include "base/bytes.hpp"
#include "monitor/checks/check_explorer.hpp"
#include "monitor/checks/check_faucet.hpp"
#include "monitor/checks/check_note_transport.hpp"
#include "monitor/checks/proof_of_work.hpp"
#include "monitor/test_support/grpc_stand_ins.hpp"
#include "monitor/test_support/http_stand_in.hpp"
#include "protocol/account_id.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

HttpUrl http_url(const std::string& text) { return HttpUrl::parse(text).value(); }

// Computed with Python's hashlib.
TEST(ProofOfWork, FindsTheFirstNonceWhoseHashIsBelowTheTarget) {
  const Bytes challenge = from_hex("00112233445566778899aabbccddeeff").value();
  EXPECT_EQ(work_of(challenge, 0), 5992150067622530496u);
  EXPECT_EQ(work_of(challenge, 1), 17587764967182902721u);
  EXPECT_EQ(solve_puzzle(challenge, uint64_t{1} << 56, 5s, {}).value(), 575u);
  EXPECT_EQ(solve_puzzle(challenge, uint64_t{1} << 50, 30s, {}).value(), 20842u);
  // Strictly less.
  const uint64_t exact = work_of(challenge, 575u);
  EXPECT_NE(solve_puzzle(challenge, exact, 5s, {}).value(), 575u);
  EXPECT_EQ(solve_puzzle(challenge, exact + 1, 5s, {}).value(), 575u);
  EXPECT_EQ(solve_puzzle(challenge, UINT64_MAX, 1s, {}).value(), 0u);
}

TEST(ProofOfWork, GivesUpInTimeAndWhenToldTo) {
  const auto started = std::chrono::steady_clock::now();
  const auto unsolvable = solve_puzzle(Bytes{1}, 0, 200ms, {});
  ASSERT_FALSE(unsolvable);
  EXPECT_EQ(unsolvable.error().reason, Reason::kTimeout);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(solve_puzzle(Bytes{1}, 0, 60s, stop.get_token()));
  EXPECT_LT(std::chrono::steady_clock::now() - started, 5s);
}

// As spec C1 says; what a test overrides is said instead.
class FaucetStandIn {
 public:
  FaucetStandIn()
      : http([this](const HttpStandIn::Request& request, const HttpStandIn::Send& send) {
          serve(request, send);
        }) {}

  std::string metadata =
      R"({"version":"0.15.1","id":"mtst1abc","max_supply":18446744073709551615,"decimals":6,)"
      R"("explorer_url":"https://explorer.test/","pow_load_difficulty":16,"base_amount":100000000,)"
      R"("note_transport_url":null})";
  std::string challenge = std::string(240, 'a');
  std::string target = "144115188075855872";  // 2^57
  std::string grant = R"({"tx_id":"0x11","note_id":"0x22"})";
  int tokens_status = 200;
  std::string wrong;  // what the last request got wrong
  HttpStandIn http;

 private:
  void serve(const HttpStandIn::Request& request, const HttpStandIn::Send& send) {
    if (request.path() == "/get_metadata") send(HttpStandIn::answer(200, metadata));
    if (request.path() == "/pow") {
      check_common(request, "amount");
      send(HttpStandIn::answer(200, R"({"challenge":")" + challenge + R"(","target":)" + target +
                                        R"(,"timestamp":1780000000})"));
    }
    if (request.path() != "/get_tokens") return;
    check_common(request, "asset_amount");
    if (request.query("is_private_note") != "false") wrong = "is_private_note";
    if (request.query("challenge") != challenge) wrong = "challenge";
    const uint64_t nonce = std::stoull(request.query("nonce"));
    if (work_of(from_hex(challenge).value(), nonce) >= std::stoull(target)) wrong = "nonce";
    send(HttpStandIn::answer(tokens_status, grant));
  }
  void check_common(const HttpStandIn::Request& request, const std::string& amount) {
    if (request.query(amount) != "1000000") wrong = amount;
    const auto id = AccountId::parse(request.query("account_id"));
    if (!id || !id->is_public()) wrong = "account_id";
  }
};

TEST(FaucetCheck, GetsTokensForItsWork) {
  FaucetStandIn faucet;
  const Check check = make_faucet_check({.url = http_url(faucet.http.url()), .timeout = 2s});
  EXPECT_EQ(check.seed.details["FaucetTest"]["success_count"], 0);
  EXPECT_TRUE(check.seed.details["FaucetTest"]["faucet_metadata"].is_null());
  CheckResult result = check.look({});
  EXPECT_EQ(result.outcome, Outcome::kOk) << result.error;
  EXPECT_EQ(faucet.wrong, "");
  json details = result.details["FaucetTest"];
  EXPECT_GE(details["test_duration_ms"], 0);
  details.erase("test_duration_ms");
  const json expected = {{"url", faucet.http.url() + "/"},
                         {"success_count", 1},
                         {"failure_count", 0},
                         {"last_tx_id", "0x11"},
                         {"faucet_metadata",
                          {{"version", "0.15.1"},
                           {"id", "mtst1abc"},
                           {"max_supply", UINT64_MAX},
                           {"decimals", 6},
                           {"explorer_url", "https://explorer.test/"},
                           {"pow_load_difficulty", 16},
                           {"base_amount", 100000000},
                           {"note_transport_url", nullptr}}}};
  EXPECT_EQ(details, expected);

  // Without metadata, which a later version may write otherwise, the last ones are kept.
  faucet.metadata = R"({"version":"0.16"})";
  faucet.tokens_status = 500;
  faucet.grant = "internal error";
  result = check.look({});
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.reason, Reason::kHttp);
  EXPECT_EQ(result.code, 500);
  EXPECT_EQ(result.error, "/get_tokens answers HTTP 500: internal error");
  EXPECT_EQ(result.reference_status, "Unhealthy");
  EXPECT_EQ(result.details["FaucetTest"]["failure_count"], 1);
  EXPECT_EQ(result.details["FaucetTest"]["last_tx_id"], "0x11");
  EXPECT_EQ(result.details["FaucetTest"]["faucet_metadata"]["version"], "0.15.1");

  faucet.tokens_status = 429;
  EXPECT_EQ(check.look({}).outcome, Outcome::kDegraded);
}

TEST(FaucetCheck, NamesWhatIsWrongWithAnAnswer) {
  FaucetStandIn faucet;
  const Check check = make_faucet_check({.url = http_url(faucet.http.url()), .timeout = 500ms});
  const auto error = [&] {
    const CheckResult result = check.look({});
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    return result.error;
  };
  faucet.challenge = "xyz";
  EXPECT_THAT(error(), HasSubstr("challenge: expected up to 2048 hexadecimal digits"));
  faucet.challenge = std::string(240, 'a');
  faucet.target = "-5";
  EXPECT_THAT(error(), HasSubstr("target: expected a whole number"));
  faucet.target = "1e400";
  EXPECT_THAT(error(), testing::AnyOf(HasSubstr("no JSON"), HasSubstr("target")));
  faucet.target = "0";
  EXPECT_THAT(error(), StartsWith("its puzzle was not solved within 500 ms"));
  faucet.target = "144115188075855872";
  faucet.grant = R"({"tx_id":"0x11","note_id":"0x22","more":1})";
  EXPECT_THAT(error(), HasSubstr("unknown field `more`"));
  faucet.grant = R"({"tx_id":"0x11"})";
  EXPECT_THAT(error(), HasSubstr("missing field `note_id`"));
  faucet.grant = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[";
  EXPECT_THAT(error(), HasSubstr("nested too deeply"));
}

TEST(HttpUrl, TakesWhatCanBeAskedAndHidesCredentials) {
  const HttpUrl url = http_url("http://user:secret@host.test:8080/api/");
  EXPECT_EQ(url.shown(), "http://host.test:8080/api/");
  EXPECT_EQ(url.join("/pow", {{"a", "1&2"}, {"b", "x y"}}),
            "http://user:secret@host.test:8080/api/pow?a=1%262&b=x%20y");
  EXPECT_EQ(http_url("https://host.test").shown(), "https://host.test/");
  for (const char* wrong : {"", "host", "ftp://host/", "file:///etc/passwd", "http://",
                            "http://a b/", "gopher://x/", "http://h:99999/"}) {
    EXPECT_FALSE(HttpUrl::parse(wrong)) << wrong;
  }
}

// What every HTTP service may do to whoever asks it.
class HttpFaultTest : public testing::Test {
 protected:
  std::expected<HttpAnswer, Fault> ask(const std::string& url,
                                       std::chrono::milliseconds timeout = 500ms) {
    const auto started = std::chrono::steady_clock::now();
    auto answer = ask_http({.url = url, .headers = {}, .body = std::nullopt}, timeout, {});
    EXPECT_LT(std::chrono::steady_clock::now() - started, timeout + 2s);
    return answer;
  }
  Reason reason_of(const HttpStandIn::Serve& serve) {
    const HttpStandIn http(serve);
    const auto answer = ask(http.url());
    return answer ? Reason::kNone : answer.error().reason;
  }
};

TEST_F(HttpFaultTest, EndsWhateverTheServiceDoes) {
  const HttpStandIn* self = nullptr;
  EXPECT_EQ(reason_of([](const auto&, const auto& send) { send(HttpStandIn::answer(200, "{}")); }),
            Reason::kNone);
  const HttpStandIn silent([&](const auto&, const auto& send) { self->wait_for_ever(send); });
  self = &silent;
  const auto never = ask(silent.url());
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().reason, Reason::kTimeout);
  EXPECT_EQ(never.error().text, "no whole answer within 500 ms");
  // A byte now and then.
  EXPECT_EQ(reason_of([](const auto&, const auto& send) {
              send("HTTP/1.1 200 x\r\nContent-Length: 1000\r\n\r\n");
              while (send("x")) std::this_thread::sleep_for(50ms);
            }),
            Reason::kTimeout);
  // Without an end.
  EXPECT_EQ(reason_of([](const auto&, const auto& send) {
              send("HTTP/1.1 200 x\r\n\r\n");
              const std::string block(65536, 'x');
              while (send(block)) {
              }
            }),
            Reason::kTooLarge);
  EXPECT_EQ(reason_of([](const auto&, const auto& send) {
              send("HTTP/1.1 200 x\r\n");
              const std::string line = "x-header: " + std::string(1000, 'y') + "\r\n";
              while (send(line)) {
              }
            }),
            Reason::kTooLarge);
  // Larger than the limit, and says so.
  EXPECT_EQ(reason_of([](const auto&, const auto& send) {
              send("HTTP/1.1 200 x\r\nContent-Length: 99999999999\r\n\r\n");
            }),
            Reason::kTooLarge);
  EXPECT_EQ(reason_of([](const auto&, const auto& send) { send("SSH-2.0-OpenSSH_9.2\r\n"); }),
            Reason::kMalformed);
  EXPECT_EQ(reason_of([](const auto&, const auto&) {}), Reason::kMalformed);
  // Cut off.
  EXPECT_EQ(reason_of([](const auto&, const auto& send) {
              send("HTTP/1.1 200 x\r\nContent-Length: 10\r\n\r\nabc");
            }),
            Reason::kMalformed);
  // Whole at the limit.
  EXPECT_EQ(reason_of([](const auto&, const auto& send) {
              send(HttpStandIn::answer(200, std::string(kMostHttpBody, 'x')));
            }),
            Reason::kNone);
}

TEST_F(HttpFaultTest, SaysThatNobodyIsThere) {
  uint16_t port = 0;
  {
    const HttpStandIn http([](const auto&, const auto&) {});
    port = http.port();
  }
  EXPECT_EQ(ask("http://127.0.0.1:" + std::to_string(port)).error().reason, Reason::kRefused);
  EXPECT_EQ(ask("http://nowhere.invalid/", 5s).error().reason, Reason::kDns);
}

TEST_F(HttpFaultTest, FollowsRedirectsToTheSameHostOnly) {
  const HttpStandIn other(
      [](const auto&, const auto& send) { send(HttpStandIn::answer(200, "other")); });
  const HttpStandIn http([&](const HttpStandIn::Request& request, const auto& send) {
    const std::string path = request.path();
    const auto redirect = [&](const std::string& to) {
      send(HttpStandIn::answer(302, "", "Location: " + to + "\r\n"));
    };
    if (path == "/here") return redirect("/there");
    if (path == "/circle") return redirect("/circle");
    if (path == "/away") return redirect(other.url() + "/");
    if (path == "/file") return redirect("file:///etc/passwd");
    send(HttpStandIn::answer(200, "there"));
  });
  EXPECT_EQ(ask(http.url() + "/here").value().body, "there");
  EXPECT_EQ(ask(http.url() + "/circle").error().text, "it redirects without an end");
  EXPECT_EQ(ask(http.url() + "/away").error().text, "it redirects to another host");
  EXPECT_EQ(other.requests(), 0);
  EXPECT_FALSE(ask(http.url() + "/file"));
}

TEST_F(HttpFaultTest, StopsWhenToldTo) {
  const HttpStandIn* self = nullptr;
  const HttpStandIn http([&](const auto&, const auto& send) { self->wait_for_ever(send); });
  self = &http;
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(200ms);
    stop.request_stop();
  });
  const auto started = std::chrono::steady_clock::now();
  EXPECT_FALSE(
      ask_http({.url = http.url(), .headers = {}, .body = std::nullopt}, 60s, stop.get_token()));
  EXPECT_LT(std::chrono::steady_clock::now() - started, 5s);
}

TEST(ParseJson, BoundsItsDepth) {
  const std::string open(32, '['), close(32, ']');
  EXPECT_TRUE(parse_json(open + close));
  EXPECT_FALSE(parse_json("[" + open + close + "]"));
  EXPECT_TRUE(parse_json("\"" + open + open + "\""));
  EXPECT_TRUE(parse_json("\"\\\"" + open + open + "\""));
  EXPECT_FALSE(parse_json(std::string(1 << 20, '[')));
  EXPECT_FALSE(parse_json("{} x"));
  EXPECT_FALSE(parse_json(""));
  EXPECT_FALSE(parse_json("\"\xff\""));
}

json explorer_answer(const std::string& block = "1211961") {
  return {{"data",
           {{"overviewStats",
             {{"total_count_transactions", "241820"},
              {"total_count_nullifiers", "53060"},
              {"total_count_notes", "125701"},
              {"total_count_account_updates", "241776"}}},
            {"blocks",
             {{"edges", json::array({{{"node",
                                       {{"block_number", block},
                                        {"timestamp", "1779374922"},
                                        {"block_commitment", "0x7306"},
                                        {"chain_commitment", "0x11844a"},
                                        {"proof_commitment", "0xc2014763"}}}}})}}}}}};
}

class ExplorerCheckTest : public testing::Test {
 protected:
  CheckResult look() { return check_.look({}); }
  // What a wrong answer is called.
  std::string error_of(json answer) {
    answer_ = answer.dump();
    const CheckResult result = look();
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.details, "Error");
    return result.error;
  }

  std::string answer_ = explorer_answer().dump();
  int status_ = 200;
  json request_;
  HttpStandIn http_{[this](const HttpStandIn::Request& request, const auto& send) {
    request_ = json::parse(request.body, nullptr, false);
    send(HttpStandIn::answer(status_, answer_));
  }};
  std::shared_ptr<NodeBoard> board_ = std::make_shared<NodeBoard>(1, 60s);
  Check check_ = make_explorer_check(
      {.url = http_url(http_.url() + "/graphql"), .board = board_, .timeout = 500ms});
};

TEST_F(ExplorerCheckTest, ReadsTheOverview) {
  const CheckResult result = look();
  EXPECT_EQ(result.outcome, Outcome::kOk) << result.error;
  EXPECT_TRUE(request_["variables"].is_null());
  EXPECT_THAT(request_["query"].get<std::string>(), StartsWith("query NetworkOverview {"));
  const json expected = {{"ExplorerStatus",
                          {{"block_number", 1211961},
                           {"timestamp", 1779374922},
                           {"total_transactions", 241820},
                           {"total_nullifiers", 53060},
                           {"total_notes", 125701},
                           {"total_account_updates", 241776},
                           {"block_commitment", "0x7306"},
                           {"chain_commitment", "0x11844a"},
                           {"proof_commitment", "0xc2014763"}}}};
  EXPECT_EQ(result.details, expected);
  // The status is not looked at where the body is right.
  status_ = 500;
  EXPECT_EQ(look().outcome, Outcome::kOk);
}

TEST_F(ExplorerCheckTest, NamesThePlaceWhereAnAnswerIsAnother) {
  json answer = explorer_answer();
  answer["data"]["overviewStats"]["total_count_notes"] = 125701;
  EXPECT_EQ(error_of(answer),
            "unexpected answer: data.overviewStats.total_count_notes: expected a decimal string");
  answer = explorer_answer();
  answer["data"]["overviewStats"]["total_count_blocks"] = "1";
  EXPECT_EQ(error_of(answer),
            "unexpected answer: data.overviewStats: unknown field `total_count_blocks`");
  answer = explorer_answer();
  answer["errors"] = json::array();
  EXPECT_EQ(error_of(answer), "unexpected answer: the answer: unknown field `errors`");
  answer = explorer_answer();
  answer["data"]["blocks"]["edges"] = json::array();
  EXPECT_THAT(error_of(answer), HasSubstr("the explorer has no blocks"));
  answer = explorer_answer();
  answer["data"]["blocks"]["edges"][0]["node"].erase("timestamp");
  EXPECT_EQ(error_of(answer),
            "unexpected answer: data.blocks.edges[0].node: missing field `timestamp`");
  EXPECT_THAT(error_of(explorer_answer("99999999999999999999999")),
              HasSubstr("block_number: expected a decimal string"));
  EXPECT_EQ(error_of(nullptr), "unexpected answer: the answer: expected an object");
  status_ = 502;
  answer_ = "<html><body>Bad Gateway</body></html>";
  const CheckResult result = look();
  EXPECT_EQ(result.reason, Reason::kHttp);
  EXPECT_EQ(result.code, 502);
}

TEST_F(ExplorerCheckTest, SaysThatItDrifts) {
  NodeReport node;
  const auto drift = [&](int64_t blocks) {
    node.at = std::chrono::steady_clock::now();
    node.tip = static_cast<uint32_t>(1211961 + blocks);
    board_->report(0, node);
    return look();
  };
  EXPECT_EQ(drift(20).outcome, Outcome::kOk);
  const CheckResult behind = drift(21);
  EXPECT_EQ(behind.outcome, Outcome::kDegraded);
  EXPECT_EQ(behind.error, "Explorer tip is 21 blocks behind");
  EXPECT_EQ(behind.reference_status, "Healthy");
  EXPECT_EQ(drift(11).outcome, Outcome::kDegraded);
  EXPECT_EQ(drift(10).outcome, Outcome::kOk);
  EXPECT_EQ(drift(-21).error, "Explorer tip is 21 blocks ahead");
}

TEST(NoteTransportCheck, SaysWhatTheServiceSays) {
  HealthStandIn health;
  const auto server = serve_on(0, {&health});
  const Check check = make_note_transport_check({.url = url_of(server->port()), .timeout = 500ms});
  using Response = ::grpc::health::v1::HealthCheckResponse;
  const auto say = [&](Response::ServingStatus status) {
    Response response;
    response.set_status(status);
    health.answer.set(response);
    return check.look({});
  };
  CheckResult result = say(Response::SERVING);
  EXPECT_EQ(result.outcome, Outcome::kOk);
  const json expected = {{"NoteTransportStatus",
                          {{"url", "http://127.0.0.1:" + std::to_string(server->port()) + "/"},
                           {"serving_status", "Serving"}}}};
  EXPECT_EQ(result.details, expected);
  result = say(Response::NOT_SERVING);
  EXPECT_EQ(result.reason, Reason::kNotServing);
  EXPECT_EQ(result.reference_status, "Unhealthy");
  EXPECT_EQ(result.details["NoteTransportStatus"]["serving_status"], "NotServing");
  EXPECT_EQ(say(Response::SERVICE_UNKNOWN).details["NoteTransportStatus"]["serving_status"],
            "ServiceUnknown");
  EXPECT_EQ(say(Response::UNKNOWN).details["NoteTransportStatus"]["serving_status"], "Unknown");
  EXPECT_EQ(say(Response::SERVING).outcome, Outcome::kOk);
  health.answer.set(refuse(StatusCode::kNotFound, "unknown service"));
  EXPECT_EQ(check.look({}).details, "Error");
}

}  // namespace
}  // namespace miden
