#include "monitor/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace miden {

namespace {

constexpr std::string_view kPrefix = "miden_monitor_";
constexpr size_t kMaxWorkers = 64;

using Labels = std::vector<std::pair<std::string_view, std::string>>;

std::string escaped(std::string_view value) {
  std::string text;
  for (const char letter : value) {
    if (letter == '\\' || letter == '"') text += '\\';
    if (letter == '\n')
      text += "\\n";
    else
      text += letter;
  }
  return text;
}

// Whole numbers as such, however large; the shortest form that reads back as the same otherwise.
std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value == std::trunc(value) && std::abs(value) < 1e15)
    return fmt::format("{}", static_cast<int64_t>(value));
  return fmt::format("{}", value);
}

// Families one after the other, each with its HELP and TYPE.
class Page {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {0}{1} {2}\n# TYPE {0}{1} {3}\n", kPrefix,
                   name, help, type);
  }
  void sample(const Labels& labels, double value) { sample("", labels, number(value)); }
  void sample(const Labels& labels, uint64_t value) {
    sample("", labels, fmt::format("{}", value));
  }
  void histogram(const Labels& labels, const DurationCounts& durations) {
    uint64_t so_far = 0;
    for (size_t i = 0; i < durations.counts.size(); ++i) {
      so_far += durations.counts[i];
      Labels with_bound = labels;
      with_bound.emplace_back(
          "le", number(i < DurationCounts::kUpTo.size() ? DurationCounts::kUpTo[i]
                                                        : std::numeric_limits<double>::infinity()));
      sample("_bucket", with_bound, fmt::format("{}", so_far));
    }
    sample("_sum", labels, number(durations.sum_s));
    sample("_count", labels, fmt::format("{}", so_far));
  }
  std::string take() { return std::move(text_); }

 private:
  void sample(std::string_view suffix, const Labels& labels, std::string_view value) {
    text_ += kPrefix;
    text_ += name_;
    text_ += suffix;
    char before = '{';
    for (const auto& [name, text] : labels) {
      fmt::format_to(std::back_inserter(text_), "{}{}=\"{}\"", before, name, escaped(text));
      before = ',';
    }
    if (!labels.empty()) text_ += '}';
    text_ += ' ';
    text_ += value;
    text_ += '\n';
  }

  std::string text_;
  std::string_view name_;
};

std::optional<double> figure_of(const CheckPicture& check, std::string_view name) {
  if (!check.last) return std::nullopt;
  const auto found = std::ranges::find(check.last->figures, name, &Figure::name);
  if (found == check.last->figures.end() || !std::isfinite(found->value)) return std::nullopt;
  return found->value;
}

double ended_s(const CheckResult& result) {
  return static_cast<double>(result.started_ms + result.duration_us / 1000) / 1000;
}

class Writer {
 public:
  explicit Writer(const Picture& picture) : picture_(picture) {}

  std::string write(size_t event_streams) {
    checks();
    chain();
    provers();
    inclusion();
    monitor(event_streams);
    return page_.take();
  }

 private:
  static Labels of(const CheckPicture& check) { return {{"check", check.description->id}}; }
  bool has(CheckKind kind) const {
    return std::ranges::any_of(picture_.checks, [&](const CheckPicture& check) {
      return check.description->kind == kind;
    });
  }
  // One figure of all checks of some kinds, as it was last seen.
  void figures(std::string_view name, std::string_view help, std::string_view figure,
               const std::vector<CheckKind>& kinds, std::string_view type = "gauge") {
    if (std::ranges::none_of(kinds, [&](CheckKind kind) { return has(kind); })) return;
    page_.family(name, type, help);
    for (const CheckPicture& check : picture_.checks) {
      if (std::ranges::find(kinds, check.description->kind) == kinds.end()) continue;
      if (const auto value = figure_of(check, figure)) page_.sample(of(check), *value);
    }
  }
  void histograms(std::string_view name, std::string_view help, CheckKind kind,
                  DurationCounts CheckTotals::*durations) {
    if (!has(kind)) return;
    page_.family(name, "histogram", help);
    for (const CheckPicture& check : picture_.checks)
      if (check.description->kind == kind) page_.histogram(of(check), check.totals.*durations);
  }

