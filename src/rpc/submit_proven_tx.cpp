#include "rpc/submit_proven_tx.hpp"

#include <fmt/format.h>

#include "rpc/submission_checks.hpp"
#include "telemetry/log.hpp"
#include "types/transaction.pb.h"

namespace miden {
namespace {

Answer<> check_proof(TransactionVerifier& verifier, ByteView bytes, const TransactionId& id) {
  const Result<void> verified = verifier.verify(bytes);
  if (verified) return {};
  if (verified.error().code == "EnginePanic") {
    log_error("verification gave up", {{"transaction", id}, {"cause", verified.error()}});
    return refuse(StatusCode::kInternal,
                  "transaction proof verification task failed: " + verified.error().message);
  }
  return invalid_argument(
      fmt::format("Invalid proof for transaction {}: {}", id.to_hex(), verified.error().message));
}

}  // namespace

Answer<CheckedTransaction> check_submission(const StateView& view, TransactionVerifier& verifier,
                                            const ::transaction::ProvenTransaction& request,
                                            bool is_network_authorized) {
  Result<ProvenTransaction> decoded =
      from_bytes<ProvenTransaction>(as_bytes(request.transaction()));
  if (!decoded)
    return invalid_argument("invalid transaction: \ncaused by: " + decoded.error().message);
  auto transaction = std::make_shared<const ProvenTransaction>(std::move(*decoded));

  TRY(check_reference_block(view, transaction->ref_block_num, transaction->ref_block_commitment));
  TRY(transaction->check_notes());
  if (!is_network_authorized) TRY(check_network_accounts(view, std::span(&transaction, 1)));

  // Decoding has dropped what the proof does not cover, debug information of scripts: what is
  // verified is what is handed on, however it was sent.
  CheckedTransaction checked;
  checked.bytes = as_string_view(to_bytes(*transaction));
  TRY(check_proof(verifier, as_bytes(checked.bytes), transaction->id));
  checked.transaction = std::move(transaction);
  if (request.has_transaction_inputs()) checked.inputs = request.transaction_inputs();
  return checked;
}

}  // namespace miden
