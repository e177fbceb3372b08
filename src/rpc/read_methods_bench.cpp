// What answering costs a node apart from the transport: request to encoded response.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "chain/chain_state.hpp"
#include "chain/test_support/simulated_chain.hpp"
#include "net/convert_account.hpp"
#include "net/convert_primitives.hpp"
#include "rpc.pb.h"
#include "rpc/methods.hpp"

namespace miden {
namespace {

constexpr uint32_t kBlocks = 2'000;
constexpr size_t kAccounts = 10'000;
constexpr uint32_t kRecentBlocks = 10;

struct World {
  World() {
    std::string path = std::filesystem::temp_directory_path() / "rpc_bench_XXXXXX";
    if (mkdtemp(path.data()) == nullptr) std::abort();
    root = path;
    ChainState::bootstrap(root / "data", model.blocks.front()).value();
    ChainOptions options;
    options.store.durability = StoreOptions::Durability::kRelaxed;
    chain = ChainState::open(root / "data", options).value();
    while (model.blocks.size() < kBlocks) chain->apply_block(model.next()).value();
    // Most rows of a chain lie in files.
    chain.reset();
    chain = ChainState::open(root / "data", options).value();
    for (const auto& [id, commitment] : model.state.commitments) {
      (id.is_public() ? public_accounts : private_accounts).push_back(id);
    }
    for (const auto& [block_num, transaction] : model.transactions) {
      if (block_num.value + kRecentBlocks > kBlocks) {
        active_accounts.push_back(transaction.account_id);
      }
    }
  }
  ~World() {
    chain.reset();
    std::filesystem::remove_all(root);
  }

  SimulatedChain model{1, {.new_private = kAccounts * 9 / 10, .new_public = kAccounts / 10}, false};
  std::filesystem::path root;
  std::unique_ptr<ChainState> chain;
  std::vector<AccountId> public_accounts;
  std::vector<AccountId> private_accounts;
  std::vector<AccountId> active_accounts;  // of the newest blocks
};

World& world() {
  static World world;
  return world;
}

template <class Method, class MakeRequest>
void answer(benchmark::State& state, Method method, MakeRequest make_request) {
  world();
  std::mt19937_64 random(1);
  std::vector<decltype(make_request(random))> requests;
  for (int i = 0; i < 512; ++i) requests.push_back(make_request(random));
  size_t asked = 0;
  size_t bytes = 0;
  for (auto _ : state) {
    const auto response = method(*world().chain->view(), requests[asked++ % requests.size()]);
    bytes += response.value().SerializeAsString().size();
  }
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}

template <class T>
const T& any(const std::vector<T>& values, std::mt19937_64& random) {
  return values[random() % values.size()];
}

::rpc::BlockRange recent_blocks(std::mt19937_64& random) {
  ::rpc::BlockRange range;
  range.set_block_from(kBlocks - 1 - static_cast<uint32_t>(random() % (2 * kRecentBlocks)));
  range.set_block_to(std::min(kBlocks - 1, range.block_from() + kRecentBlocks));
  return range;
}

void header(benchmark::State& state) {
  answer(state, get_block_header_by_number, [](std::mt19937_64& random) {
    ::rpc::BlockHeaderByNumberRequest request;
    request.set_block_num(static_cast<uint32_t>(random() % kBlocks));
    return request;
  });
}
BENCHMARK(header)->Unit(benchmark::kMicrosecond);

void header_with_path(benchmark::State& state) {
  answer(state, get_block_header_by_number, [](std::mt19937_64& random) {
    ::rpc::BlockHeaderByNumberRequest request;
    request.set_block_num(static_cast<uint32_t>(random() % kBlocks));
    request.set_include_mmr_proof(true);
    return request;
  });
}
BENCHMARK(header_with_path)->Unit(benchmark::kMicrosecond);

void chain_mmr(benchmark::State& state) {
  answer(state, sync_chain_mmr, [](std::mt19937_64& random) {
    ::rpc::SyncChainMmrRequest request;
    request.set_current_client_block_height(static_cast<uint32_t>(random() % kBlocks));
    return request;
  });
}
BENCHMARK(chain_mmr)->Unit(benchmark::kMicrosecond);

// `range(0)`: how many of five tags have notes.
void notes(benchmark::State& state) {
  answer(state, sync_notes, [&](std::mt19937_64& random) {
    ::rpc::SyncNotesRequest request;
    *request.mutable_block_range() = recent_blocks(random);
    for (int i = 0; i < 5; ++i) {
      request.add_note_tags(i < state.range(0) ? SimulatedChain::tags()[i]
                                               : static_cast<uint32_t>(random()));
    }
    return request;
  });
}
BENCHMARK(notes)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

void transactions(benchmark::State& state) {
  answer(state, sync_transactions, [](std::mt19937_64& random) {
    ::rpc::SyncTransactionsRequest request;
    *request.mutable_block_range() = recent_blocks(random);
    for (int i = 0; i < 2; ++i) {
      *request.add_account_ids() = to_message(any(world().active_accounts, random));
    }
    return request;
  });
}
BENCHMARK(transactions)->Unit(benchmark::kMicrosecond);

void private_account(benchmark::State& state) {
  answer(state, get_account, [](std::mt19937_64& random) {
    ::rpc::AccountRequest request;
    *request.mutable_account_id() = to_message(any(world().private_accounts, random));
    return request;
  });
}
BENCHMARK(private_account)->Unit(benchmark::kMicrosecond);

void public_account_with_everything(benchmark::State& state) {
  answer(state, get_account, [](std::mt19937_64& random) {
    ::rpc::AccountRequest request;
    *request.mutable_account_id() = to_message(any(world().public_accounts, random));
    auto& details = *request.mutable_details();
    *details.mutable_code_commitment() = to_message(Word());
    *details.mutable_asset_vault_commitment() = to_message(Word());
    details.set_all_storage_maps(true);
    return request;
  });
}
BENCHMARK(public_account_with_everything)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace miden
