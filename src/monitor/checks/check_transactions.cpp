#include "monitor/checks/check_transactions.hpp"

#include <fmt/format.h>

#include "monitor/checks/look.hpp"
#include "monitor/page_text.hpp"
#include "net/retry.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kDeploying = "deploying monitor accounts";
constexpr std::chrono::milliseconds kPoll(500);
// New accounts are made when the old ones are of no use for so long, at most once in this time.
constexpr uint64_t kFailuresToRegenerate = 10;
constexpr std::chrono::hours kBetweenRegenerations(1);

double as_seconds(SteadyClock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

CheckResult deploying(std::string_view variant, const json& details) {
  CheckResult result;
  result.reason = Reason::kStarting;
  result.error = kDeploying;
  result.details = {{std::string(variant), details}};
  return result;
}

// What the network look learns and the local card shows.
struct Shared {
  std::mutex mutex;  // guards what follows
  std::optional<uint64_t> latency_blocks;
  std::optional<std::string> preparation_fault;
};

class LocalLook {
 public:
  LocalLook(const TransactionCheckOptions& options, std::shared_ptr<CounterFlow> flow,
            std::shared_ptr<Shared> shared)
      : options_(options), flow_(std::move(flow)), shared_(std::move(shared)) {}

  CheckResult look(const std::stop_token& stop) {
    if (auto prepared = flow_->prepare(stop); !prepared) {
      note_preparation(prepared.error().text);
      return failure(prepared.error());
    }
    note_preparation(std::nullopt);
    if (generation_ != flow_->generation()) start_over();
    const auto started = SteadyClock::now();
    const auto sent = flow_->send(stop);
    if (!sent) {
      ++failures_;
      ++failures_in_a_row_;
      regenerate_if_hopeless();
      return failure(sent.error());
    }
    failures_in_a_row_ = 0;
    ++successes_;
    last_tx_id_ = sent->id.to_hex();
    const double proving_ms = as_seconds(sent->submitted - started) * 1000;
    const auto committed = flow_->wait_until_committed(*sent, stop);

    CheckResult result = committed ? CheckResult{} : failed_result(committed.error());
    // The reference does not wait for the block.
    result.reference_status = "Healthy";
    result.details = details();
    if (committed) {
      result.outcome = Outcome::kOk;
      result.headline = fmt::format("in a block after {}", in_words(*committed));
      add_figure(result, "committed_s", static_cast<double>(committed->count()) / 1000);
    } else if (committed.error().reason == Reason::kPending) {
      add_figure(result, "committed_timeouts", 1);
    }
    add_figure(result, "prepare_ms", proving_ms);
    describe(result);
    return result;
  }

  json details() const {
    const std::lock_guard lock(shared_->mutex);
    return {{"NtxIncrement",
             {{"success_count", successes_},
              {"failure_count", failures_},
              {"last_tx_id", last_tx_id_ ? json(*last_tx_id_) : json(nullptr)},
              {"last_latency_blocks",
               shared_->latency_blocks ? json(*shared_->latency_blocks) : json(nullptr)}}}};
  }

 private:
  void note_preparation(std::optional<std::string> fault) {
    const std::lock_guard lock(shared_->mutex);
    shared_->preparation_fault = std::move(fault);
  }

  void start_over() {
    generation_ = flow_->generation();
    created_ = SteadyClock::now();
    successes_ = failures_ = failures_in_a_row_ = 0;
    last_tx_id_.reset();
    const std::lock_guard lock(shared_->mutex);
    shared_->latency_blocks.reset();
  }

  void regenerate_if_hopeless() {
    if (failures_in_a_row_ < kFailuresToRegenerate) return;
    if (SteadyClock::now() - created_ < kBetweenRegenerations) return;
    log_warn("the monitor's transactions fail; it makes new accounts",
             {{"failures", failures_in_a_row_}});
    flow_->forget_accounts();
  }

  CheckResult failure(const Fault& fault) const {
    CheckResult result = failed_result(fault);
    result.details = details();
    describe(result);
    return result;
  }

  void describe(CheckResult& result) const {
    add_fact(result, "Sent",
             fmt::format("{} taken, {} failed", grouped(successes_), grouped(failures_)));
    if (last_tx_id_) add_hash(result, "Last transaction", *last_tx_id_);
    const std::lock_guard lock(shared_->mutex);
    if (shared_->latency_blocks) {
      add_fact(result, "Note consumed after", fmt::format("{} blocks", *shared_->latency_blocks));
    }
  }

  const TransactionCheckOptions options_;
  const std::shared_ptr<CounterFlow> flow_;
  const std::shared_ptr<Shared> shared_;
  uint64_t generation_ = 0;
  SteadyClock::time_point created_ = SteadyClock::now();
  uint64_t successes_ = 0, failures_ = 0, failures_in_a_row_ = 0;
  std::optional<std::string> last_tx_id_;
};

class NetworkLook {
 public:
  NetworkLook(const TransactionCheckOptions& options, std::shared_ptr<CounterFlow> flow,
              std::shared_ptr<Shared> shared)
      : options_(options),
        flow_(std::move(flow)),
        shared_(std::move(shared)),
        streak_(options.pending_threshold) {}

  // Looks until a note is consumed, or the next look is due: the time at which a note is seen to be
  // consumed should be the time at which it is.
  CheckResult look(const std::stop_token& stop) {
    const auto until = SteadyClock::now() + options_.interval / 2 - kPoll;
    AwaitedNotes::Settled settled;
    std::optional<CounterReading> reading;
    while (true) {
      auto read = flow_->read(stop);
      if (!read) {
        CheckResult result = failed_result(read.error());
        result.details = details();
        return result;
      }
      if (!*read) {
        if (SteadyClock::now() < until && sleep_for(kPoll, stop)) continue;
        return not_there_yet();
      }
      reading = *std::move(read);
      if (generation_ != reading->generation) start_over(reading->generation);
      const auto now = SteadyClock::now();
      settled = flow_->settle(*reading, now);
      const bool has_news = !settled.consumed.empty() || !settled.overdue.empty();
      if (has_news || now > until || !sleep_for(kPoll, stop)) break;
    }
    return judge(*reading, settled, stop);
  }

  json details() const {
    const auto number = [](const std::optional<uint64_t>& n) { return n ? json(*n) : json(); };
    return {{"NtxTracking",
             {{"current_value", number(current_)},
              {"expected_value", number(expected_)},
              {"last_updated", number(last_updated_)},
              {"pending_increments", number(pending())}}}};
  }

 private:
  std::optional<uint64_t> pending() const {
    if (!current_ || !expected_) return std::nullopt;
    return *expected_ > *current_ ? *expected_ - *current_ : 0;
  }

  CheckResult not_there_yet() const {
    CheckResult result = deploying("NtxTracking", details()["NtxTracking"]);
    const std::lock_guard lock(shared_->mutex);
    if (shared_->preparation_fault) {
      // The reference blames both cards for what keeps it from beginning.
      result.reference_status = "Unhealthy";
      result.error = fmt::format("{}: {}", kDeploying, *shared_->preparation_fault);
    }
    return result;
  }

  void start_over(uint64_t generation) {
    generation_ = generation;
    streak_.reset();
    current_.reset();
    expected_.reset();
    last_updated_.reset();
    overdue_.reset();
  }

  CheckResult judge(const CounterReading& reading, const AwaitedNotes::Settled& settled,
                    const std::stop_token& stop) {
    if (reading.wallet) expected_ = reading.wallet->count;
    if (reading.counter) {
      current_ = reading.counter->count;
      last_updated_ = static_cast<uint64_t>(unix_seconds());
    }
    CheckResult result;
    result.outcome = Outcome::kOk;
    result.reference_status = current_ ? "Healthy" : "Unknown";
    result.details = details();
    const uint64_t waiting = pending().value_or(0);
    add_figure(result, "pending", static_cast<double>(waiting));
    add_fact(result, "Asked for", expected_ ? grouped(*expected_) : "none yet");
    add_fact(result, "Counted", current_ ? grouped(*current_) : "none yet");
    add_fact(result, "Notes waiting", grouped(waiting));
    if (!settled.consumed.empty()) take_consumed(settled.consumed.back(), reading, result);
    if (!settled.overdue.empty()) take_overdue(settled.overdue, result, stop);
    if (last_consumption_) result.headline = "consumed after " + in_words(*last_consumption_);
    if (!current_) {
      worsen(result, Outcome::kInconclusive, Reason::kStarting, std::string(kDeploying));
    }
    if (overdue_) worsen(result, Outcome::kFailed, Reason::kPending, *overdue_);
    if (streak_.is_stuck(waiting)) {
      result.reference_status = "Unhealthy";
      worsen(result, Outcome::kFailed, Reason::kPending,
             fmt::format("{} notes wait to be consumed", grouped(waiting)));
    }
    return result;
  }

  void take_consumed(const SentIncrement& sent, const CounterReading& reading,
                     CheckResult& result) {
    const auto took = SteadyClock::now() - sent.submitted;
    last_consumption_ = std::chrono::duration_cast<std::chrono::milliseconds>(took);
    overdue_.reset();
    add_figure(result, "consumed_s", as_seconds(took));
    if (sent.committed) {
      add_figure(result, "consumed_after_commit_s",
                 as_seconds(SteadyClock::now() - *sent.committed));
    }
    const uint32_t seen_at = reading.counter ? reading.counter->block_num.value : 0;
    const uint64_t blocks =
        seen_at > sent.submit_height.value ? seen_at - sent.submit_height.value : 0;
    add_figure(result, "latency_blocks", static_cast<double>(blocks));
    const std::lock_guard lock(shared_->mutex);
    shared_->latency_blocks = blocks;
  }

  // Until a note is consumed again.
  void take_overdue(const std::vector<SentIncrement>& overdue, CheckResult& result,
                    const std::stop_token& stop) {
    const NoteId& note = overdue.back().note;
    overdue_ = fmt::format("a note was not consumed within {}: {}",
                           in_words(options_.flow.latency_timeout), flow_->fate_of(note, stop));
    result.reference_status = "Unhealthy";
    add_figure(result, "consumed_timeouts", static_cast<double>(overdue.size()));
    add_hash(result, "Note", note.to_hex());
  }

  const TransactionCheckOptions options_;
  const std::shared_ptr<CounterFlow> flow_;
  const std::shared_ptr<Shared> shared_;
  uint64_t generation_ = 0;
  BacklogStreak streak_;
  std::optional<uint64_t> current_, expected_, last_updated_;
  std::optional<std::string> overdue_;  // what became of a note that was not consumed in time
  std::optional<std::chrono::milliseconds> last_consumption_;
};

}  // namespace

