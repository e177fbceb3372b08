// Why an attempt to learn something failed, in the monitor's words.
#pragma once

#include <string>
#include <string_view>

#include "monitor/check.hpp"
#include "net/status.hpp"

namespace miden {

struct Fault {
  Reason reason = Reason::kLocal;
  int code = 0;      // of kGrpc and kHttp
  std::string text;  // one sentence, cleaned
};

// Of a gRPC call to `peer` ("host:port") that did not end well.
Fault fault_of_call(const Status& status, std::string_view peer, std::chrono::milliseconds timeout);

// "10 s", "1 min 30 s", "250 ms"
std::string in_words(std::chrono::milliseconds duration);

// A result that is not kOk because of this: kInconclusive where the fault is the monitor's, else
// kFailed. `details` and the reference's word are those of an answer that never came (B6, B7).
CheckResult failed_result(const Fault& fault);

}  // namespace miden
