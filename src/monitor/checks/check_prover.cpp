#include "monitor/checks/check_prover.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "grpc/health/v1/health.grpc.pb.h"
#include "monitor/checks/look.hpp"
#include "monitor/page_text.hpp"
#include "remote_prover_queue.grpc.pb.h"

namespace miden {
namespace {

using nlohmann::json;
using ::remote_prover::ProofType;

// More are not worth a card, nor a metric.
constexpr size_t kMostWorkers = 64;

std::string_view kind_word(std::optional<ProofType> kind) {
  if (!kind) return "Unknown";
  switch (*kind) {
    case ::remote_prover::TRANSACTION:
      return "Transaction";
    case ::remote_prover::BATCH:
      return "Batch";
    case ::remote_prover::BLOCK:
      return "Block";
    default:
      return "Unknown";
  }
}

std::optional<ProofType> known_kind(ProofType kind) {
  if (!::remote_prover::ProofType_IsValid(kind)) return std::nullopt;
  return kind;
}

std::string_view health_word(::remote_prover::WorkerHealthStatus health) {
  if (health == ::remote_prover::HEALTHY) return "Healthy";
  return health == ::remote_prover::UNHEALTHY ? "Unhealthy" : "Unknown";
}

std::string_view test_word(const ProverView& view) {
  const ProverTestOutcome& latest = *view.tests->latest;
  if (view.tests_stale_for || latest.is_untested) return "Unknown";
  return latest.fault ? "Unhealthy" : "Healthy";
}

json test_json(const ProverView& view) {
  if (!view.tests || !view.tests->latest) return nullptr;
  const ProverTestOutcome& latest = *view.tests->latest;
  json error;
  if (latest.fault) error = latest.fault->text;
  if (view.tests_stale_for) {
    error = fmt::format("stale: no probe update for {}s", view.tests_stale_for->count());
  }
  return {{"details",
           {{"test_duration_ms", latest.fault ? 0 : latest.duration_ms},
            {"proof_size_bytes", latest.fault ? 0 : latest.proof_bytes},
            {"success_count", view.tests->successes},
            {"failure_count", view.tests->failures},
            {"proof_type", kind_word(latest.kind)}}},
          {"status", test_word(view)},
          {"error", std::move(error)}};
}

json details_of(const ProverView& view) {
  json workers = json::array();
  for (const ProverView::Worker& worker : view.status->workers) {
    workers.push_back({{"name", clean_text(worker.name, 256)},
                       {"version", clean_text(worker.version, 128)},
                       {"status", health_word(worker.health)}});
  }
  return {{"RemoteProverStatus",
           {{"status",
             {{"url", view.url},
              {"version", clean_text(view.status->version, 128)},
              {"supported_proof_type", kind_word(view.status->kind)},
              {"workers", std::move(workers)}}},
            {"test", test_json(view)}}}};
}

void judge_workers(const ProverView::Status& status, CheckResult& result) {
  std::vector<std::string> away;
  for (const ProverView::Worker& worker : status.workers) {
    if (worker.health != ::remote_prover::HEALTHY) away.push_back(clean_text(worker.name, 64));
  }
  add_figure(result, "workers", static_cast<double>(status.workers.size()));
  add_figure(result, "workers_up", static_cast<double>(status.workers.size() - away.size()));
  if (status.workers.empty()) {
    if (result.reference_status == "Healthy") result.reference_status = "Unknown";
    return worsen(result, Outcome::kDegraded, Reason::kWorker, "it has no workers");
  }
  if (away.empty()) return;
  result.reference_status = "Unhealthy";
  const bool are_all = away.size() == status.workers.size();
  if (away.size() > 5) away.resize(5);
  worsen(result, are_all ? Outcome::kFailed : Outcome::kDegraded, Reason::kWorker,
         fmt::format("unhealthy workers: {}", fmt::join(away, ", ")));
}

void judge_tests(const ProverView& view, CheckResult& result) {
  if (!view.tests || !view.tests->latest) return add_fact(result, "Test proof", "not yet made");
  const ProverTests& tests = *view.tests;
  const ProverTestOutcome& latest = *tests.latest;
  add_fact(result, "Test proofs",
           fmt::format("{} made, {} failed", grouped(tests.successes), grouped(tests.failures)));
  if (latest.is_untested) {
    return add_fact(result, "Test proof",
                    fmt::format("not asked for: {}", to_text(latest.fault->reason)));
  }
  if (view.tests_stale_for) {
    return add_fact(result, "Test proof",
                    fmt::format("none ended for {}", in_words(*view.tests_stale_for)));
  }
  if (!latest.fault) {
    add_figure(result, "test_ms", static_cast<double>(latest.duration_ms));
    add_figure(result, "proof_bytes", static_cast<double>(latest.proof_bytes));
    add_fact(result, "Test proof",
             fmt::format("{} bytes in {}", grouped(latest.proof_bytes),
                         in_words(std::chrono::milliseconds(latest.duration_ms))));
    if (result.outcome != Outcome::kOk) return;
    std::string kind(kind_word(latest.kind));
    kind[0] = static_cast<char>(std::tolower(kind[0]));
    result.headline = fmt::format("{} proof in {}", kind,
                                  in_words(std::chrono::milliseconds(latest.duration_ms)));
    return;
  }
  add_fact(result, "Test proof", fmt::format("failed: {}", to_text(latest.fault->reason)));
  result.reference_status = "Unhealthy";
  // One may fail by chance, and a full queue is no fault.
  const bool is_sure = tests.failures_in_a_row > 1 && latest.fault->reason != Reason::kQueueFull;
  worsen(result, is_sure ? Outcome::kFailed : Outcome::kDegraded, latest.fault->reason,
         latest.fault->reason == Reason::kQueueFull
             ? "its queue is full: it takes no proof"
             : fmt::format("a test proof failed: {}", latest.fault->text));
  result.code = latest.fault->code;
}

class ProverLook {
 public:
  explicit ProverLook(const ProverCheckOptions& options)
      : options_(options), task_(options.prover, options.proofs, options.test_interval) {}

