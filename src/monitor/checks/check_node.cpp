#include "monitor/checks/check_node.hpp"

#include <fmt/format.h>

#include "monitor/checks/look.hpp"
#include "monitor/grpc_target.hpp"
#include "monitor/page_text.hpp"
#include "net/convert_primitives.hpp"
#include "rpc.grpc.pb.h"

namespace miden {
namespace {

using nlohmann::json;

// The reference's words for what a service says of itself.
std::string_view reference_word(std::string_view said) {
  if (said == "HEALTHY" || said == "connected") return "Healthy";
  if (said == "UNHEALTHY" || said == "disconnected") return "Unhealthy";
  return "Unknown";
}

json details_of(const NodeReport& report, const std::string& url) {
  json details = {{"url", url},
                  {"version", clean_text(report.version, 128)},
                  {"genesis_commitment", nullptr},
                  {"chain_tip", report.tip},
                  {"block_producer_status", nullptr}};
  // Canonical, unlike the reference's, whose text no other program reads.
  if (report.genesis) details["genesis_commitment"] = report.genesis->to_hex();
  if (report.producer) {
    const auto& producer = *report.producer;
    json mempool;
    if (producer.mempool) {
      mempool = {{"unbatched_transactions", producer.mempool->unbatched_transactions()},
                 {"proposed_batches", producer.mempool->proposed_batches()},
                 {"proven_batches", producer.mempool->proven_batches()}};
    }
    details["block_producer_status"] = {{"version", clean_text(producer.version, 128)},
                                        {"status", reference_word(producer.status)},
                                        {"chain_tip", producer.tip},
                                        {"mempool", std::move(mempool)}};
  }
  return {{"RpcStatus", std::move(details)}};
}

class NodeLook {
 public:
  explicit NodeLook(const NodeCheckOptions& options)
      : options_(options),
        target_(options.url),
        freshness_(options.stale_tip_threshold),
        lag_(options.lag_enter, options.lag_leave) {}

  std::string shown() const { return target_.shown(); }

  CheckResult look(const std::stop_token& stop) {
    const auto status =
        target_.ask<::rpc::Api>(&::rpc::Api::Stub::Status, {}, {.timeout = options_.timeout}, stop);
    const auto now = std::chrono::steady_clock::now();
    if (!status) {
      options_.board->no_answer(options_.number);
      return failed_result(status.error());
    }
    const std::optional<NodeReport> report = NodeReport::of(*status, now);
    if (!report) {
      options_.board->no_answer(options_.number);
      return failed_result({.reason = Reason::kMalformed,
                            .code = 0,
                            .text = "the genesis commitment that it names is none"});
    }
    options_.board->report(options_.number, *report);
    return judge(*report, now);
  }

 private:
  CheckResult judge(const NodeReport& report, NodeBoard::Time now) {
    CheckResult result;
    result.outcome = Outcome::kOk;
    result.reference_status = "Healthy";
    result.details = details_of(report, target_.shown());
    result.headline = grouped(report.tip);
    add_figure(result, "tip", report.tip);
    add_fact(result, "Version", report.version);
    judge_genesis(report, result);
    judge_lag(report, now, result);
    if (const auto still = freshness_.still_for(report.tip, now)) {
      result.reference_status = "Unhealthy";
      worsen(
          result, Outcome::kFailed, Reason::kStaleTip,
          fmt::format("Chain tip {} has not changed for {} seconds", report.tip, still->count()));
    }
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(
        now - freshness_.changed().value_or(now));
    add_figure(result, "tip_age_ms", static_cast<double>(age.count()));
    judge_version(report, now, result);
    judge_producer(report, result);
    if (report.genesis) add_hash(result, "Genesis commitment", report.genesis->to_hex());
    return result;
  }

  void judge_genesis(const NodeReport& report, CheckResult& result) const {
    const std::optional<Word> expected = options_.board->genesis();
    if (!report.genesis) return add_fact(result, "Genesis", "not said");
    const bool is_same = report.genesis == expected;
    add_fact(result, "Genesis", is_same ? "same" : "other");
    if (is_same) return;
    worsen(result, Outcome::kFailed, Reason::kGenesis,
           fmt::format("it is of another network: its genesis is {}, that of the first node {}",
                       report.genesis->to_hex(), expected ? expected->to_hex() : "unknown"));
  }

  void judge_lag(const NodeReport& report, NodeBoard::Time now, CheckResult& result) {
    const std::optional<NodeBoard::Best> best = options_.board->best(now);
    if (!best || result.reason == Reason::kGenesis) {
      return add_fact(result, "Behind best", "not comparable");
    }
    const uint32_t lag = best->report.tip > report.tip ? best->report.tip - report.tip : 0;
    add_figure(result, "lag_blocks", lag);
    add_fact(result, "Behind best",
             lag == 0 ? "0" : fmt::format("{} block{}", grouped(lag), lag == 1 ? "" : "s"));
    if (!lag_.is_behind(lag)) return;
    worsen(result, Outcome::kDegraded, Reason::kLag,
           fmt::format("it is {} blocks behind the best node", grouped(lag)));
  }

  void judge_version(const NodeReport& report, NodeBoard::Time now, CheckResult& result) const {
    const std::optional<std::string> first = options_.board->version(now);
    if (!first || *first == report.version) return;
    worsen(result, Outcome::kDegraded, Reason::kVersion,
           fmt::format("it runs version {}, the first node {}", clean_text(report.version, 64),
                       clean_text(*first, 64)));
  }

  // A node that cannot reach the producer answers questions, but takes no transaction.
  static void judge_producer(const NodeReport& report, CheckResult& result) {
    if (!report.producer) return;
    add_fact(result, "Block producer", report.producer->status);
    if (report.producer->is_connected()) return;
    worsen(result, Outcome::kDegraded, Reason::kNotServing,
           fmt::format("it takes no transactions: its block producer is {}",
                       clean_text(report.producer->status, 64)));
  }

  const NodeCheckOptions options_;
  GrpcTarget target_;
  TipFreshness freshness_;
  LagState lag_;
};

}  // namespace

Check make_node_check(const NodeCheckOptions& options) {
  const auto node = std::make_shared<NodeLook>(options);
  Check check;
  CheckDescription& description = check.description;
  description.id = fmt::format("node-{}", options.number + 1);
  description.name = options.is_alone ? "RPC node" : fmt::format("RPC node {}", options.number + 1);
  if (options.number == 0) description.reference_name = "RPC";
  description.kind = CheckKind::kNode;
  description.group = CheckGroup::kChain;
  description.meaning = "Clients can ask this node about the chain and give it transactions.";
  description.target = node->shown();
  description.request = grpcurl_line(options.url, "rpc.Api/Status");
  description.interval = options.interval;
  description.timeout = options.timeout;
  description.thresholds = {
      fmt::format("down: no answer within {}", in_words(options.timeout)),
      fmt::format("down: its tip stands still for more than {}",
                  in_words(options.stale_tip_threshold)),
      "down: its genesis is not that of the first node",
      fmt::format("degraded: more than {} blocks behind the best node, until at most {}",
                  options.lag_enter, options.lag_leave),
      "degraded: another version than the first node's, or no connection to the block producer"};
  description.parents = {"block-production"};

  check.seed.details = {{"RpcStatus",
                         {{"url", node->shown()},
                          {"version", ""},
                          {"genesis_commitment", nullptr},
                          {"chain_tip", 0},
                          {"block_producer_status", nullptr}}}};
  check.look = [node](const std::stop_token& stop) {
    return timed_look([&](const std::stop_token& s) { return node->look(s); }, stop);
  };
  return check;
}

}  // namespace miden
