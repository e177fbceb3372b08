#include "producer/validator_client.hpp"

#include "internal/validator.grpc.pb.h"
#include "net/channel.hpp"
#include "net/convert_block.hpp"
#include "net/convert_primitives.hpp"

namespace miden {
namespace {

using Stub = ::validator::Api::Stub;

// The peer answered, but not with what its interface promises.
std::unexpected<Status> malformed(const Error& error) {
  return refuse(StatusCode::kInternal, "validator's answer is malformed: " + error.message);
}

Result<BlockSignature> read_signature(const ::blockchain::SignBlockResponse& response) {
  return BlockSignature{.signature = READ_FIELD(response, signature),
                        .block_commitment = READ_FIELD(response, block_commitment)};
}

}  // namespace

ValidatorClient::ValidatorClient(const ValidatorClientOptions& options)
    : timeout_(options.timeout), channel_(make_channel(options.url)) {}

Answer<> ValidatorClient::submit(ByteView proven_transaction,
                                 std::optional<ByteView> transaction_inputs,
                                 const std::stop_token& stop) {
  ::transaction::ProvenTransaction request;
  request.set_transaction(proven_transaction.data(), proven_transaction.size());
  if (transaction_inputs) {
    request.set_transaction_inputs(transaction_inputs->data(), transaction_inputs->size());
  }
  const auto stub = ::validator::Api::NewStub(channel_);
  TRY((call_unary<Stub, ::transaction::ProvenTransaction, ::google::protobuf::Empty>(
      *stub, &Stub::SubmitProvenTransaction, request, {.timeout = timeout_}, stop)));
  return {};
}

Answer<BlockSignature> ValidatorClient::sign(ByteView proposed_block, const std::stop_token& stop) {
  ::blockchain::ProposedBlock request;
  request.set_proposed_block(proposed_block.data(), proposed_block.size());
  const auto stub = ::validator::Api::NewStub(channel_);
  const ::blockchain::SignBlockResponse response =
      TRY((call_unary<Stub, ::blockchain::ProposedBlock, ::blockchain::SignBlockResponse>(
          *stub, &Stub::SignBlock, request, {.timeout = timeout_}, stop)));
  Result<BlockSignature> signature = read_signature(response);
  if (!signature) return malformed(signature.error());
  return std::move(*signature);
}

Answer<BlockNum> ValidatorClient::signed_tip(const std::stop_token& stop) {
  const auto stub = ::validator::Api::NewStub(channel_);
  const ::validator::ValidatorStatus status =
      TRY((call_unary<Stub, ::google::protobuf::Empty, ::validator::ValidatorStatus>(
          *stub, &Stub::Status, {}, {.timeout = timeout_}, stop)));
  return BlockNum{status.chain_tip()};
}

Answer<> ValidatorClient::signed_blocks(BlockNum first, const std::function<bool(Bytes)>& take,
                                        const std::stop_token& stop) {
  ::validator::BlockSubscriptionRequest request;
  request.set_block_from(first.value);
  grpc::ClientContext context;
  prepare_call(context, {.timeout = std::nullopt});
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });

  const auto stub = ::validator::Api::NewStub(channel_);
  const auto stream = stub->BlockSubscription(&context, request);
  ::validator::BlockSubscriptionResponse response;
  while (stream->Read(&response)) {
    const ByteView bytes = as_bytes(response.block());
    const bool is_last = first.value >= response.committed_chain_tip();
    const bool wants_more = take(Bytes(bytes.begin(), bytes.end()));
    // A stream that waits for blocks yet to be signed is of no use here.
    if (is_last || !wants_more) {
      context.TryCancel();
      stream->Finish();
      return {};
    }
    first = first.next();
  }
  const grpc::Status status = stream->Finish();
  if (!status.ok()) return std::unexpected(status_of_call(status));
  return {};
}

}  // namespace miden
