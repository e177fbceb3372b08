#include "rpc/submission_checks.hpp"

#include <fmt/format.h>

namespace miden {
namespace {

// The reference's classifier takes no more, and what asks for more is INTERNAL. §18.2
constexpr size_t kMaxClassified = 1000;

}  // namespace

Answer<> check_reference_block(const StateView& view, BlockNum block_num, const Word& commitment) {
  const std::optional<Word> of_chain = view.block_commitment(block_num);
  if (!of_chain) return invalid_argument(fmt::format("unknown block {}", block_num.value));
  if (*of_chain != commitment) {
    return invalid_argument(
        fmt::format("reference block's commitment {} at block {} does not match the chain's "
                    "commitment of {}",
                    commitment.to_hex(), block_num.value, of_chain->to_hex()));
  }
  return {};
}

Answer<> check_network_accounts(
    const StateView& view, std::span<const std::shared_ptr<const ProvenTransaction>> transactions) {
  std::vector<AccountId> candidates;
  for (const auto& transaction : transactions) {
    const bool is_deployment = transaction->account_update.initial_commitment.is_zero();
    if (is_deployment || !transaction->account_id().is_public()) continue;
    candidates.push_back(transaction->account_id());
  }
  if (candidates.size() > kMaxClassified) {
    return refuse(StatusCode::kInternal,
                  fmt::format("network-account classification failed: parameter account_id "
                              "exceeded limit {}: {}",
                              kMaxClassified, candidates.size()));
  }
  if (candidates.empty() || view.network_accounts(candidates).empty()) return {};
  return invalid_argument("Network transactions may not be submitted by users yet");
}

}  // namespace miden
