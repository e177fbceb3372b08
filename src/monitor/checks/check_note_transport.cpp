#include "monitor/checks/check_note_transport.hpp"

#include <fmt/format.h>

#include "grpc/health/v1/health.grpc.pb.h"
#include "monitor/checks/look.hpp"
#include "monitor/grpc_target.hpp"

namespace miden {
namespace {

using ::grpc::health::v1::HealthCheckResponse;

std::string_view serving_word(int status) {
  switch (status) {
    case HealthCheckResponse::SERVING:
      return "Serving";
    case HealthCheckResponse::NOT_SERVING:
      return "NotServing";
    case HealthCheckResponse::SERVICE_UNKNOWN:
      return "ServiceUnknown";
    default:
      return "Unknown";
  }
}

CheckResult look_at(GrpcTarget& target, std::chrono::milliseconds timeout,
                    const std::stop_token& stop) {
  // Without `accept`, as other clients of this service call it.
  const auto health = target.ask<::grpc::health::v1::Health>(
      &::grpc::health::v1::Health::Stub::Check, {}, {.timeout = timeout, .accept = ""}, stop);
  if (!health) return failed_result(health.error());
  const std::string_view word = serving_word(health->status());
  CheckResult result;
  result.details = {{"NoteTransportStatus", {{"url", target.shown()}, {"serving_status", word}}}};
  add_fact(result, "Says", word);
  if (health->status() == HealthCheckResponse::SERVING) {
    result.outcome = Outcome::kOk;
    result.reference_status = "Healthy";
    result.headline = "serving";
    return result;
  }
  result.outcome = Outcome::kFailed;
  result.reason = Reason::kNotServing;
  result.error = fmt::format("it says of itself: {}", word);
  result.reference_status = "Unhealthy";
  return result;
}

}  // namespace

Check make_note_transport_check(const NoteTransportCheckOptions& options) {
  const auto target = std::make_shared<GrpcTarget>(options.url);
  Check check;
  CheckDescription& description = check.description;
  description.id = "note-transport";
  description.name = "Note transport";
  description.reference_name = "Note Transport";
  description.kind = CheckKind::kNoteTransport;
  description.group = CheckGroup::kUserServices;
  description.meaning = "Wallets can hand private notes to each other.";
  description.target = target->shown();
  description.request = grpcurl_line(options.url, "grpc.health.v1.Health/Check");
  description.interval = options.interval;
  description.timeout = options.timeout;
  description.thresholds = {fmt::format("down: no answer within {}, or another one than SERVING",
                                        in_words(options.timeout))};
  check.seed.details = {{"NoteTransportStatus", {{"url", ""}, {"serving_status", ""}}}};
  check.look = [target, timeout = options.timeout](const std::stop_token& stop) {
    return timed_look([&](const std::stop_token& s) { return look_at(*target, timeout, s); }, stop);
  };
  return check;
}

}  // namespace miden
