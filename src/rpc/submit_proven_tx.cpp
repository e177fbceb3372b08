#include "rpc/submit_proven_tx.hpp"

#include <fmt/format.h>

#include "telemetry/log.hpp"
#include "types/transaction.pb.h"

namespace miden {
namespace {

Answer<> check_reference_block(const StateView& view, const ProvenTransaction& transaction) {
  const BlockNum block_num = transaction.ref_block_num;
  const std::optional<Word> commitment = view.block_commitment(block_num);
  if (!commitment) return invalid_argument(fmt::format("unknown block {}", block_num.value));
  if (*commitment != transaction.ref_block_commitment) {
    return invalid_argument(fmt::format(
        "reference block's commitment {} at block {} does not match the chain's "
        "commitment of {}",
        transaction.ref_block_commitment.to_hex(), block_num.value, commitment->to_hex()));
  }
  return {};
}

// Users may create network accounts; what happens to them afterwards is the transaction builder's.
// §18.3
Answer<> check_network_account(const StateView& view, const ProvenTransaction& transaction) {
  const AccountId& account = transaction.account_id();
  if (transaction.account_update.initial_commitment.is_zero() || !account.is_public()) return {};
  if (view.network_accounts(std::span(&account, 1)).empty()) return {};
  return invalid_argument("Network transactions may not be submitted by users yet");
}

Answer<> check_proof(const Engine& engine, ByteView bytes, const TransactionId& id) {
  const Result<void> verified = engine.verify_transaction(bytes);
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

Answer<CheckedTransaction> check_submission(const StateView& view, const Engine& engine,
                                            const ::transaction::ProvenTransaction& request,
                                            bool is_network_authorized) {
  const ByteView bytes = as_bytes(request.transaction());
  Result<ProvenTransaction> decoded = from_bytes<ProvenTransaction>(bytes);
  if (!decoded)
    return invalid_argument("invalid transaction\ncaused by: " + decoded.error().message);
  auto transaction = std::make_shared<const ProvenTransaction>(std::move(*decoded));

  TRY(check_reference_block(view, *transaction));
  TRY(transaction->check_notes());
  if (!is_network_authorized) TRY(check_network_account(view, *transaction));
  // Of the bytes as they came: decoding has already dropped debug information, which the proof does
  // not cover.
  TRY(check_proof(engine, bytes, transaction->id));

  CheckedTransaction checked;
  checked.bytes = as_string_view(to_bytes(*transaction));
  checked.transaction = std::move(transaction);
  if (request.has_transaction_inputs()) checked.inputs = request.transaction_inputs();
  return checked;
}

}  // namespace miden
