// Nodes, their comparison and the chain's progress, against stand-ins.
#include "monitor/checks/check_node.hpp"

#include <gmock/gmock.h>

#include "monitor/checks/check_block_production.hpp"
#include "monitor/checks/check_validator.hpp"
#include "monitor/test_support/grpc_stand_ins.hpp"
#include "monitor/test_support/http_stand_in.hpp"
#include "net/convert_primitives.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

::rpc::RpcStatus node_status(uint32_t tip, uint64_t genesis = 7) {
  ::rpc::RpcStatus status;
  status.set_version("0.15.2");
  status.set_chain_tip(tip);
  *status.mutable_genesis_commitment() = to_message(Word::of(genesis, 2, 3, 4));
  status.mutable_block_producer()->set_status("connected");
  status.mutable_block_producer()->set_version("0.15.2");
  status.mutable_block_producer()->set_chain_tip(tip);
  status.mutable_block_producer()->mutable_mempool_stats()->set_unbatched_transactions(3);
  return status;
}

std::optional<double> figure(const CheckResult& result, std::string_view name) {
  for (const Figure& found : result.figures) {
    if (found.name == name) return found.value;
  }
  return std::nullopt;
}
std::string fact(const CheckResult& result, std::string_view label) {
  for (const Fact& found : result.facts) {
    if (found.label == label) return found.value;
  }
  return "";
}

// Some nodes and what the checks of each say.
class NodeCheckTest : public testing::Test {
 protected:
  void start(size_t count, std::chrono::milliseconds stale = 60s) {
    board_ = std::make_shared<NodeBoard>(count, 5s);
    std::vector<ServiceUrl> urls;
    for (size_t i = 0; i < count; ++i) {
      nodes_.push_back(std::make_unique<NodeStandIn>());
      servers_.push_back(serve_on(0, {nodes_.back().get()}));
      urls.push_back(url_of(servers_.back()->port()));
      checks_.push_back(make_node_check({.url = urls.back(),
                                         .number = i,
                                         .board = board_,
                                         .timeout = 500ms,
                                         .stale_tip_threshold = stale}));
    }
    production_ = make_block_production_check(
        {.nodes = urls, .board = board_, .timeout = 500ms, .stale_tip_threshold = stale});
  }
  CheckResult look(size_t node) { return checks_[node].look({}); }

  std::shared_ptr<NodeBoard> board_;
  std::vector<std::unique_ptr<NodeStandIn>> nodes_;
  std::vector<std::unique_ptr<GrpcServer>> servers_;
  std::vector<Check> checks_;
  Check production_;
};

TEST_F(NodeCheckTest, ShowsWhatANodeSaysAsTheReferenceDoes) {
  start(1);
  EXPECT_EQ(checks_[0].description.reference_name, "RPC");
  EXPECT_EQ(checks_[0].seed.reference_status, "Unknown");
  EXPECT_EQ(checks_[0].seed.details["RpcStatus"]["chain_tip"], 0);
  nodes_[0]->answer.set(node_status(48213));
  const CheckResult result = look(0);
  EXPECT_EQ(result.outcome, Outcome::kOk);
  EXPECT_EQ(result.reference_status, "Healthy");
  EXPECT_EQ(result.headline, "48,213");
  const nlohmann::json expected = {
      {"RpcStatus",
       {{"url", "http://127.0.0.1:" + std::to_string(servers_[0]->port()) + "/"},
        {"version", "0.15.2"},
        {"genesis_commitment",
         "0x0700000000000000020000000000000003000000000000000400000000000000"},
        {"chain_tip", 48213},
        {"block_producer_status",
         {{"version", "0.15.2"},
          {"status", "Healthy"},
          {"chain_tip", 48213},
          {"mempool",
           {{"unbatched_transactions", 3}, {"proposed_batches", 0}, {"proven_batches", 0}}}}}}}};
  EXPECT_EQ(result.details, expected);
  EXPECT_GT(result.started_ms, 1'600'000'000'000);
  EXPECT_GT(result.duration_us, 0);
}

TEST_F(NodeCheckTest, ToleratesANodeThatSaysLittle) {
  start(1);
  nodes_[0]->answer.set(::rpc::RpcStatus());
  const CheckResult result = look(0);
  EXPECT_EQ(result.outcome, Outcome::kOk);
  EXPECT_TRUE(result.details["RpcStatus"]["block_producer_status"].is_null());
  EXPECT_TRUE(result.details["RpcStatus"]["genesis_commitment"].is_null());
}

