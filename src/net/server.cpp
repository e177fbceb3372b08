#include "net/server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_interceptor.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include "telemetry/log.hpp"

namespace miden {
namespace {

constexpr int kWindowBytes = 1 << 20;
constexpr int kMaxMetadataBytes = 16 << 10;

// gRPC writes to standard error; what it has to say is ours to log, and only its failures are for
// operators.
void log_of_grpc(gpr_log_func_args* args) {
  if (args->severity == GPR_LOG_SEVERITY_ERROR) {
    log_debug("grpc", {{"file", args->file}, {"line", args->line}, {"text", args->message}});
  }
}

void route_grpc_log() {
  static std::once_flag once;
  std::call_once(once, [] { gpr_set_log_function(log_of_grpc); });
}

// Whether the address can be bound, asked of the system: gRPC only says that it cannot.
Result<void> check_can_bind(const SocketAddress& address) {
  const auto refused = [&](int error) {
    return fail("BindFailed",
                fmt::format("cannot listen on {}: {}", address.to_string(), std::strerror(error)));
  };
  const int fd = socket(address.is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return refused(errno);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  int result = 0;
  if (address.is_v6) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(address.port);
    inet_pton(AF_INET6, address.ip.c_str(), &to.sin6_addr);
    result = bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(address.port);
    inet_pton(AF_INET, address.ip.c_str(), &to.sin_addr);
    result = bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  // Binding alone succeeds beside a listener when both allow reuse; listening does not.
  if (result == 0) result = listen(fd, 1);
  const int error = errno;
  close(fd);
  if (result != 0) return refused(error);
  return {};
}

// gRPC answers a message that does not parse with UNIMPLEMENTED and no text, as if the method did
// not exist. Handlers always give a text.
class DecodeFailure final : public grpc::experimental::Interceptor {
 public:
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(
            grpc::experimental::InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = methods->GetSendStatus();
      if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED &&
          status.error_message().empty()) {
        methods->ModifySendStatus(
            {grpc::StatusCode::INTERNAL, "failed to decode Protobuf message"});
      }
    }
    methods->Proceed();
  }
};

class DecodeFailureFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo*) override {
    return new DecodeFailure();  // the call's
  }
};

}  // namespace

struct GrpcServer::State {
  SocketAddress listen;
  std::unique_ptr<grpc::Server> server;
  bool is_shut_down = false;
};

GrpcServer::GrpcServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

GrpcServer::~GrpcServer() { shutdown(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(const ServerOptions& options,
                                                      const std::vector<grpc::Service*>& services) {
  route_grpc_log();
  TRY(check_can_bind(options.listen));

  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.listen.to_string(), grpc::InsecureServerCredentials(), &port);
  for (grpc::Service* service : services) builder.RegisterService(service);

  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<DecodeFailureFactory>());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));

  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.SetMaxSendMessageSize(-1);
  // Neither direction is compressed; a compressed request is UNIMPLEMENTED.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetDefaultCompressionAlgorithm(GRPC_COMPRESS_NONE);
  // A second server on the same port must be told so instead of sharing it.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kWindowBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  // Clients of the suite ping every 20 s, also without calls; that must not cost them the
  // connection.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  if (options.max_connection_age) {
    builder.AddChannelArgument(
        GRPC_ARG_MAX_CONNECTION_AGE_MS,
        static_cast<int>(std::min<int64_t>(options.max_connection_age->count(), INT_MAX)));
  }

  auto state = std::make_unique<State>();
  state->server = builder.BuildAndStart();
  if (!state->server || port == 0) {
    return fail("BindFailed", fmt::format("cannot listen on {}", options.listen.to_string()));
  }
  state->listen = options.listen;
  state->listen.port = static_cast<uint16_t>(port);
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(state)));
}

uint16_t GrpcServer::port() const { return state_->listen.port; }

std::string GrpcServer::address() const { return state_->listen.to_string(); }

void GrpcServer::shutdown(std::chrono::milliseconds grace) {
  if (state_->is_shut_down) return;
  state_->is_shut_down = true;
  state_->server->Shutdown(std::chrono::system_clock::now() + grace);
  state_->server->Wait();
}

std::shared_ptr<grpc::Channel> GrpcServer::in_process_channel() {
  return state_->server->InProcessChannel({});
}

}  // namespace miden
