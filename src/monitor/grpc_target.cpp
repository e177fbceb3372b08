#include "monitor/grpc_target.hpp"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

namespace miden {
namespace {

std::shared_ptr<grpc::Channel> connect(const ServiceUrl& url, size_t most_answer_bytes) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(most_answer_bytes));
  arguments.SetMaxSendMessageSize(-1);
  // The limit above is one of compressed bytes: a few of them could fill the memory.
  arguments.SetInt(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1 << GRPC_COMPRESS_NONE);
  // Otherwise channels to one address share a connection, and what is remembered of its failures.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Whoever waits longer has a deadline of its own.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 120'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, url.is_tls ? 1 : 0);
  auto credentials = url.is_tls ? grpc::SslCredentials(grpc::SslCredentialsOptions())
                                : grpc::InsecureChannelCredentials();
  return grpc::CreateCustomChannel("dns:///" + url.authority(), credentials, arguments);
}

}  // namespace

GrpcTarget::GrpcTarget(ServiceUrl url, size_t most_answer_bytes)
    : url_(std::move(url)), most_answer_bytes_(most_answer_bytes) {}

std::string GrpcTarget::shown() const {
  const bool has_usual_port = url_.port == (url_.is_tls ? 443 : 80);
  const std::string host =
      url_.host.find(':') == std::string::npos ? url_.host : fmt::format("[{}]", url_.host);
  return fmt::format("{}://{}{}/", url_.is_tls ? "https" : "http", host,
                     has_usual_port ? "" : fmt::format(":{}", url_.port));
}

std::shared_ptr<grpc::Channel> GrpcTarget::channel() {
  const std::lock_guard lock(mutex_);
  if (!channel_) channel_ = connect(url_, most_answer_bytes_);
  return channel_;
}

Fault GrpcTarget::fault_of(const Status& status, std::chrono::milliseconds timeout) {
  const bool lost_connection =
      status.code == StatusCode::kUnavailable || status.code == StatusCode::kDeadlineExceeded ||
      status.code == StatusCode::kInternal || status.code == StatusCode::kUnknown;
  if (lost_connection) {
    const std::lock_guard lock(mutex_);
    channel_.reset();
  }
  return fault_of_call(status, url_.authority(), timeout);
}

}  // namespace miden
