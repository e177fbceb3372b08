#include "monitor/checks/look.hpp"

#include <fmt/format.h>

#include <exception>

#include "monitor/fault.hpp"
#include "monitor/markup.hpp"

namespace miden {
namespace {

constexpr size_t kMostFactBytes = 256;

int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

CheckResult timed_look(const std::function<CheckResult(const std::stop_token&)>& look,
                       const std::stop_token& stop) {
  const int64_t started_ms = wall_ms();
  const auto started = std::chrono::steady_clock::now();
  CheckResult result;
  try {
    result = look(stop);
  } catch (const std::exception& error) {
    result = failed_result({.reason = Reason::kLocal,
                            .code = 0,
                            .text = fmt::format("the monitor failed: {}", error.what())});
    result.reference_status = "Unknown";
  }
  result.started_ms = started_ms;
  if (result.duration_us == 0) {
    result.duration_us = std::chrono::duration_cast<std::chrono::microseconds>(
                             std::chrono::steady_clock::now() - started)
                             .count();
  }
  return result;
}

void add_figure(CheckResult& result, std::string_view name, double value) {
  result.figures.push_back({.name = std::string(name), .value = value});
}

void add_fact(CheckResult& result, std::string_view label, std::string_view value) {
  result.facts.push_back(
      {.label = std::string(label), .value = clean_text(value, kMostFactBytes), .is_hash = false});
}

void add_hash(CheckResult& result, std::string_view label, std::string_view value) {
  add_fact(result, label, value);
  result.facts.back().is_hash = true;
}

void worsen(CheckResult& result, Outcome outcome, Reason reason, std::string error) {
  const auto weight = [](Outcome o) {
    switch (o) {
      case Outcome::kOk:
        return 0;
      case Outcome::kDegraded:
        return 1;
      case Outcome::kInconclusive:
        return 2;
      case Outcome::kFailed:
        break;
    }
    return 3;
  };
  if (weight(outcome) <= weight(result.outcome)) return;
  result.outcome = outcome;
  result.reason = reason;
  result.error = std::move(error);
}

std::string grpcurl_line(const ServiceUrl& url, std::string_view method, std::string_view request) {
  return fmt::format("grpcurl {}-d '{}' {} {}", url.is_tls ? "" : "-plaintext ", request,
                     url.authority(), method);
}

}  // namespace miden
