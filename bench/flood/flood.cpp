// flood URL KIND SECONDS CALLERS FILE...: so many callers submit transactions for so long, each as
// soon as its last one is answered. KIND: garbage (random bytes), damaged (a proof with one byte
// changed, another one each time) or valid (as they are). FILE holds a
// transaction.ProvenTransaction, as `counter_client make` writes it. Prints how often each status
// was the answer.
#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <cstdio>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/read_file.hpp"
#include "monitor/counter_rpc.hpp"
#include "net/channel.hpp"
#include "rpc.grpc.pb.h"

namespace miden {
namespace {

using Stub = ::rpc::Api::Stub;

// Of the end of a transaction: opened values of its proof, so that it decodes and does not verify.
constexpr size_t kDamagedBytes = 4096;

struct Plan {
  std::string url, kind;
  int seconds = 0, callers = 0;
  std::vector<::transaction::ProvenTransaction> transactions = {};
};

std::optional<Plan> read_plan(int argc, char** argv) {
  if (argc < 6) return std::nullopt;
  Plan plan;
  plan.url = argv[1];
  plan.kind = argv[2];
  const std::string_view seconds = argv[3], callers = argv[4];
  std::from_chars(seconds.data(), seconds.data() + seconds.size(), plan.seconds);
  std::from_chars(callers.data(), callers.data() + callers.size(), plan.callers);
  for (int i = 5; i < argc; ++i) {
    const Result<Bytes> file = read_file(argv[i]);
    if (!file || !plan.transactions.emplace_back().ParseFromArray(file->data(),
                                                                  static_cast<int>(file->size()))) {
      return std::nullopt;
    }
  }
  return plan.seconds > 0 && plan.callers > 0 ? std::optional(std::move(plan)) : std::nullopt;
}

void spoil(::transaction::ProvenTransaction& request, const std::string& kind,
           std::mt19937_64& random) {
  std::string& bytes = *request.mutable_transaction();
  if (kind == "garbage") {
    for (char& byte : bytes) byte = static_cast<char>(random());
  } else if (kind == "damaged") {
    char& byte = bytes[bytes.size() - 1 - random() % std::min(bytes.size(), kDamagedBytes)];
    byte = static_cast<char>(byte ^ 1);
  }
}

int flood(const Plan& plan) {
  const auto url = ServiceUrl::parse(plan.url);
  if (!url) return 1;
  const auto genesis =
      fetch_block_header(make_channel(*url), kGenesis, {.timeout = std::chrono::seconds(10)});
  if (!genesis) {
    fmt::print(stderr, "{}: {}\n", plan.url, genesis.error().message);
    return 1;
  }
  const std::string accept = accept_of_network(genesis->commitment());
  std::map<std::string, size_t> answers;
  std::mutex mutex;  // guards answers
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(plan.seconds);
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < plan.callers; ++caller) {
      callers.emplace_back([&, caller] {
        std::mt19937_64 random(static_cast<uint64_t>(caller));
        const auto stub = ::rpc::Api::NewStub(make_channel(*url));
        std::map<std::string, size_t> own;
        for (size_t turn = static_cast<size_t>(caller); std::chrono::steady_clock::now() < end;
             ++turn) {
          auto request = plan.transactions[turn % plan.transactions.size()];
          spoil(request, plan.kind, random);
          const auto answer =
              call_unary<Stub, ::transaction::ProvenTransaction, ::blockchain::BlockNumber>(
                  *stub, &Stub::SubmitProvenTx, request,
                  {.timeout = std::chrono::seconds(30), .accept = accept});
          ++own[answer ? "OK" : std::string(to_string(answer.error().code))];
        }
        const std::scoped_lock lock(mutex);
        for (const auto& [code, count] : own) answers[code] += count;
      });
    }
  }
  for (const auto& [code, count] : answers) fmt::print("{} {}\n", code, count);
  return 0;
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  const auto plan = miden::read_plan(argc, argv);
  if (!plan) {
    fmt::print(stderr, "usage: flood URL garbage|damaged|valid SECONDS CALLERS FILE...\n");
    return 2;
  }
  return miden::flood(*plan);
}