  CheckResult look(const std::stop_token& stop) {
    auto status = ask_status(stop);
    if (status) {
      status_ = *std::move(status);
      if (status_->kind) task_.set_kind(*status_->kind);
    }
    ProverView view{.url = options_.prover->target().shown(),
                    .status = status_,
                    .poll = status ? std::nullopt : std::optional(status.error()),
                    .tests = task_.tests(),
                    .tests_stale_for = {}};
    const auto since = std::chrono::steady_clock::now() - view.tests->changed;
    const auto patience = 2 * options_.test_interval + options_.prover->proof_timeout();
    if (view.tests->latest && since > patience) {
      view.tests_stale_for = std::chrono::floor<std::chrono::seconds>(since);
    }
    CheckResult result = judge_prover(view);
    if (!view.poll) add_queue(result, stop);
    // Each test proof counts once, however often its outcome is told.
    if (view.tests->successes > told_proofs_ && !view.tests->latest->fault) {
      add_figure(result, "proof_s", static_cast<double>(view.tests->latest->duration_ms) / 1000);
    }
    told_proofs_ = view.tests->successes;
    return result;
  }

 private:
  using Status = ProverView::Status;

  // A balancer speaks of its workers; a single prover, which need not know that question, of
  // itself.
  std::expected<Status, Fault> ask_status(const std::stop_token& stop) {
    GrpcTarget& target = options_.prover->target();
    const CallOptions call{.timeout = options_.timeout};
    const auto proxy = target.ask<::remote_prover::ProxyStatusApi>(
        &::remote_prover::ProxyStatusApi::Stub::Status, {}, call, stop);
    if (proxy) {
      Status status{.version = proxy->version(),
                    .kind = known_kind(proxy->supported_proof_type()),
                    .workers = {}};
      for (const auto& worker : proxy->workers()) {
        if (status.workers.size() == kMostWorkers) break;
        status.workers.push_back(
            {.name = worker.name(), .version = worker.version(), .health = worker.status()});
      }
      return status;
    }
    if (!is_unimplemented(proxy.error())) return std::unexpected(proxy.error());
    const auto worker = target.ask<::remote_prover::WorkerStatusApi>(
        &::remote_prover::WorkerStatusApi::Stub::Status, {}, call, stop);
    if (!worker) return std::unexpected(worker.error());
    return Status{.version = worker->version(),
                  .kind = known_kind(worker->supported_proof_type()),
                  .workers = {{.name = target.url().authority(),
                               .version = worker->version(),
                               .health = ask_health(stop)}}};
  }

