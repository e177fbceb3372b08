// Questions about the chain itself.
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "questions.hpp"
#include "rpc.pb.h"

namespace miden {
namespace {

// Every block, and numbers that no block has.
std::vector<uint32_t> block_numbers(const ChainContent& chain) {
  std::vector<uint32_t> numbers;
  for (uint32_t i = 0; i <= chain.tip() + 2; ++i) numbers.push_back(i);
  numbers.insert(numbers.end(), {chain.tip() + 100, 0x7fffffff, 0x80000000, 0xffffffff});
  return numbers;
}

void ask_for_headers(const ChainContent& chain, QuestionList& questions) {
  for (const uint32_t number : block_numbers(chain)) {
    ::rpc::BlockHeaderByNumberRequest request;
    request.set_block_num(number);
    questions.add("GetBlockHeaderByNumber", request);
    request.set_include_mmr_proof(true);
    questions.add("GetBlockHeaderByNumber", request);
  }
  ::rpc::BlockHeaderByNumberRequest latest;
  questions.add("GetBlockHeaderByNumber", latest);
  latest.set_include_mmr_proof(false);
  questions.add("GetBlockHeaderByNumber", latest);
  latest.set_include_mmr_proof(true);
  questions.add("GetBlockHeaderByNumber", latest);
}

void ask_for_blocks(const ChainContent& chain, QuestionList& questions) {
  for (const uint32_t number : block_numbers(chain)) {
    ::blockchain::BlockRequest request;
    request.set_block_num(number);
    questions.add("GetBlockByNumber", request);
    request.set_include_proof(true);
    questions.add("GetBlockByNumber", request);
  }
}

void ask_for_mmr_deltas(const ChainContent& chain, QuestionList& questions) {
  for (const uint32_t height : block_numbers(chain)) {
    for (const int finality : {0, 1, 2, 3, -1}) {
      if (finality < 0 && height % 16 != 0) continue;
      ::rpc::SyncChainMmrRequest request;
      request.set_current_client_block_height(height);
      request.set_finality_level(static_cast<::rpc::FinalityLevel>(finality));
      questions.add("SyncChainMmr", request);
    }
  }
}

void ask_for_health(QuestionList& questions) {
  for (const char* service : {"", "rpc.Api", "grpc.health.v1.Health", "rpc", "nothing"}) {
    ::grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    for (const char* method : {"Check", "Watch"}) {
      questions.add(Question{.group = "health",
                             .path = std::string("/grpc.health.v1.Health/") + method,
                             .body = request.SerializeAsString()});
    }
  }
}

}  // namespace

void ask_about_blocks(const ChainContent& chain, Dice&, QuestionList& questions) {
  questions.add("Status", ::google::protobuf::Empty());
  questions.add("GetLimits", ::google::protobuf::Empty());
  ask_for_headers(chain, questions);
  ask_for_blocks(chain, questions);
  ask_for_mmr_deltas(chain, questions);
  ask_for_health(questions);
}

void ask_for_streams(const ChainContent& chain, QuestionList& questions) {
  const uint32_t tip = chain.tip();
  const auto blocks_from = [&](uint32_t from, uint32_t messages, uint32_t held = 0) {
    ::rpc::BlockSubscriptionRequest request;
    request.set_block_from(from);
    questions.add(Question{.group = "BlockSubscription",
                           .path = "/rpc.Api/BlockSubscription",
                           .body = request.SerializeAsString(),
                           .messages = messages,
                           .held_open = held});
  };
  const auto proofs_from = [&](uint32_t from, uint32_t messages, uint32_t held = 0) {
    ::rpc::ProofSubscriptionRequest request;
    request.set_block_from(from);
    questions.add(Question{.group = "ProofSubscription",
                           .path = "/rpc.Api/ProofSubscription",
                           .body = request.SerializeAsString(),
                           .messages = messages,
                           .held_open = held});
  };
  const uint32_t proven = chain.proven_tip.value;
  blocks_from(0, tip + 1);
  blocks_from(0, 1);
  blocks_from(tip / 2, tip - tip / 2 + 1);
  blocks_from(tip, 1);
  blocks_from(tip, 2);
  for (const uint32_t from : {tip + 1, tip + 100, tip + 101, 0x80000000U, 0xffffffffU}) {
    blocks_from(from, 1);
  }
  proofs_from(0, 1);
  proofs_from(1, proven);
  proofs_from(proven, 1);
  proofs_from(proven, 2);
  for (const uint32_t from : {proven + 1, proven + 100, proven + 101, 0xffffffffU}) {
    proofs_from(from, 1);
  }
  blocks_from(1, 1, 9);
  blocks_from(1, 1, 10);
  blocks_from(1, 1, 0);
  proofs_from(1, 1, 9);
  proofs_from(1, 1, 10);
  proofs_from(1, 1, 0);
}

void ask_too_often(QuestionList& questions) {
  const auto hammer = [&](const char* path) {
    questions.add(
        Question{.group = "rate limit", .path = path, .body = "", .most_repetitions = 2000});
  };
  hammer("/rpc.Api/GetLimits");
  hammer("/grpc.health.v1.Health/Check");
  hammer("/rpc.Api/SubmitProvenTx");
}

}  // namespace miden
