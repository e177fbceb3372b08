// Watches a node catch up, for catch_up.py: prints the seconds from the first block that it is seen
// with to the last, and how many blocks came meanwhile.
//
// usage: await_tip ADDRESS TIP
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "rpc.grpc.pb.h"

namespace miden {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kBetweenQuestions(20);
constexpr int kReconnectMs = 100;
constexpr std::chrono::minutes kPatience(10);

// Connects as soon as the node listens: nothing of what it does then may be missed.
std::shared_ptr<grpc::Channel> impatient_channel(const std::string& address) {
  grpc::ChannelArguments arguments;
  for (const char* backoff :
       {GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
        GRPC_ARG_MAX_RECONNECT_BACKOFF_MS}) {
    arguments.SetInt(backoff, kReconnectMs);
  }
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

void watch(const std::string& address, uint32_t target) {
  const auto stub = ::rpc::Api::NewStub(impatient_channel(address));
  const Clock::time_point deadline = Clock::now() + kPatience;
  uint32_t first = 0;
  Clock::time_point since;
  for (uint32_t tip = 0; tip < target;) {
    if (Clock::now() > deadline) throw std::runtime_error(fmt::format("still at block {}", tip));
    std::this_thread::sleep_for(kBetweenQuestions);
    // Not Status: the reference's full node asks its source for it.
    // Waiting for a connection is what makes gRPC look for one.
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + kPatience);
    ::rpc::BlockHeaderByNumberResponse header;
    // Not Status: the reference's full node asks its source for it.
    if (!stub->GetBlockHeaderByNumber(&context, {}, &header).ok()) continue;
    tip = header.block_header().block_num();
    if (tip == 0 || first != 0) continue;
    first = tip;
    since = Clock::now();
  }
  fmt::print("{:.6f} {}\n", std::chrono::duration<double>(Clock::now() - since).count(),
             target - first);
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  try {
    uint32_t target = 0;
    const std::string_view text = argc == 3 ? argv[2] : "";
    if (std::from_chars(text.begin(), text.end(), target).ptr != text.end() || target == 0) {
      fmt::print(stderr, "usage: {} ADDRESS TIP\n", argv[0]);
      return 2;
    }
    miden::watch(argv[1], target);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
  return 0;
}
