// What all looks have in common.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "monitor/check.hpp"
#include "net/address.hpp"

namespace miden {

// Measures the look that makes a result: fills `started_ms` and, unless the look measured something
// of its own, `duration_us`. What is thrown becomes kInconclusive: it is the monitor's fault.
CheckResult timed_look(const std::function<CheckResult(const std::stop_token&)>& look,
                       const std::stop_token& stop);

void add_figure(CheckResult& result, std::string_view name, double value);
// The value is cleaned: it may come from outside. It names no addresses and quotes no error: facts
// are shown to strangers, too.
void add_fact(CheckResult& result, std::string_view label, std::string_view value);
void add_hash(CheckResult& result, std::string_view label, std::string_view value);

// The result stays what it is, but is no better than this.
void worsen(CheckResult& result, Outcome outcome, Reason reason, std::string error);

// A line that does by hand what a look does.
std::string grpcurl_line(const ServiceUrl& url, std::string_view method,
                         std::string_view request = "{}");

}  // namespace miden