TEST_F(NodeCheckTest, SaysWhyANodeDoesNotAnswer) {
  start(1);
  nodes_[0]->answer.set([] { return std::nullopt; });
  CheckResult result = look(0);
  EXPECT_EQ(result.reason, Reason::kTimeout);
  EXPECT_EQ(result.error, "no answer within 500 ms");
  EXPECT_EQ(result.details, "Error");
  EXPECT_EQ(result.reference_status, "Unhealthy");

  nodes_[0]->answer.set(refuse(StatusCode::kInternal, "broken \x1b[31m inside"));
  result = look(0);
  EXPECT_EQ(result.reason, Reason::kGrpc);
  EXPECT_EQ(result.code, 13);
  EXPECT_EQ(result.error, "INTERNAL: broken [31m inside");

  // What it says of a service behind it is not said of itself.
  nodes_[0]->answer.set(refuse(StatusCode::kUnavailable, "upstream: Connection refused"));
  result = look(0);
  EXPECT_EQ(result.reason, Reason::kGrpc);
  EXPECT_EQ(result.error, "UNAVAILABLE: upstream: Connection refused");

  ::rpc::RpcStatus huge = node_status(1);
  huge.set_version(std::string(2 << 20, 'v'));
  nodes_[0]->answer.set(huge);
  EXPECT_EQ(look(0).reason, Reason::kTooLarge);

  ::rpc::RpcStatus no_word = node_status(1);
  no_word.mutable_genesis_commitment()->set_d0(UINT64_MAX);
  nodes_[0]->answer.set(no_word);
  EXPECT_EQ(look(0).reason, Reason::kMalformed);

  const uint16_t port = servers_[0]->port();
  servers_[0].reset();
  result = look(0);
  EXPECT_THAT(result.error, testing::AnyOf(HasSubstr("nothing listens"), HasSubstr("UNAVAILABLE")));
  result = look(0);
  EXPECT_EQ(result.reason, Reason::kRefused);
  EXPECT_EQ(result.error, "nothing listens at 127.0.0.1:" + std::to_string(port));

  // Back at once, however often it was away.
  nodes_[0]->answer.set(node_status(2));
  servers_[0] = serve_on(port, {nodes_[0].get()});
  EXPECT_EQ(look(0).outcome, Outcome::kOk);
}

TEST_F(NodeCheckTest, SaysThatANameDoesNotResolveAndThatAServiceIsAnother) {
  const auto board = std::make_shared<NodeBoard>(1, 5s);
  const auto look_at = [&](const ServiceUrl& url) {
    return make_node_check({.url = url, .board = board, .timeout = 2s}).look({});
  };
  const CheckResult nowhere = look_at({.is_tls = false, .host = "nowhere.invalid", .port = 57291});
  EXPECT_EQ(nowhere.reason, Reason::kDns) << nowhere.error;

  const HttpStandIn web(
      [](const auto&, const auto& send) { send(HttpStandIn::answer(200, "<html>")); });
  const CheckResult other = look_at(url_of(web.port()));
  EXPECT_EQ(other.reason, Reason::kMalformed) << other.error;

  EXPECT_EQ(look_at({.is_tls = true, .host = "127.0.0.1", .port = web.port()}).outcome,
            Outcome::kFailed);
}

TEST_F(NodeCheckTest, NamesWhoLagsAndKeepsToItUntilItHasCaughtUp) {
  start(2);
  const auto lag_of = [&](uint32_t tip) {
    nodes_[1]->answer.set(node_status(tip));
    return look(1);
  };
  nodes_[0]->answer.set(node_status(100));
  EXPECT_EQ(look(0).outcome, Outcome::kOk);
  EXPECT_EQ(lag_of(95).outcome, Outcome::kOk);
  const CheckResult behind = lag_of(94);
  EXPECT_EQ(behind.outcome, Outcome::kDegraded);
  EXPECT_EQ(behind.reason, Reason::kLag);
  EXPECT_EQ(figure(behind, "lag_blocks"), 6);
  EXPECT_EQ(fact(behind, "Behind best"), "6 blocks");
  EXPECT_EQ(behind.reference_status, "Healthy");
  EXPECT_EQ(lag_of(97).reason, Reason::kLag);
  EXPECT_EQ(lag_of(98).outcome, Outcome::kOk);
  EXPECT_EQ(lag_of(95).outcome, Outcome::kOk);
  // Ahead: then the other one lags.
  EXPECT_EQ(lag_of(200).outcome, Outcome::kOk);
  EXPECT_EQ(look(0).reason, Reason::kLag);
}

TEST_F(NodeCheckTest, NamesAnotherGenesisAnotherVersionAndAnUnreachableProducer) {
  start(2);
  nodes_[0]->answer.set(node_status(100));
  look(0);
  nodes_[1]->answer.set(node_status(5000, 8));
  const CheckResult other = look(1);
  EXPECT_EQ(other.outcome, Outcome::kFailed);
  EXPECT_EQ(other.reason, Reason::kGenesis);
  EXPECT_EQ(fact(other, "Genesis"), "other");
  // Its tip is nothing to compare with.
  EXPECT_EQ(look(0).outcome, Outcome::kOk);

  ::rpc::RpcStatus old = node_status(100);
  old.set_version("0.14.0");
  nodes_[1]->answer.set(old);
  EXPECT_EQ(look(1).reason, Reason::kVersion);

  ::rpc::RpcStatus cut = node_status(100);
  cut.mutable_block_producer()->set_status("unreachable");
  nodes_[1]->answer.set(cut);
  const CheckResult alone = look(1);
  EXPECT_EQ(alone.outcome, Outcome::kDegraded);
  EXPECT_EQ(alone.reason, Reason::kNotServing);
  EXPECT_EQ(alone.details["RpcStatus"]["block_producer_status"]["status"], "Unknown");
}

