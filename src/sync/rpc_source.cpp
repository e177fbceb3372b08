#include "sync/rpc_source.hpp"

#include "net/channel.hpp"
#include "net/convert_primitives.hpp"
#include "rpc.grpc.pb.h"

namespace miden {
namespace {

using Stub = ::rpc::Api::Stub;

// The source answered, but not with what its interface promises.
std::unexpected<Status> malformed(const Error& error) {
  return refuse(StatusCode::kInternal, "malformed Status: " + error.message);
}

Result<UpstreamStatus> read_status(const ::rpc::RpcStatus& message) {
  const auto& producer = message.block_producer();
  const auto& stats = producer.mempool_stats();
  const Word genesis_commitment = READ_FIELD(message, genesis_commitment);
  return UpstreamStatus{
      .genesis_commitment = genesis_commitment,
      .tip = {message.chain_tip()},
      .producer = {.version = producer.version(),
                   .status = producer.status(),
                   .chain_tip = {producer.chain_tip()},
                   .unbatched_transactions = stats.unbatched_transactions(),
                   .proposed_batches = stats.proposed_batches(),
                   .proven_batches = stats.proven_batches()},
  };
}

// Reads a stream to its end. `take`: bool(Response&).
template <class Request, class Response, class Take>
Status read_stream(const std::shared_ptr<grpc::Channel>& channel,
                   std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(
                       grpc::ClientContext*, const Request&),
                   BlockNum from, const CallOptions& options, const Take& take,
                   const std::stop_token& stop) {
  Request request;
  request.set_block_from(from.value);
  grpc::ClientContext context;
  prepare_call(context, options);
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  const auto stub = ::rpc::Api::NewStub(channel);
  const auto stream = (stub.get()->*method)(&context, request);
  Response response;
  while (stream->Read(&response)) {
    if (take(response)) continue;
    context.TryCancel();
    stream->Finish();
    return {};
  }
  const grpc::Status status = stream->Finish();
  if (stop.stop_requested()) return {StatusCode::kUnavailable, "stopping"};
  if (status.ok()) return {StatusCode::kUnavailable, "unexpected end of stream"};
  return from_grpc(status);
}

}  // namespace

RpcSource::RpcSource(const ServiceUrl& url, const Word& genesis_commitment, Metadata metadata)
    : name_(url.to_string()),
      accept_("application/vnd.miden; genesis=" + genesis_commitment.to_hex()),
      metadata_(std::move(metadata)),
      channel_(make_channel(url)) {}

Answer<UpstreamStatus> RpcSource::status(std::chrono::milliseconds timeout,
                                         const std::stop_token& stop) const {
  const auto stub = ::rpc::Api::NewStub(channel_);
  const ::rpc::RpcStatus message =
      TRY((call_unary<Stub, ::google::protobuf::Empty, ::rpc::RpcStatus>(
          *stub, &Stub::Status, {}, {.timeout = timeout, .metadata = metadata_}, stop)));
  Result<UpstreamStatus> status = read_status(message);
  if (!status) return malformed(status.error());
  return std::move(*status);
}

Status RpcSource::blocks(BlockNum from, const TakeBlock& take, const std::stop_token& stop) const {
  return read_stream<::rpc::BlockSubscriptionRequest, ::rpc::BlockSubscriptionResponse>(
      channel_, &Stub::BlockSubscription, from,
      {.timeout = std::nullopt, .accept = accept_, .metadata = metadata_},
      [&](::rpc::BlockSubscriptionResponse& response) {
        return take(std::move(*response.mutable_block()));
      },
      stop);
}

Status RpcSource::proofs(BlockNum from, const TakeProof& take, const std::stop_token& stop) const {
  return read_stream<::rpc::ProofSubscriptionRequest, ::rpc::ProofSubscriptionResponse>(
      channel_, &Stub::ProofSubscription, from,
      {.timeout = std::nullopt, .accept = accept_, .metadata = metadata_},
      [&](::rpc::ProofSubscriptionResponse& response) {
        return take({.block_num = {response.block_num()},
                     .proof = std::move(*response.mutable_proof()),
                     .source_proven_tip = {response.proven_chain_tip()}});
      },
      stop);
}

}  // namespace miden
