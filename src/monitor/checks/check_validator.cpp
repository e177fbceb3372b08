#include "monitor/checks/check_validator.hpp"

#include <fmt/format.h>

#include "internal/validator.grpc.pb.h"
#include "monitor/checks/look.hpp"
#include "monitor/grpc_target.hpp"
#include "monitor/page_text.hpp"

namespace miden {
namespace {

class ValidatorLook {
 public:
  explicit ValidatorLook(const ValidatorCheckOptions& options)
      : options_(options), target_(options.url), lag_(options.lag_enter, options.lag_leave) {}

  std::string shown() const { return target_.shown(); }

  CheckResult look(const std::stop_token& stop) {
    const auto status = target_.ask<::validator::Api>(&::validator::Api::Stub::Status, {},
                                                      {.timeout = options_.timeout}, stop);
    if (!status) return failed_result(status.error());
    CheckResult result;
    result.outcome = Outcome::kOk;
    result.reference_status = "Healthy";
    result.details = {{"ValidatorStatus",
                       {{"url", target_.shown()},
                        {"version", clean_text(status->version(), 128)},
                        {"chain_tip", status->chain_tip()},
                        {"validated_transactions_count", status->validated_transactions_count()},
                        {"signed_blocks_count", status->signed_blocks_count()}}}};
    result.headline = "block " + grouped(status->chain_tip());
    add_figure(result, "tip", status->chain_tip());
    add_figure(result, "validated_transactions",
               static_cast<double>(status->validated_transactions_count()));
    add_figure(result, "signed_blocks", static_cast<double>(status->signed_blocks_count()));
    add_fact(result, "Version", status->version());
    add_fact(result, "Says", status->status());
    add_fact(result, "Validated transactions", grouped(status->validated_transactions_count()));
    add_fact(result, "Signed blocks", grouped(status->signed_blocks_count()));
    judge_lag(status->chain_tip(), result);
    return result;
  }

 private:
  // No block is committed unsigned: who has signed less than there is, is another chain's.
  void judge_lag(uint32_t tip, CheckResult& result) {
    const auto best = options_.board->best(std::chrono::steady_clock::now());
    if (!best) return;
    const uint32_t lag = best->report.tip > tip ? best->report.tip - tip : 0;
    add_figure(result, "lag_blocks", lag);
    if (!lag_.is_behind(lag)) return;
    worsen(result, Outcome::kDegraded, Reason::kLag,
           fmt::format("the chain is {} blocks beyond the last one that it signed", grouped(lag)));
  }

  const ValidatorCheckOptions options_;
  GrpcTarget target_;
  LagState lag_;
};

}  // namespace

Check make_validator_check(const ValidatorCheckOptions& options) {
  const auto validator = std::make_shared<ValidatorLook>(options);
  Check check;
  CheckDescription& description = check.description;
  description.id = "validator";
  description.name = "Validator";
  description.reference_name = "Validator";
  description.kind = CheckKind::kValidator;
  description.group = CheckGroup::kProving;
  description.meaning = "Transactions are checked again and blocks signed: without it no block.";
  description.target = validator->shown();
  description.request = grpcurl_line(options.url, "validator.Api/Status");
  description.interval = options.interval;
  description.timeout = options.timeout;
  description.thresholds = {
      fmt::format("down: no answer within {}", in_words(options.timeout)),
      fmt::format("degraded: its last signed block is more than {} behind the chain",
                  options.lag_enter)};
  check.seed.details = {{"ValidatorStatus",
                         {{"url", ""},
                          {"version", ""},
                          {"chain_tip", 0},
                          {"validated_transactions_count", 0},
                          {"signed_blocks_count", 0}}}};
  check.look = [validator](const std::stop_token& stop) {
    return timed_look([&](const std::stop_token& s) { return validator->look(s); }, stop);
  };
  return check;
}

}  // namespace miden