TEST(TipFreshness, IsStaleOnlyBeyondTheThresholdInWholeSeconds) {
  TipFreshness freshness(60s);
  const NodeBoard::Time start{};
  EXPECT_EQ(freshness.still_for(5, start), std::nullopt);
  EXPECT_EQ(freshness.still_for(5, start + 60s), std::nullopt);
  EXPECT_EQ(freshness.still_for(5, start + 60999ms), std::nullopt);
  EXPECT_EQ(freshness.still_for(5, start + 61s), 61s);
  EXPECT_EQ(freshness.still_for(5, start + 90s), 90s);
  // Any change counts, also backwards.
  EXPECT_EQ(freshness.still_for(4, start + 91s), std::nullopt);
  EXPECT_EQ(freshness.still_for(4, start + 151s), std::nullopt);
  EXPECT_EQ(freshness.still_for(4, start + 152s), 61s);
}

TEST_F(NodeCheckTest, SaysThatTheChainStandsStill) {
  start(1, 1s);
  nodes_[0]->answer.set(node_status(9));
  EXPECT_EQ(look(0).outcome, Outcome::kOk);
  EXPECT_EQ(production_.look({}).outcome, Outcome::kOk);
  std::this_thread::sleep_for(2100ms);
  const CheckResult node = look(0);
  EXPECT_EQ(node.reason, Reason::kStaleTip);
  EXPECT_EQ(node.error, "Chain tip 9 has not changed for 2 seconds");
  EXPECT_EQ(node.reference_status, "Unhealthy");
  EXPECT_EQ(node.details["RpcStatus"]["chain_tip"], 9);
  const CheckResult chain = production_.look({});
  EXPECT_EQ(chain.outcome, Outcome::kFailed);
  EXPECT_EQ(chain.reason, Reason::kStaleTip);
  EXPECT_EQ(chain.headline, "block 9");
  EXPECT_GE(figure(chain, "tip_age_ms").value_or(0), 2000);

  nodes_[0]->answer.set(node_status(10));
  look(0);
  EXPECT_EQ(production_.look({}).outcome, Outcome::kOk);
}

TEST_F(NodeCheckTest, SaysThatNobodyReachesTheProducerAtOnce) {
  start(2);
  nodes_[0]->answer.set([] { return std::nullopt; });
  nodes_[1]->answer.set(refuse(StatusCode::kUnavailable, "starting"));
  const CheckResult before = production_.look({});
  EXPECT_EQ(before.outcome, Outcome::kInconclusive);
  EXPECT_EQ(before.reason, Reason::kStarting);
  ::rpc::RpcStatus cut = node_status(100);
  cut.mutable_block_producer()->set_status("unreachable");
  nodes_[0]->answer.set(cut);
  nodes_[1]->answer.set(node_status(100));
  look(0);
  look(1);
  EXPECT_EQ(production_.look({}).outcome, Outcome::kOk);
  // The one that is the producer is gone; nobody has looked at it since.
  servers_[1].reset();
  const CheckResult result = production_.look({});
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(result.reason, Reason::kNotServing);
}

TEST(ValidatorCheck, ShowsWhatItSignedAndWhetherThatIsTheChain) {
  ValidatorStandIn validator;
  const auto server = serve_on(0, {&validator});
  const auto board = std::make_shared<NodeBoard>(1, 60s);
  const Check check =
      make_validator_check({.url = url_of(server->port()), .board = board, .timeout = 500ms});
  ::validator::ValidatorStatus status;
  status.set_version("0.15.2");
  status.set_status("OK");
  status.set_chain_tip(100);
  status.set_validated_transactions_count(7);
  status.set_signed_blocks_count(101);
  validator.answer.set(status);
  CheckResult result = check.look({});
  EXPECT_EQ(result.outcome, Outcome::kOk);
  const nlohmann::json expected = {
      {"ValidatorStatus",
       {{"url", "http://127.0.0.1:" + std::to_string(server->port()) + "/"},
        {"version", "0.15.2"},
        {"chain_tip", 100},
        {"validated_transactions_count", 7},
        {"signed_blocks_count", 101}}}};
  EXPECT_EQ(result.details, expected);

  NodeReport node;
  node.at = std::chrono::steady_clock::now();
  node.tip = 106;
  board->report(0, node);
  result = check.look({});
  EXPECT_EQ(result.outcome, Outcome::kDegraded);
  EXPECT_EQ(result.reason, Reason::kLag);
  EXPECT_EQ(result.reference_status, "Healthy");

  validator.answer.set(refuse(StatusCode::kUnimplemented, ""));
  result = check.look({});
  EXPECT_EQ(result.reason, Reason::kGrpc);
  EXPECT_EQ(result.details, "Error");
}

}  // namespace
}  // namespace miden
