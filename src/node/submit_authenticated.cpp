#include "node/submit_authenticated.hpp"

#include "internal/sequencer.grpc.pb.h"
#include "net/channel.hpp"
#include "net/convert_account.hpp"
#include "net/convert_primitives.hpp"

namespace miden {
namespace {

using Stub = ::sequencer::Api::Stub;

TransactionStanding standing_of(const StateView& view, const ProvenTransaction& transaction) {
  std::vector<Nullifier> nullifiers;
  std::vector<NoteId> unauthenticated_notes;
  for (const InputNoteCommitment& note : transaction.input_notes.notes) {
    nullifiers.push_back(note.nullifier);
    if (note.header) unauthenticated_notes.push_back(note.header->id());
  }
  return view.transaction_standing(transaction.account_id(), nullifiers, unauthenticated_notes);
}

std::string prefix_is_taken(const ProvenTransaction& transaction) {
  return "account ID prefix of " + transaction.account_id().to_hex() + " already exists";
}

// The store's answer in the single-transaction call has no room for spent nullifiers.
Answer<> check_standing(const ProvenTransaction& transaction, const TransactionStanding& standing) {
  if (!standing.account_id_prefix_is_unique) {
    return refuse(StatusCode::kInternal,
                  "failed to get transaction inputs: \ncaused by: " + prefix_is_taken(transaction));
  }
  std::string spent;
  for (const auto& [nullifier, block_num] : standing.nullifiers) {
    if (!block_num) continue;
    spent += (spent.empty() ? "" : ", ") + nullifier.to_hex();
  }
  if (spent.empty()) return {};
  return refuse(
      StatusCode::kInternal,
      "failed to authenticate transaction: \ncaused by: nullifiers already exist: " + spent);
}

::sequencer::AuthInputs auth_inputs(const ProvenTransaction& transaction,
                                    const TransactionStanding& standing) {
  ::sequencer::AuthInputs inputs;
  *inputs.mutable_account_id() = to_message(transaction.account_id());
  if (standing.account_commitment) {
    *inputs.mutable_account_commitment() = to_message(*standing.account_commitment);
  }
  for (const auto& [nullifier, block_num] : standing.nullifiers) {
    ::sequencer::NullifierRecord& record = *inputs.add_nullifiers();
    *record.mutable_nullifier() = to_digest(nullifier);
    record.set_block_num(block_num.value_or(BlockNum{}).value);
  }
  for (const NoteId& note : standing.found_unauthenticated_notes) {
    *inputs.add_found_unauthenticated_notes() = to_digest(note);
  }
  inputs.set_current_block_height(standing.tip.value);
  return inputs;
}

}  // namespace

SubmitAuthenticated::SubmitAuthenticated(const ChainState& chain, const Options& options)
    : chain_(chain),
      timeout_(options.timeout),
      validator_({.url = options.validator_url, .timeout = options.timeout}),
      sequencer_(make_channel(options.sequencer_url)) {}

Answer<> SubmitAuthenticated::validate(const CheckedTransaction& transaction,
                                       const std::stop_token& stop) {
  std::optional<ByteView> inputs;
  if (transaction.inputs) inputs = as_bytes(*transaction.inputs);
  return validator_.submit(as_bytes(transaction.bytes), inputs, stop);
}

Answer<BlockNum> SubmitAuthenticated::submit(CheckedTransaction transaction,
                                             const CallerHeaders& caller) {
  const TransactionStanding standing = standing_of(*chain_.view(), *transaction.transaction);
  TRY(check_standing(*transaction.transaction, standing));
  TRY(validate(transaction, caller.left));

  ::sequencer::AuthenticatedTransaction request;
  request.set_transaction(std::move(transaction.bytes));
  if (standing.account_commitment) {
    *request.mutable_store_account_state() = to_message(*standing.account_commitment);
  }
  for (const NoteId& note : standing.found_unauthenticated_notes) {
    *request.add_notes_authenticated_by_store() = to_digest(note);
  }
  request.set_authentication_height(standing.tip.value);
  const auto stub = ::sequencer::Api::NewStub(sequencer_);
  const ::blockchain::BlockNumber answer =
      TRY((call_unary<Stub, ::sequencer::AuthenticatedTransaction, ::blockchain::BlockNumber>(
          *stub, &Stub::SubmitAuthenticatedTx, request, {.timeout = timeout_}, caller.left)));
  return BlockNum{answer.block_num()};
}

// spec/store-rpc.md §18.5: here the validator comes first, and what the store says of nullifiers is
// the sequencer's to judge.
Answer<BlockNum> SubmitAuthenticated::submit_batch(CheckedBatch batch,
                                                   const CallerHeaders& caller) {
  for (const CheckedTransaction& transaction : batch.transactions) {
    TRY(validate(transaction, caller.left));
  }
  ::sequencer::AuthenticatedTransactionBatch request;
  request.set_proposed_batch(std::move(batch.proposed_batch));
  const std::shared_ptr<const StateView> view = chain_.view();
  for (const CheckedTransaction& transaction : batch.transactions) {
    const TransactionStanding standing = standing_of(*view, *transaction.transaction);
    if (!standing.account_id_prefix_is_unique) {
      return refuse(StatusCode::kInternal, "failed to authenticate transaction: \ncaused by: " +
                                               prefix_is_taken(*transaction.transaction));
    }
    *request.add_auth_inputs() = auth_inputs(*transaction.transaction, standing);
  }
  const auto stub = ::sequencer::Api::NewStub(sequencer_);
  const ::blockchain::BlockNumber answer =
      TRY((call_unary<Stub, ::sequencer::AuthenticatedTransactionBatch, ::blockchain::BlockNumber>(
          *stub, &Stub::SubmitAuthenticatedTxBatch, request, {.timeout = timeout_}, caller.left)));
  return BlockNum{answer.block_num()};
}

}  // namespace miden
