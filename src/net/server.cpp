#include "net/server.hpp"

#include <absl/synchronization/mutex.h>
#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_interceptor.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <mutex>
#include <thread>

#include "net/front.hpp"
#include "net/listen_socket.hpp"
#include "net/listener.hpp"
#include "net/unknown_method.hpp"
#include "net/web_server.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

constexpr int kWindowBytes = 1 << 20;
constexpr int kMaxMetadataBytes = 16 << 10;
// For what clients have sent and is not handled yet. gRPC counts about a seventh of what a call
// without a message costs; above the limit it closes idle connections, then cancels calls.
constexpr size_t kMinReceiveBytes = size_t{256} << 20;

// gRPC writes to standard error; what it has to say is ours to log, and only its failures are for
// operators.
void log_of_grpc(gpr_log_func_args* args) {
  if (args->severity == GPR_LOG_SEVERITY_ERROR) {
    log_debug("grpc", {{"file", args->file}, {"line", args->line}, {"text", args->message}});
  }
}

void prepare_grpc() {
  static std::once_flag once;
  std::call_once(once, [] {
    gpr_set_log_function(log_of_grpc);
    // Debian builds Abseil for debugging: each lock that gRPC takes would look for deadlocks, in a
    // graph behind one lock of its own.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  });
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
      grpc::experimental::ServerRpcInfo* call) override {
    // Of such calls, unknown methods among them, gRPC decodes nothing by itself.
    if (call->type() == grpc::experimental::ServerRpcInfo::Type::BIDI_STREAMING) return nullptr;
    return new DecodeFailure();  // the call's
  }
};

void configure(grpc::ServerBuilder& builder, const ServerOptions& options) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<DecodeFailureFactory>());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));

  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.SetMaxSendMessageSize(-1);
  // Neither direction is compressed; a compressed request is UNIMPLEMENTED.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetDefaultCompressionAlgorithm(GRPC_COMPRESS_NONE);
  builder.SetResourceQuota(grpc::ResourceQuota("server").Resize(
      std::max(kMinReceiveBytes, 8 * options.max_message_bytes)));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kWindowBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  // For a client that has sent HTTP/2's preface and nothing more.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             static_cast<int>(options.first_bytes_timeout.count()));
  // Clients of the suite ping every 20 s, also without calls; that must not cost them the
  // connection.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  // What connects a front with gRPC lives as long as the front's clients.
  if (options.max_connection_age && options.quick_methods == nullptr) {
    builder.AddChannelArgument(
        GRPC_ARG_MAX_CONNECTION_AGE_MS,
        static_cast<int>(std::min<int64_t>(options.max_connection_age->count(), INT_MAX)));
  }
}

}  // namespace

// The listener finds out what a connection speaks. HTTP/2 is handed with what was read of it to
// gRPC (an external connection, which differs in nothing from one that gRPC accepted) or to the
// front that stands before it, the rest is for browsers. Listener and browsers share one thread:
// they move bytes, the services have gRPC's threads.
struct GrpcServer::State {
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  explicit State(const ServerOptions& with) : options(with) {}

  void start(int listen_fd) {
    if (options.serves_browsers) {
      web.emplace(io, server->InProcessChannel(unlimited()),
                  WebOptions{.request_timeout = options.request_timeout,
                             .max_connection_age = options.max_connection_age});
    }
    const auto give_to_grpc = [this, listen_fd](int fd, const std::string& first_bytes) {
      const grpc::Slice slice(first_bytes);
      Acceptor::NewConnectionParameters parameters;
      parameters.listener_fd = listen_fd;
      parameters.fd = fd;
      parameters.read_buffer = grpc::ByteBuffer(&slice, 1);
      acceptor->HandleNewConnection(&parameters);
    };
    if (options.quick_methods != nullptr) {
      front.emplace(Front::Options{.max_connection_age = options.max_connection_age,
                                   .settling_timeout = options.first_bytes_timeout},
                    *options.quick_methods, [give_to_grpc](int fd) { give_to_grpc(fd, {}); });
    }
    const Listener::Taker to_http2 = [this, give_to_grpc](Listener::Socket connection,
                                                          std::string first_bytes) {
      const int fd = connection.release();
      if (front) {
        front->take(fd, std::move(first_bytes));
      } else {
        give_to_grpc(fd, first_bytes);
      }
    };
    const Listener::Taker to_web = [this](Listener::Socket connection, std::string first_bytes) {
      if (web) web->serve(std::move(connection), std::move(first_bytes));
    };
    listener.emplace(io, listen_fd, options.listen.is_v6,
                     Listener::Options{.first_bytes_timeout = options.first_bytes_timeout,
                                       .descriptor_limit = connection_descriptor_limit()},
                     to_http2, to_web);
    listener->start();
    thread = std::jthread([this] { run(); });
  }