  void checks() {
    page_.family("build_info", "gauge", "The monitor itself; always 1.");
    page_.sample({{"version", picture_.version}, {"network", picture_.network_name}}, uint64_t{1});
    page_.family("check_info", "gauge", "What a check looks at; always 1.");
    for (const CheckPicture& check : picture_.checks)
      page_.sample({{"check", check.description->id},
                    {"kind", std::string(to_text(check.description->kind))},
                    {"group", std::string(to_text(check.description->group))},
                    {"target", check.description->target}},
                   uint64_t{1});
    page_.family("check_state", "gauge", "1 for the confirmed state of a check, 0 for the others.");
    for (const CheckPicture& check : picture_.checks)
      for (size_t state = 0; state < kCheckStates; ++state)
        page_.sample({{"check", check.description->id},
                      {"state", std::string(to_text(static_cast<CheckState>(state)))}},
                     uint64_t{std::to_underlying(check.state) == state});
    page_.family("check_results_total", "counter", "Looks since the monitor started, by outcome.");
    for (const CheckPicture& check : picture_.checks)
      for (size_t outcome = 0; outcome < check.totals.results.size(); ++outcome)
        page_.sample({{"check", check.description->id},
                      {"outcome", std::string(to_text(static_cast<Outcome>(outcome)))}},
                     check.totals.results[outcome]);
    page_.family("check_duration_seconds", "histogram", "How long looks took.");
    for (const CheckPicture& check : picture_.checks)
      page_.histogram(of(check), check.totals.looks);
    page_.family("check_last_result_timestamp_seconds", "gauge", "When the last look ended.");
    for (const CheckPicture& check : picture_.checks)
      page_.sample(of(check), check.last ? ended_s(*check.last) : 0.0);
    page_.family("check_state_changes_total", "counter",
                 "Confirmed changes since the monitor started, by the new state.");
    for (const CheckPicture& check : picture_.checks)
      for (size_t state = 0; state < kCheckStates; ++state)
        page_.sample({{"check", check.description->id},
                      {"to", std::string(to_text(static_cast<CheckState>(state)))}},
                     check.totals.changes_to[state]);
    page_.family("check_availability_ratio", "gauge",
                 "Share of the known time in which a check was up.");
    for (const CheckPicture& check : picture_.checks)
      for (const auto& [window, availability] :
           {std::pair("24h", &check.day_availability), {"30d", &check.month_availability}})
        if (availability->ratio)
          page_.sample({{"check", check.description->id}, {"window", window}},
                       *availability->ratio);
    page_.family("incidents_open", "gauge", "Incidents that are not over.");
    page_.sample(
        {}, static_cast<uint64_t>(std::ranges::count_if(
                picture_.incidents, [](const Incident& incident) { return !incident.closed_ms; })));
  }

  void chain() {
    const std::vector<CheckKind> rpc{CheckKind::kBlockProduction, CheckKind::kNode};
    figures("rpc_chain_tip", "The last block that a node told of.", "tip", rpc);
    figures("rpc_lag_blocks", "Blocks behind the best node.", "lag_blocks", {CheckKind::kNode});
    if (has(CheckKind::kBlockProduction) || has(CheckKind::kNode)) {
      page_.family("rpc_tip_change_timestamp_seconds", "gauge", "When the tip last changed.");
      for (const CheckPicture& check : picture_.checks) {
        if (std::ranges::find(rpc, check.description->kind) == rpc.end()) continue;
        if (const auto age_ms = figure_of(check, "tip_age_ms"))
          page_.sample(of(check), std::round((ended_s(*check.last) * 1000 - *age_ms)) / 1000);
      }
    }
    figures("mempool_transactions", "Transactions that wait for a batch.", "mempool_transactions",
            {CheckKind::kBlockProduction});
    if (has(CheckKind::kBlockProduction)) {
      page_.family("mempool_batches", "gauge", "Batches that are proven, or wait for a block.");
      for (const CheckPicture& check : picture_.checks)
        for (const auto& [stage, name] :
             {std::pair("proposed", "proposed_batches"), {"proven", "proven_batches"}})
          if (const auto value = figure_of(check, name))
            page_.sample({{"check", check.description->id}, {"stage", stage}}, *value);
    }
    figures("validator_chain_tip", "The last block that the validator signed.", "tip",
            {CheckKind::kValidator});
    figures("validator_transactions_total", "Transactions that the validator validated.",
            "validated_transactions", {CheckKind::kValidator}, "counter");
    figures("validator_signed_blocks_total", "Blocks that the validator signed.", "signed_blocks",
            {CheckKind::kValidator}, "counter");
    figures("explorer_lag_blocks", "Blocks that the explorer is behind.", "lag_blocks",
            {CheckKind::kExplorer});
    figures("faucet_pow_difficulty", "Difficulty of the faucet's puzzle.", "pow_difficulty",
            {CheckKind::kFaucet});
  }

