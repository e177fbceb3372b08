#include "monitor/checks/node_board.hpp"

#include "net/convert_primitives.hpp"

namespace miden {

std::optional<NodeReport> NodeReport::of(const ::rpc::RpcStatus& status,
                                         std::chrono::steady_clock::time_point at) {
  NodeReport report;
  report.at = at;
  report.tip = status.chain_tip();
  report.version = status.version();
  if (status.has_genesis_commitment()) {
    const Result<Word> genesis = from_message(status.genesis_commitment());
    if (!genesis) return std::nullopt;
    report.genesis = *genesis;
  }
  if (status.has_block_producer()) {
    const auto& said = status.block_producer();
    Producer producer{.version = said.version(),
                      .status = said.status(),
                      .tip = said.chain_tip(),
                      .mempool = std::nullopt};
    if (said.has_mempool_stats()) producer.mempool = said.mempool_stats();
    report.producer = std::move(producer);
  }
  return report;
}

void NodeBoard::report(size_t node, NodeReport report) {
  const std::lock_guard lock(mutex_);
  if (report.genesis) reports_[node].genesis = report.genesis;
  reports_[node].report = std::move(report);
}

void NodeBoard::no_answer(size_t node) {
  const std::lock_guard lock(mutex_);
  reports_[node].report.reset();
}

std::optional<Word> NodeBoard::genesis_locked() const {
  for (const Node& node : reports_) {
    if (node.genesis) return node.genesis;
  }
  return std::nullopt;
}

std::optional<Word> NodeBoard::genesis() const {
  const std::lock_guard lock(mutex_);
  return genesis_locked();
}

std::optional<std::string> NodeBoard::version(Time now) const {
  const std::lock_guard lock(mutex_);
  for (const Node& node : reports_) {
    if (node.report && is_fresh(*node.report, now)) return node.report->version;
  }
  return std::nullopt;
}

std::optional<NodeBoard::Best> NodeBoard::best(Time now) const {
  const std::lock_guard lock(mutex_);
  const std::optional<Word> genesis = genesis_locked();
  std::optional<Best> best;
  for (size_t i = 0; i < reports_.size(); ++i) {
    const std::optional<NodeReport>& report = reports_[i].report;
    if (!report || !is_fresh(*report, now)) continue;
    // The tip of another network says nothing about this one.
    if (report->genesis && report->genesis != genesis) continue;
    if (!best || report->tip > best->report.tip) best = Best{.node = i, .report = *report};
  }
  return best;
}

std::optional<bool> NodeBoard::producer_is_reachable(Time now) const {
  const std::lock_guard lock(mutex_);
  std::optional<bool> is_reachable;
  for (const Node& node : reports_) {
    if (!node.report || !is_fresh(*node.report, now) || !node.report->producer) continue;
    is_reachable = is_reachable.value_or(false) || node.report->producer->is_connected();
  }
  return is_reachable;
}

std::optional<std::chrono::seconds> TipFreshness::still_for(uint32_t tip, NodeBoard::Time now) {
  if (tip_ != tip || !changed_) {
    tip_ = tip;
    changed_ = now;
    return std::nullopt;
  }
  const auto still = std::chrono::floor<std::chrono::seconds>(now - *changed_);
  if (still > std::chrono::floor<std::chrono::seconds>(threshold_)) return still;
  return std::nullopt;
}

}  // namespace miden
