#include "validator/validator.hpp"

#include <fmt/format.h>

#include "telemetry/log.hpp"
#include "validator/check_block.hpp"
#include "validator/validate_transaction.hpp"

namespace miden {
namespace {

std::string report(std::string_view context, const Error& error) {
  return fmt::format("{}: \ncaused by: {}", context, error.message);
}

}  // namespace

Validator::Validator(std::unique_ptr<ValidatorStore> store, SecretKey key,
                     std::shared_ptr<const Engine> engine, Options options)
    : store_(std::move(store)),
      key_(std::move(key)),
      engine_(std::move(engine)),
      options_(options),
      tx_kernel_commitment_(engine_->info().kernel_commitment) {}

Result<std::unique_ptr<Validator>> Validator::make(std::unique_ptr<ValidatorStore> store,
                                                   SecretKey key,
                                                   std::shared_ptr<const Engine> engine,
                                                   Options options) {
  if (store->tip().validator_key != key.public_key()) {
    return fail(
        "ValidatorKeyMismatch",
        fmt::format("validator signing key {} does not match the block's validator key {}; start "
                    "with the key that the chain was bootstrapped with",
                    to_hex(key.public_key().to_wire()),
                    to_hex(store->tip().validator_key.to_wire())));
  }
  return std::unique_ptr<Validator>(
      new Validator(std::move(store), std::move(key), std::move(engine), options));
}

Answer<> Validator::submit(ByteView proven_tx, std::optional<ByteView> tx_inputs) {
  const auto transaction = from_bytes<ProvenTransaction>(proven_tx);
  if (!transaction)
    return invalid_argument(report("Invalid proven transaction", transaction.error()));
  if (!tx_inputs) return invalid_argument("Missing transaction inputs");
  if (store_->has_transaction(transaction->id)) return {};

  const auto executed = validate_transaction(*engine_, *transaction, proven_tx, *tx_inputs,
                                             [&](BlockNum num) { return store_->header(num); });
  if (!executed) {
    const bool undecodable = executed.error().code == "InvalidInputs";
    return invalid_argument(report(
        undecodable ? "Invalid transaction inputs" : "Invalid transaction", executed.error()));
  }
  store_->put_transaction(*transaction, *executed);
  log_debug("transaction validated", {{"transaction", transaction->id},
                                      {"account", transaction->account_id()},
                                      {"ref_block", transaction->ref_block_num}});
  return {};
}

Answer<SignedCommitment> Validator::sign(ByteView proposed_block) {
  const auto proposal = from_bytes<ProposedBlock>(proposed_block);
  if (!proposal) {
    return invalid_argument(report("Failed to deserialize proposed block", proposal.error()));
  }

  const std::lock_guard lock(sign_mutex_);
  const ValidatorView view{
      .tip = store_->tip(),
      .header = [&](BlockNum num) { return store_->header(num); },
      .is_validated = [&](const TransactionId& id) { return store_->has_transaction(id); },
      .key = key_.public_key(),
      .tx_kernel_commitment = tx_kernel_commitment_,
  };
  auto checked = check_block(*proposal, view);
  if (!checked) {
    log_warn("block refused",
             {{"block", proposal->block_num()}, {"reason", checked.error().message}});
    return invalid_argument(report("Failed to validate block", checked.error()));
  }
  const Word commitment = checked->header.commitment();
  if (checked->replaces_tip && !options_.allow_tip_replacement) {
    log_error("a second block at the tip's height was refused",
              {{"block", checked->header.block_num},
               {"signed", view.tip.commitment()},
               {"proposed", commitment},
               {"what_to_do",
                "let the sequencer adopt the signed block, or, if that block was "
                "committed nowhere, restart with --allow-tip-replacement"}});
    return invalid_argument(fmt::format(
        "Failed to validate block: \ncaused by: block {} was already signed with commitment {}; "
        "signing a different one needs the validator's --allow-tip-replacement",
        checked->header.block_num.value, view.tip.commitment().to_hex()));
  }

  // Signing is deterministic (RFC 6979): the block at the tip gets the signature it has.
  const Signature signature = key_.sign(commitment);
  if (!checked->is_tip) {
    // Kept before it is answered: what left this house can be recovered from it.
    store_->put_block({checked->header, std::move(checked->body), signature});
    log_info("block signed", {{"block", checked->header.block_num}, {"commitment", commitment}});
  }
  return SignedCommitment{signature, commitment};
}

ValidatorStanding Validator::standing() const {
  return {tip(), store_->transaction_count(), store_->block_count()};
}

}  // namespace miden
