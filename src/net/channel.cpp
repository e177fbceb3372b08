#include "net/channel.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

namespace miden {

std::shared_ptr<grpc::Channel> make_channel(const ServiceUrl& url, const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  arguments.SetMaxSendMessageSize(-1);
  // Nobody of the network compresses, and the limit above is one of compressed bytes: a few of them
  // could fill the memory.
  arguments.SetInt(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1 << GRPC_COMPRESS_NONE);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  // Services of one network talk directly; a proxy of the environment is for the outside world.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, url.is_tls ? 1 : 0);
  auto credentials = url.is_tls ? grpc::SslCredentials(grpc::SslCredentialsOptions())
                                : grpc::InsecureChannelCredentials();
  return grpc::CreateCustomChannel("dns:///" + url.authority(), credentials, arguments);
}

void prepare_call(grpc::ClientContext& context, const CallOptions& options) {
  if (options.timeout) context.set_deadline(std::chrono::system_clock::now() + *options.timeout);
  if (!options.accept.empty()) context.AddMetadata("accept", options.accept);
  for (const auto& [name, value] : options.metadata) context.AddMetadata(name, value);
}

Status status_of_call(const grpc::Status& status) {
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return {StatusCode::kCancelled, "Timeout expired"};
  }
  return from_grpc(status);
}

}  // namespace miden