  void provers() {
    histograms("prover_test_duration_seconds", "How long test proofs took.", CheckKind::kProver,
               &CheckTotals::proofs);
    figures("prover_test_proof_bytes", "Size of the last test proof.", "proof_bytes",
            {CheckKind::kProver});
    figures("prover_queue_waiting", "Requests that wait.", "queue_waiting", {CheckKind::kProver});
    figures("prover_queue_capacity", "Requests that may be there at once.", "queue_capacity",
            {CheckKind::kProver});
    if (!has(CheckKind::kProver)) return;
    page_.family("prover_worker_up", "gauge", "1 for a healthy worker of a prover.");
    for (const CheckPicture& check : picture_.checks) {
      if (check.description->kind != CheckKind::kProver || !check.last) continue;
      const nlohmann::json& details = check.last->details;
      const auto path = nlohmann::json::json_pointer("/RemoteProverStatus/status/workers");
      if (!details.is_object() || !details.contains(path) || !details[path].is_array()) continue;
      std::vector<std::string> seen;  // a label set may be there once only
      for (const nlohmann::json& worker : details[path]) {
        if (!worker.is_object() || seen.size() == kMaxWorkers) continue;
        const auto named = worker.find("name");
        if (named == worker.end() || !named->is_string()) continue;
        std::string name = named->get<std::string>();
        if (std::ranges::find(seen, name) != seen.end()) continue;
        page_.sample({{"check", check.description->id}, {"worker", name}},
                     uint64_t{worker.contains("status") && worker["status"] == "Healthy"});
        seen.push_back(std::move(name));
      }
    }
  }

  void inclusion() {
    if (!has(CheckKind::kLocalTransaction) && !has(CheckKind::kNetworkTransaction)) return;
    page_.family("ntx_increments_total", "counter", "Transactions that were sent, by outcome.");
    for (const CheckPicture& check : picture_.checks) {
      if (check.description->kind != CheckKind::kLocalTransaction) continue;
      for (size_t outcome = 0; outcome < check.totals.results.size(); ++outcome)
        page_.sample({{"check", check.description->id},
                      {"outcome", std::string(to_text(static_cast<Outcome>(outcome)))}},
                     check.totals.results[outcome]);
    }
    figures("ntx_pending_notes", "Network notes that are not consumed yet.", "pending",
            {CheckKind::kNetworkTransaction});
    histograms("ntx_inclusion_seconds", "From the submission of a transaction to its block.",
               CheckKind::kLocalTransaction, &CheckTotals::committed);
    histograms("ntx_consumption_seconds", "From the submission of a note to its consumption.",
               CheckKind::kNetworkTransaction, &CheckTotals::consumed);
  }

  void monitor(size_t event_streams) {
    const MonitorHealth& health = picture_.health;
    page_.family("webhook_deliveries_total", "counter", "Attempts to deliver a message.");
    page_.sample({{"result", "delivered"}}, health.webhook_delivered);
    page_.sample({{"result", "failed"}}, health.webhook_failed);
    page_.family("webhook_queue_length", "gauge", "Messages that wait.");
    page_.sample({}, health.webhook_queue);
    page_.family("store_ok", "gauge", "0 where history cannot be stored.");
    page_.sample({}, uint64_t{health.stores_history});
    page_.family("store_write_failures_total", "counter", "Attempts to store history that failed.");
    page_.sample({}, health.store_write_failures);
    page_.family("store_size_bytes", "gauge", "Size of the history.");
    page_.sample({}, health.store_size_bytes);
    page_.family("event_streams", "gauge", "Pages that are fed now.");
    page_.sample({}, uint64_t{event_streams});
    page_.family("clock_jumps_total", "counter", "Leaps of the clock of the monitor's machine.");
    page_.sample({}, health.clock_jumps);
    page_.family("picture_timestamp_seconds", "gauge", "When these values were put together.");
    page_.sample({}, static_cast<double>(picture_.taken_ms) / 1000);
  }

  const Picture& picture_;
  Page page_;
};

}  // namespace

std::string metrics_text(const Picture& picture, size_t event_streams) {
  return Writer(picture).write(event_streams);
}

}  // namespace miden
