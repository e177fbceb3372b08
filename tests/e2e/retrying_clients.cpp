// retrying_clients ADDRESS SECONDS: clients that ask the public API something and, when that fails,
// the same again, and one that follows the chain; for tests of what stands between them and nodes.
//
// Prints what became of the calls as one line of JSON. Exit status 1: a call failed in a way that
// asking again did not cure, or the chain had a gap.
#include <fmt/format.h>
#include <grpcpp/create_channel.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "protocol/block.hpp"
#include "rpc.grpc.pb.h"

namespace miden {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kCallers = 8;
constexpr int kAttempts = 4;
constexpr auto kPause = 200ms;
constexpr auto kCallTime = 10s;

struct Outcome {
  std::mutex mutex;  // guards what follows
  uint64_t calls = 0;
  std::map<std::string, uint64_t> cured;    // by what was wrong at first
  std::map<std::string, uint64_t> uncured;  // by what was wrong at last
  uint64_t blocks = 0;
  uint64_t subscriptions = 0;
};

// A channel that shares no connection with others: each caller is a client of its own.
std::shared_ptr<grpc::Channel> connect_to(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::string to_text(const grpc::Status& status) {
  return fmt::format("{} {}", static_cast<int>(status.error_code()), status.error_message());
}

void call_until_it_works(Outcome& outcome,
                         const std::function<grpc::Status(grpc::ClientContext&)>& call) {
  std::string first;
  std::string last;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kPause);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallTime);
    const grpc::Status status = call(context);
    last = status.ok() ? "" : to_text(status);
    if (attempt == 0) first = last;
    if (status.ok()) break;
  }
  const std::scoped_lock lock(outcome.mutex);
  ++outcome.calls;
  if (!last.empty()) {
    ++outcome.uncured[last];
  } else if (!first.empty()) {
    ++outcome.cured[first];
  }
}

void make_calls(const std::string& address, Clock::time_point end, Outcome& outcome) {
  const auto stub = ::rpc::Api::NewStub(connect_to(address));
  for (uint64_t round = 0; Clock::now() < end; ++round) {
    call_until_it_works(outcome, [&](grpc::ClientContext& context) {
      switch (round % 3) {
        case 0: {
          ::rpc::RpcStatus response;
          return stub->Status(&context, {}, &response);
        }
        case 1: {
          ::rpc::BlockHeaderByNumberRequest request;
          request.set_block_num(0);
          ::rpc::BlockHeaderByNumberResponse response;
          return stub->GetBlockHeaderByNumber(&context, request, &response);
        }
        default: {
          ::blockchain::BlockRequest request;
          ::blockchain::MaybeBlock response;
          return stub->GetBlockByNumber(&context, request, &response);
        }
      }
    });
  }
}

// Every block once, in order, whatever happens to the streams.
void follow_chain(const std::string& address, Clock::time_point end, Outcome& outcome) {
  const auto stub = ::rpc::Api::NewStub(connect_to(address));
  uint32_t next = 0;
  while (Clock::now() < end) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + (end - Clock::now()));
    ::rpc::BlockSubscriptionRequest request;
    request.set_block_from(next);
    const auto stream = stub->BlockSubscription(&context, request);
    ::rpc::BlockSubscriptionResponse response;
    std::string fault;
    while (fault.empty() && stream->Read(&response)) {
      const auto block = from_bytes<SignedBlock>(as_bytes(response.block()));
      if (!block || block->header.block_num.value != next) {
        fault = fmt::format("block {} did not come next", next);
      }
      ++next;
    }
    if (!fault.empty()) context.TryCancel();
    const grpc::Status status = stream->Finish();
    {
      const std::scoped_lock lock(outcome.mutex);
      ++outcome.subscriptions;
      outcome.blocks = next;
      if (!fault.empty()) ++outcome.uncured[fault];
      // Asking again is the cure; whether it worked, the number of blocks tells.
      if (status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) {
        ++outcome.cured["stream: " + to_text(status)];
      }
    }
    std::this_thread::sleep_for(kPause);
  }
}

std::string quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return quoted + '"';
}

std::string to_json(const std::map<std::string, uint64_t>& counts) {
  std::string json;
  for (const auto& [text, count] : counts) {
    json += fmt::format("{}{}: {}", json.empty() ? "" : ", ", quoted(text), count);
  }
  return "{" + json + "}";
}

int run(const std::string& address, int seconds) {
  Outcome outcome;
  const Clock::time_point end = Clock::now() + std::chrono::seconds(seconds);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kCallers; ++i) {
      threads.emplace_back([&] { make_calls(address, end, outcome); });
    }
    threads.emplace_back([&] { follow_chain(address, end, outcome); });
  }
  fmt::print(
      "{{\"calls\": {}, \"cured\": {}, \"uncured\": {}, \"blocks\": {}, "
      "\"subscriptions\": {}}}\n",
      outcome.calls, to_json(outcome.cured), to_json(outcome.uncured), outcome.blocks,
      outcome.subscriptions);
  return outcome.uncured.empty() ? 0 : 1;
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: retrying_clients ADDRESS SECONDS\n";
    return 2;
  }
  return miden::run(argv[1], std::atoi(argv[2]));
}