  ::remote_prover::WorkerHealthStatus ask_health(const std::stop_token& stop) {
    const auto health = options_.prover->target().ask<::grpc::health::v1::Health>(
        &::grpc::health::v1::Health::Stub::Check, {}, {.timeout = options_.timeout}, stop);
    // Who has no health service has just answered.
    if (!health) {
      return is_unimplemented(health.error()) ? ::remote_prover::HEALTHY
                                              : ::remote_prover::UNHEALTHY;
    }
    return health->status() == ::grpc::health::v1::HealthCheckResponse::SERVING
               ? ::remote_prover::HEALTHY
               : ::remote_prover::UNHEALTHY;
  }

  static bool is_unimplemented(const Fault& fault) {
    return fault.reason == Reason::kGrpc &&
           fault.code == static_cast<int>(StatusCode::kUnimplemented);
  }

  // Only our provers tell.
  void add_queue(CheckResult& result, const std::stop_token& stop) {
    if (!tells_queue_) return;
    const auto queue = options_.prover->target().ask<::remote_prover_queue::Api>(
        &::remote_prover_queue::Api::Stub::Status, {}, {.timeout = options_.timeout}, stop);
    if (!queue) {
      tells_queue_ = !is_unimplemented(queue.error());
      return;
    }
    add_figure(result, "queue_waiting", queue->waiting());
    add_figure(result, "queue_capacity", queue->capacity());
    add_fact(result, "Queue",
             fmt::format("{} proving, {} waiting, place for {}", queue->proving(), queue->waiting(),
                         queue->capacity()));
  }

  const ProverCheckOptions options_;
  std::optional<Status> status_;  // the last one that came
  bool tells_queue_ = true;
  uint64_t told_proofs_ = 0;
  ProverTestTask task_;
};

}  // namespace

CheckResult judge_prover(const ProverView& view) {
  if (!view.status) {
    CheckResult result = failed_result(
        view.poll.value_or(Fault{.reason = Reason::kStarting, .code = 0, .text = "discovering"}));
    result.reference_status = "Unknown";
    if (!view.poll) result.outcome = Outcome::kInconclusive;
    return result;
  }
  CheckResult result;
  if (view.poll) {
    result = failed_result(*view.poll);
  } else {
    result.outcome = Outcome::kOk;
    result.reference_status = "Healthy";
    result.headline = "ready";
  }
  result.details = details_of(view);
  add_fact(result, "Proves", kind_word(view.status->kind));
  add_fact(result, "Version", view.status->version);
  // The reference looks at tests before workers.
  judge_tests(view, result);
  judge_workers(*view.status, result);
  for (const ProverView::Worker& worker : view.status->workers) {
    add_fact(result, "Worker " + clean_text(worker.name, 64),
             fmt::format("{}, {}", health_word(worker.health), clean_text(worker.version, 64)));
  }
  return result;
}

Check make_prover_check(const ProverCheckOptions& options) {
  const auto prover = std::make_shared<ProverLook>(options);
  Check check;
  CheckDescription& description = check.description;
  description.id = fmt::format("prover-{}", options.number + 1);
  description.name =
      options.is_alone ? "Remote prover" : fmt::format("Remote prover {}", options.number + 1);
  description.reference_name = fmt::format("Remote Prover ({})", options.number + 1);
  description.kind = CheckKind::kProver;
  description.group = CheckGroup::kProving;
  description.meaning = "Whoever cannot prove by himself gets proofs here.";
  description.target = options.prover->target().shown();
  description.request =
      grpcurl_line(options.prover->target().url(), "remote_prover.ProxyStatusApi/Status");
  description.interval = options.interval;
  description.timeout = options.timeout;
  description.thresholds = {
      fmt::format("down: no answer within {}", in_words(options.timeout)),
      fmt::format("down: two test proofs in a row fail, take more than {} or are not valid; one "
                  "every {}",
                  in_words(options.prover->proof_timeout()), in_words(options.test_interval)),
      "degraded: its queue is full, one test proof failed, or a worker is away"};
  check.seed = judge_prover(
      {.url = description.target, .status = {}, .poll = {}, .tests = {}, .tests_stale_for = {}});
  check.look = [prover](const std::stop_token& stop) {
    return timed_look([&](const std::stop_token& s) { return prover->look(s); }, stop);
  };
  return check;
}

}  // namespace miden
