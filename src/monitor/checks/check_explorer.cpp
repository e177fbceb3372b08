#include "monitor/checks/check_explorer.hpp"

#include <fmt/format.h>

#include "monitor/checks/look.hpp"
#include "monitor/checks/read_json.hpp"
#include "monitor/page_text.hpp"

namespace miden {
namespace {

constexpr std::string_view kQuery =
    "query NetworkOverview { overviewStats { total_count_transactions total_count_nullifiers "
    "total_count_notes total_count_account_updates } blocks(input: { sort_by: timestamp, order_by: "
    "desc }, first: 1) { edges { node { block_number timestamp block_commitment chain_commitment "
    "proof_commitment } } } }";

struct Overview {
  uint64_t block_number = 0;
  uint64_t timestamp = 0;
  uint64_t transactions = 0, nullifiers = 0, notes = 0, account_updates = 0;
  std::string block_commitment, chain_commitment, proof_commitment;
};

// Every member at every level must be one of these: an answer with `errors` is none.
std::expected<Overview, Fault> read_overview(const nlohmann::json& json) {
  JsonReader root(json);
  JsonReader data = root.members({"data"}).member("data");
  data.members({"overviewStats", "blocks"});
  JsonReader stats = data.member("overviewStats");
  stats.members({"total_count_transactions", "total_count_nullifiers", "total_count_notes",
                 "total_count_account_updates"});
  Overview overview;
  overview.transactions = stats.member("total_count_transactions").decimal_text();
  overview.nullifiers = stats.member("total_count_nullifiers").decimal_text();
  overview.notes = stats.member("total_count_notes").decimal_text();
  overview.account_updates = stats.member("total_count_account_updates").decimal_text();
  JsonReader edges = data.member("blocks").members({"edges"}).member("edges");
  if (edges.size() == 0) edges.add_fault("the explorer has no blocks");
  JsonReader node = edges.element(0).members({"node"}).member("node");
  node.members(
      {"block_number", "timestamp", "block_commitment", "chain_commitment", "proof_commitment"});
  overview.block_number = node.member("block_number").decimal_text();
  overview.timestamp = node.member("timestamp").decimal_text();
  overview.block_commitment = node.member("block_commitment").text();
  overview.chain_commitment = node.member("chain_commitment").text();
  overview.proof_commitment = node.member("proof_commitment").text();
  if (root.fault()) return std::unexpected(*root.fault());
  return overview;
}

nlohmann::json details_of(const Overview& overview) {
  return {{"ExplorerStatus",
           {{"block_number", overview.block_number},
            {"timestamp", overview.timestamp},
            {"total_transactions", overview.transactions},
            {"total_nullifiers", overview.nullifiers},
            {"total_notes", overview.notes},
            {"total_account_updates", overview.account_updates},
            {"block_commitment", clean_text(overview.block_commitment, 128)},
            {"chain_commitment", clean_text(overview.chain_commitment, 128)},
            {"proof_commitment", clean_text(overview.proof_commitment, 128)}}}};
}

class ExplorerLook {
 public:
  explicit ExplorerLook(const ExplorerCheckOptions& options)
      : options_(options), drift_(options.drift_enter, options.drift_leave) {}

  CheckResult look(const std::stop_token& stop) {
    const HttpRequest request{
        .url = options_.url.text(),
        .headers = {"Content-Type: application/json", "Accept: application/json"},
        .body = nlohmann::json{{"query", kQuery}, {"variables", nullptr}}.dump()};
    const auto answer = ask_http(request, options_.timeout, stop);
    if (!answer) return failed_result(answer.error());
    // The status is not looked at where the body is what it should be (B9).
    const auto json = parse_json(answer->body);
    const auto overview = json ? read_overview(*json) : std::unexpected(json.error());
    if (!overview) {
      if (answer->status / 100 == 2) return failed_result(overview.error());
      return failed_result({.reason = Reason::kHttp,
                            .code = answer->status,
                            .text = fmt::format("it answers HTTP {}", answer->status)});
    }
    return judge(*overview);
  }

 private:
  CheckResult judge(const Overview& overview) {
    CheckResult result;
    result.outcome = Outcome::kOk;
    result.reference_status = "Healthy";
    result.details = details_of(overview);
    result.headline = "block " + grouped(overview.block_number);
    add_figure(result, "tip", static_cast<double>(overview.block_number));
    add_fact(result, "Transactions", grouped(overview.transactions));
    add_fact(result, "Notes", grouped(overview.notes));
    add_fact(result, "Nullifiers", grouped(overview.nullifiers));
    add_fact(result, "Account updates", grouped(overview.account_updates));
    add_hash(result, "Block commitment", overview.block_commitment);
    add_hash(result, "Chain commitment", overview.chain_commitment);
    add_hash(result, "Proof commitment", overview.proof_commitment);
    judge_drift(overview.block_number, result);
    return result;
  }

  void judge_drift(uint64_t tip, CheckResult& result) {
    const auto best = options_.board->best(std::chrono::steady_clock::now());
    if (!best) return;
    const bool is_behind = best->report.tip > tip;
    const uint64_t drift = is_behind ? best->report.tip - tip : tip - best->report.tip;
    // Negative: ahead of the chain.
    add_figure(result, "lag_blocks",
               is_behind ? static_cast<double>(drift) : -static_cast<double>(drift));
    add_fact(result, "Nodes' tip", grouped(best->report.tip));
    const auto bounded = static_cast<uint32_t>(std::min<uint64_t>(drift, UINT32_MAX));
    if (!drift_.is_behind(bounded)) return;
    worsen(result, Outcome::kDegraded, Reason::kLag,
           fmt::format("Explorer tip is {} blocks {}", grouped(drift),
                       is_behind ? "behind" : "ahead"));
  }

  const ExplorerCheckOptions options_;
  LagState drift_;
};

}  // namespace

Check make_explorer_check(const ExplorerCheckOptions& options) {
  const auto explorer = std::make_shared<ExplorerLook>(options);
  Check check;
  CheckDescription& description = check.description;
  description.id = "explorer";
  description.name = "Explorer";
  description.reference_name = "Explorer";
  description.kind = CheckKind::kExplorer;
  description.group = CheckGroup::kUserServices;
  description.meaning = "People see the chain in the explorer as it is.";
  description.target = options.url.shown();
  description.request =
      fmt::format("curl -H 'Content-Type: application/json' -d '{{\"query\":\"{}\"}}' {}", kQuery,
                  options.url.shown());
  description.interval = options.interval;
  description.timeout = options.timeout;
  description.thresholds = {
      fmt::format("down: no answer within {}, or one of another form", in_words(options.timeout)),
      fmt::format("degraded: its tip is more than {} blocks off the nodes' tip, until at most {}",
                  options.drift_enter, options.drift_leave)};
  description.parents = {"block-production"};
  check.seed.details = details_of({});
  check.look = [explorer](const std::stop_token& stop) {
    return timed_look([&](const std::stop_token& s) { return explorer->look(s); }, stop);
  };
  return check;
}

}  // namespace miden
