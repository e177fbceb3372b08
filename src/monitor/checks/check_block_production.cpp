#include "monitor/checks/check_block_production.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <numeric>

#include "monitor/checks/look.hpp"
#include "monitor/grpc_target.hpp"
#include "monitor/page_text.hpp"
#include "rpc.grpc.pb.h"

namespace miden {
namespace {

// Blocks whose intervals are averaged.
constexpr size_t kIntervals = 20;
constexpr std::chrono::milliseconds kLeastPatience(300);

double seconds_between(NodeBoard::Time from, NodeBoard::Time to) {
  return std::chrono::duration<double>(to - from).count();
}

class ProductionLook {
 public:
  explicit ProductionLook(const BlockProductionOptions& options)
      : options_(options), freshness_(options.stale_tip_threshold) {
    for (const ServiceUrl& url : options.nodes) {
      targets_.push_back(std::make_unique<GrpcTarget>(url));
    }
  }

  // What the nodes told their own checks, and what the best of them says now.
  CheckResult look(const std::stop_token& stop) {
    ask_nodes(stop);
    const auto now = std::chrono::steady_clock::now();
    const std::optional<NodeBoard::Best> best = options_.board->best(now);
    if (!best) {
      CheckResult result;
      result.reason = Reason::kStarting;
      result.error = "no node answers";
      return result;
    }
    CheckResult result;
    result.outcome = Outcome::kOk;
    result.reference_status = "Healthy";
    const uint32_t tip = best->report.tip;
    result.headline = "block " + grouped(tip);
    add_figure(result, "tip", tip);
    judge_tip(tip, best->report.at, now, result);
    judge_producer(*best, now, result);
    look_at_headers(*best, result, stop);
    return result;
  }

 private:
  // So that a chain that stops is seen without waiting for the nodes' own checks: the best node is
  // asked, and others until one reaches the producer. A node that is slow is left to its check.
  void ask_nodes(const std::stop_token& stop) {
    const auto begun = std::chrono::steady_clock::now();
    std::vector<size_t> nodes(targets_.size());
    std::iota(nodes.begin(), nodes.end(), size_t{0});
    if (const auto best = options_.board->best(begun)) {
      std::rotate(nodes.begin(), nodes.begin() + static_cast<ptrdiff_t>(best->node), nodes.end());
    }
    for (const size_t node : nodes) {
      if (std::chrono::steady_clock::now() - begun > options_.interval / 2) return;
      const auto status = targets_[node]->ask<::rpc::Api>(&::rpc::Api::Stub::Status, {},
                                                          {.timeout = patience()}, stop);
      if (!status && status.error().reason == Reason::kTimeout) continue;
      const auto report = status ? NodeReport::of(*status, std::chrono::steady_clock::now())
                                 : std::optional<NodeReport>();
      if (!report) {
        options_.board->no_answer(node);
        continue;
      }
      options_.board->report(node, *report);
      if (report->producer && report->producer->is_connected()) return;
    }
  }

  // Together far within an interval: a node that does not answer must not look like a chain that
  // stands still.
  std::chrono::milliseconds patience() const {
    return std::min(options_.timeout, std::max(options_.interval / 4, kLeastPatience));
  }

  void judge_tip(uint32_t tip, NodeBoard::Time reported, NodeBoard::Time now, CheckResult& result) {
    // At the time of the report: between two of them nothing is known to stand still.
    const auto still = freshness_.still_for(tip, reported);
    if (freshness_.changed() == reported) seen_.emplace_back(tip, reported);
    if (seen_.size() > kIntervals) seen_.pop_front();
    const NodeBoard::Time changed = freshness_.changed().value_or(now);
    add_figure(result, "tip_age_ms", seconds_between(changed, now) * 1000);
    if (still) {
      worsen(result, Outcome::kFailed, Reason::kStaleTip,
             fmt::format("no new block for {}", in_words(*still)));
    }
    // The first of them may have been there for long.
    if (seen_.size() < 3 || seen_.back().first <= seen_[1].first) return;
    const double interval = seconds_between(seen_[1].second, seen_.back().second) /
                            (seen_.back().first - seen_[1].first);
    add_figure(result, "block_interval_s", interval);
    add_fact(result, "Block interval", fmt::format("{:.1f} s", interval));
  }

  void judge_producer(const NodeBoard::Best& best, NodeBoard::Time now, CheckResult& result) const {
    if (options_.board->producer_is_reachable(now) == false) {
      worsen(result, Outcome::kFailed, Reason::kNotServing,
             "no node reaches the block producer: transactions are not taken");
    }
    if (!best.report.producer) return;
    const auto& producer = *best.report.producer;
    add_fact(result, "Producer", producer.status);
    add_fact(result, "Producer's version", producer.version);
    if (!producer.mempool) return;
    const auto& mempool = *producer.mempool;
    add_figure(result, "mempool_transactions",
               static_cast<double>(mempool.unbatched_transactions()));
    add_figure(result, "proposed_batches", static_cast<double>(mempool.proposed_batches()));
    add_figure(result, "proven_batches", static_cast<double>(mempool.proven_batches()));
    add_fact(result, "Transactions waiting", grouped(mempool.unbatched_transactions()));
    add_fact(result, "Batches being proven", grouped(mempool.proposed_batches()));
    add_fact(result, "Batches waiting", grouped(mempool.proven_batches()));
  }

  // How far proofs are behind blocks. A node that does not tell is judged by its own check.
  void look_at_headers(const NodeBoard::Best& best, CheckResult& result,
                       const std::stop_token& stop) {
    ::rpc::SyncChainMmrRequest request;
    request.set_current_client_block_height(0);
    request.set_finality_level(::rpc::FINALITY_LEVEL_PROVEN);
    const auto answer = targets_[best.node]->ask<::rpc::Api>(
        &::rpc::Api::Stub::SyncChainMmr, request, {.timeout = patience()}, stop);
    if (!answer) return;
    const uint32_t proven = answer->block_range().block_to();
    // A block may have come since the report.
    const uint32_t lag = best.report.tip > proven ? best.report.tip - proven : 0;
    add_figure(result, "proof_lag_blocks", lag);
    add_fact(result, "Proven up to", fmt::format("block {}", grouped(proven)));
  }

  const BlockProductionOptions options_;
  std::vector<std::unique_ptr<GrpcTarget>> targets_;
  TipFreshness freshness_;
  std::deque<std::pair<uint32_t, NodeBoard::Time>> seen_;  // tips, when they were first seen
};

}  // namespace

Check make_block_production_check(const BlockProductionOptions& options) {
  const auto production = std::make_shared<ProductionLook>(options);
  Check check;
  CheckDescription& description = check.description;
  description.id = "block-production";
  description.name = "Block production";
  description.kind = CheckKind::kBlockProduction;
  description.group = CheckGroup::kChain;
  description.meaning = "The chain grows: what users submit can become final.";
  description.request = "the tips that all nodes report, and rpc.Api/SyncChainMmr of the best";
  description.interval = options.interval;
  description.timeout = options.timeout;
  description.thresholds = {fmt::format("down: no node has a new block for more than {}",
                                        in_words(options.stale_tip_threshold)),
                            "down: no node that answers reaches the block producer"};
  check.look = [production](const std::stop_token& stop) {
    return timed_look([&](const std::stop_token& s) { return production->look(s); }, stop);
  };
  return check;
}

}  // namespace miden