  // Until `io` is stopped.
  void run() {
    while (!io.stopped()) {
      try {
        io.run();
      } catch (const std::exception& error) {
        log_error("connection failed", {{"cause", error.what()}});
      }
    }
  }

  static grpc::ChannelArguments unlimited() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    return arguments;
  }

  // On the io thread, and waits for it.
  template <class Work>
  auto on_io_thread(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto result = task.get_future();
    boost::asio::post(io, std::ref(task));
    return result.get();
  }

  void shut_down(std::chrono::milliseconds grace) {
    const auto deadline = std::chrono::system_clock::now() + grace;
    on_io_thread([this] {
      listener->stop();
      if (web) web->finish();
    });
    if (front) front->finish();
    server->Shutdown(deadline);
    server->Wait();
    if (front) {
      while (std::chrono::system_clock::now() < deadline && !front->is_empty()) {
        std::this_thread::sleep_for(kPoll);
      }
      front->stop();
    }
    if (web) {
      // Their calls have ended; what remains is to be read by them.
      while (std::chrono::system_clock::now() < deadline && !web_is_empty()) {
        std::this_thread::sleep_for(kPoll);
      }
      on_io_thread([this] { web->abort(); });
      while (!web_is_empty()) std::this_thread::sleep_for(kPoll);
    }
    io.stop();
    thread.join();
  }
  bool web_is_empty() {
    return on_io_thread([this] { return web->is_empty(); });
  }
  static constexpr std::chrono::milliseconds kPoll{2};

  ServerOptions options;
  std::unique_ptr<UnknownMethods> unknown_methods;
  std::unique_ptr<Acceptor> acceptor;
  std::unique_ptr<grpc::Server> server;
  std::optional<Front> front;
  std::optional<WebServer> web;  // outlives the handlers that `io` may still hold
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  std::optional<Listener> listener;
  std::jthread thread;
  bool is_shut_down = false;
};

GrpcServer::GrpcServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

GrpcServer::~GrpcServer() { shutdown(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(const ServerOptions& options,
                                                      const std::vector<grpc::Service*>& services) {
  prepare_grpc();
  auto state = std::make_unique<State>(options);
  const int listen_fd = TRY(open_listen_socket(state->options.listen, options.stall_timeout));

  grpc::ServerBuilder builder;
  configure(builder, options);
  state->acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      grpc::InsecureServerCredentials());
  for (grpc::Service* service : services) builder.RegisterService(service);
  if (options.gate != nullptr) {
    state->unknown_methods = std::make_unique<UnknownMethods>(*options.gate);
    builder.RegisterCallbackGenericService(state->unknown_methods.get());
  }
  state->server = builder.BuildAndStart();
  if (!state->server) {
    close(listen_fd);
    return fail("BindFailed", fmt::format("cannot serve on {}", state->options.listen.to_string()));
  }
  state->start(listen_fd);
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(state)));
}

uint16_t GrpcServer::port() const { return state_->options.listen.port; }

std::string GrpcServer::address() const { return state_->options.listen.to_string(); }

void GrpcServer::shutdown(std::chrono::milliseconds grace) {
  if (state_->is_shut_down) return;
  state_->is_shut_down = true;
  state_->shut_down(grace);
}

std::shared_ptr<grpc::Channel> GrpcServer::in_process_channel() {
  return state_->server->InProcessChannel({});
}

}  // namespace miden
