#include "rpc/submit_proven_tx_batch.hpp"

#include <fmt/format.h>

#include "engine/prove_batch.hpp"
#include "rpc/submission_checks.hpp"
#include "telemetry/log.hpp"
#include "types/transaction.pb.h"

namespace miden {
namespace {

template <class T>
Answer<T> decoded(std::string_view field, std::string_view bytes) {
  Result<T> value = from_bytes<T>(as_bytes(bytes));
  if (!value) {
    return invalid_argument(
        fmt::format("invalid {}: \ncaused by: {}", field, value.error().message));
  }
  return std::move(*value);
}

// There is no proof of a batch as such yet: what it must be follows from its transactions.
Answer<> check_proof(const ProvenBatch& claimed, const ProposedBatch& proposed,
                     TransactionVerifier& verifier, const std::stop_token& stop) {
  const Result<ProvenBatch> proven = prove_batch(proposed, verifier, stop);
  if (!proven) {
    const Error& error = proven.error();
    if (error.code == "Stopped") return refuse(StatusCode::kCancelled, error.message);
    if (error.code == "EnginePanic") {
      log_error("verification gave up", {{"batch.id", proposed.id()}, {"cause", error}});
      return refuse(StatusCode::kInternal,
                    "batch proof verification task failed: " + error.message);
    }
    return invalid_argument("proposed block proof failed: \ncaused by: " + error.message);
  }
  if (*proven != claimed) return invalid_argument("batch proof did not match proposed batch");
  return {};
}

}  // namespace

Answer<CheckedBatch> check_batch_submission(const StateView& view, TransactionVerifier& verifier,
                                            const ::transaction::TransactionBatch& request,
                                            bool is_network_authorized,
                                            const std::stop_token& stop) {
  const ProvenBatch claimed = TRY(decoded<ProvenBatch>("proven_batch", request.batch_proof()));
  if (!request.has_proposed_batch()) return invalid_argument("missing `proposed_batch` field");
  const ProposedBatch proposed =
      TRY(decoded<ProposedBatch>("proposed_batch", request.proposed_batch()));

  TRY(check_reference_block(view, claimed.reference_block_num, claimed.reference_block_commitment));
  const auto& transactions = proposed.transactions();
  if (static_cast<size_t>(request.transaction_inputs_size()) != transactions.size()) {
    return invalid_argument(
        fmt::format("Number of inputs {} does not match number of transaction {} in batch",
                    request.transaction_inputs_size(), transactions.size()));
  }
  if (!is_network_authorized) TRY(check_network_accounts(view, transactions));
  TRY(check_proof(claimed, proposed, verifier, stop));

  CheckedBatch checked;
  for (size_t i = 0; i < transactions.size(); ++i) {
    checked.transactions.push_back(
        {.transaction = transactions[i],
         .bytes = std::string(as_string_view(to_bytes(*transactions[i]))),
         .inputs = request.transaction_inputs(static_cast<int>(i))});
  }
  checked.proven_batch = request.batch_proof();
  checked.proposed_batch = request.proposed_batch();
  return checked;
}

}  // namespace miden
