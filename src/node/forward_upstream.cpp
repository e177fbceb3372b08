#include "node/forward_upstream.hpp"

#include "net/channel.hpp"
#include "rpc.grpc.pb.h"

namespace miden {
namespace {

using Stub = ::rpc::Api::Stub;

CallOptions options_of(const CallerHeaders& caller, std::chrono::milliseconds timeout) {
  CallOptions options{.timeout = timeout};
  if (caller.accept) options.accept = *caller.accept;
  if (caller.network_tx_auth) {
    options.metadata.emplace_back("x-miden-network-tx-auth", *caller.network_tx_auth);
  }
  return options;
}

}  // namespace

Answer<BlockNum> ForwardUpstream::submit(CheckedTransaction transaction,
                                         const CallerHeaders& caller) {
  ::transaction::ProvenTransaction request;
  request.set_transaction(std::move(transaction.bytes));
  if (transaction.inputs) request.set_transaction_inputs(*std::move(transaction.inputs));
  const auto stub = ::rpc::Api::NewStub(sources_.upstream().channel());
  const ::blockchain::BlockNumber answer =
      TRY((call_unary<Stub, ::transaction::ProvenTransaction, ::blockchain::BlockNumber>(
          *stub, &Stub::SubmitProvenTx, request, options_of(caller, timeout_), caller.left)));
  return BlockNum{answer.block_num()};
}

Answer<BlockNum> ForwardUpstream::submit_batch(CheckedBatch batch, const CallerHeaders& caller) {
  ::transaction::TransactionBatch request;
  request.set_batch_proof(std::move(batch.proven_batch));
  request.set_proposed_batch(std::move(batch.proposed_batch));
  for (CheckedTransaction& transaction : batch.transactions) {
    request.add_transaction_inputs(std::move(transaction.inputs).value_or(std::string()));
  }
  const auto stub = ::rpc::Api::NewStub(sources_.upstream().channel());
  const ::blockchain::BlockNumber answer =
      TRY((call_unary<Stub, ::transaction::TransactionBatch, ::blockchain::BlockNumber>(
          *stub, &Stub::SubmitProvenTxBatch, request, options_of(caller, timeout_), caller.left)));
  return BlockNum{answer.block_num()};
}

Answer<::rpc::GetNetworkNoteStatusResponse> ForwardUpstream::network_note_status(
    const ::note::NoteId& request, const CallerHeaders& caller) {
  const auto stub = ::rpc::Api::NewStub(sources_.upstream().channel());
  auto answer = call_unary<Stub, ::note::NoteId, ::rpc::GetNetworkNoteStatusResponse>(
      *stub, &Stub::GetNetworkNoteStatus, request, options_of(caller, timeout_), stop_.get_token());
  if (!answer && stop_.stop_requested()) {
    return refuse(StatusCode::kUnavailable, "server is shutting down");
  }
  return answer;
}

ProducerReport UpstreamReport::producer_report() const {
  const std::optional<UpstreamStatus> status = sources_.upstream_status();
  if (!status) return {.version = "-", .status = "unreachable", .chain_tip = {}};
  const UpstreamStatus::Producer& producer = status->producer;
  return {.version = producer.version,
          .status = producer.status,
          .chain_tip = producer.chain_tip,
          .unbatched_transactions = producer.unbatched_transactions,
          .proposed_batches = producer.proposed_batches,
          .proven_batches = producer.proven_batches};
}

}  // namespace miden
