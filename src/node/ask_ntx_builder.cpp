#include "node/ask_ntx_builder.hpp"

#include "internal/ntx_builder.grpc.pb.h"
#include "net/channel.hpp"

namespace miden {

AskNtxBuilder::AskNtxBuilder(const ServiceUrl& url, std::chrono::milliseconds timeout)
    : channel_(make_channel(url)), timeout_(timeout) {}

Answer<::rpc::GetNetworkNoteStatusResponse> AskNtxBuilder::network_note_status(
    const ::note::NoteId& request, const CallerHeaders& caller) {
  using Stub = ::ntx_builder::Api::Stub;
  CallOptions options{.timeout = timeout_};
  if (caller.accept) options.accept = *caller.accept;
  const auto stub = ::ntx_builder::Api::NewStub(channel_);
  auto answer = call_unary<Stub, ::note::NoteId, ::rpc::GetNetworkNoteStatusResponse>(
      *stub, &Stub::GetNetworkNoteStatus, request, options, stop_.get_token());
  if (!answer && stop_.stop_requested()) {
    return refuse(StatusCode::kUnavailable, "server is shutting down");
  }
  return answer;
}

}  // namespace miden
