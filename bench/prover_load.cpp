// Has provers prove one transaction over and over: how many proofs a minute?
//
//   prover_load INPUTS_FILE PROOFS CALLS_AT_ONCE URL...
//
// Prints the seconds that PROOFS proofs took, with CALLS_AT_ONCE calls under way at each prover.
// Ends with 1 when a call fails.
#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/read_file.hpp"
#include "net/channel.hpp"
#include "remote_prover.grpc.pb.h"

namespace miden {
namespace {

using Api = ::remote_prover::Api;

struct Plan {
  ::remote_prover::ProofRequest request;
  int proofs = 0;
  int calls_at_once = 0;
  std::vector<ServiceUrl> urls;
};

Result<int> positive_number(std::string_view text) {
  int number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number < 1) {
    return fail("InvalidNumber", fmt::format("'{}' is not a positive number", text));
  }
  return number;
}

Result<Plan> read_plan(const std::vector<std::string_view>& arguments) {
  if (arguments.size() < 4) {
    return fail("Usage", "prover_load INPUTS_FILE PROOFS CALLS_AT_ONCE URL...");
  }
  Plan plan;
  const Bytes inputs = TRY(read_file(arguments[0]));
  plan.request.set_proof_type(::remote_prover::TRANSACTION);
  plan.request.set_payload(inputs.data(), inputs.size());
  plan.proofs = TRY(positive_number(arguments[1]));
  plan.calls_at_once = TRY(positive_number(arguments[2]));
  for (size_t i = 3; i < arguments.size(); ++i) {
    plan.urls.push_back(TRY(ServiceUrl::parse(arguments[i])));
  }
  return plan;
}

// Seconds.
Result<double> run(const Plan& plan) {
  std::atomic<int> left = plan.proofs;
  std::atomic<bool> has_failed = false;
  const auto started = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> callers;
    for (const ServiceUrl& url : plan.urls) {
      for (int i = 0; i < plan.calls_at_once; ++i) {
        callers.emplace_back([&plan, &left, &has_failed, &url] {
          const auto stub = Api::NewStub(make_channel(url));
          while (left-- > 0 && !has_failed) {
            const auto proof =
                call_unary<Api::Stub, ::remote_prover::ProofRequest, ::remote_prover::Proof>(
                    *stub, &Api::Stub::Prove, plan.request, {.timeout = std::chrono::minutes(10)});
            if (proof && !proof->payload().empty()) continue;
            fmt::print(stderr, "{}: {}\n", url.to_string(), proof ? "" : proof.error().message);
            has_failed = true;
          }
        });
      }
    }
  }
  if (has_failed) return fail("Failed", "a proof was not made");
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  const auto plan = miden::read_plan({argv + 1, argv + argc});
  const auto seconds = plan ? miden::run(*plan) : std::unexpected(plan.error());
  if (!seconds) {
    fmt::print(stderr, "Error: {}\n", seconds.error().message);
    return 1;
  }
  fmt::print("{:.3f}\n", *seconds);
}