TransactionChecks make_transaction_checks(const TransactionCheckOptions& options) {
  const auto flow = std::make_shared<CounterFlow>(options.flow);
  const auto shared = std::make_shared<Shared>();
  const auto local = std::make_shared<LocalLook>(options, flow, shared);
  const auto network = std::make_shared<NetworkLook>(options, flow, shared);
  TransactionChecks checks;

  CheckDescription& sending = checks.local.description;
  sending.id = "local-transactions";
  sending.name = "Wallet transaction";
  sending.reference_name = "Local Transactions";
  sending.kind = CheckKind::kLocalTransaction;
  sending.group = CheckGroup::kEndToEnd;
  sending.meaning = "A user's transaction is proven, taken by the node and gets into a block.";
  sending.target = options.target;
  sending.request = "rpc.Api/SubmitProvenTx of a new transaction of the monitor's wallet";
  sending.interval = options.interval;
  // The first look makes and deploys the accounts, too.
  sending.timeout =
      2 * (options.proof_timeout + options.flow.latency_timeout) + 4 * options.flow.request_timeout;
  sending.patience = sending.timeout;
  sending.thresholds = {
      "down: the node does not take the transaction",
      fmt::format("down: it is in no block within {}", in_words(options.flow.latency_timeout))};
  sending.parents = {"block-production", "node-1"};
  checks.local.seed = deploying("NtxIncrement", local->details()["NtxIncrement"]);
  checks.local.look = [local](const std::stop_token& stop) {
    return timed_look([&](const std::stop_token& s) { return local->look(s); }, stop);
  };

  CheckDescription& watching = checks.network.description;
  watching.id = "network-transactions";
  watching.name = "Network note";
  watching.reference_name = "Network Transactions";
  watching.kind = CheckKind::kNetworkTransaction;
  watching.group = CheckGroup::kEndToEnd;
  watching.meaning = "A note to a network account is found, executed and consumed by the network.";
  watching.target = options.target;
  watching.request = "rpc.Api/GetAccount of the monitor's counter and wallet";
  watching.interval = options.interval / 2;
  watching.timeout = options.interval / 2 + 3 * options.flow.request_timeout;
  watching.patience = options.interval / 2 + options.flow.request_timeout;
  watching.thresholds = {
      fmt::format("down: a note is not consumed within {} of its transaction",
                  in_words(options.flow.latency_timeout)),
      fmt::format("down: more than {} notes wait, in 3 looks in a row", options.pending_threshold)};
  watching.parents = {"block-production", "local-transactions"};
  checks.network.seed = deploying("NtxTracking", network->details()["NtxTracking"]);
  checks.network.look = [network](const std::stop_token& stop) {
    return timed_look([&](const std::stop_token& s) { return network->look(s); }, stop);
  };
  return checks;
}

}  // namespace miden
