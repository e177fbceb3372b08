// What the monitor sees of a note transport: its health. SIGUSR1 makes it NOT_SERVING, SIGUSR2
// SERVING again.
#include <signal.h>

#include <cstdlib>
#include <string>

#include "grpc/health/v1/health.grpc.pb.h"
#include "net/server.hpp"

namespace {

using ::grpc::health::v1::HealthCheckResponse;

class Health final : public ::grpc::health::v1::Health::CallbackService {
 public:
  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const ::grpc::health::v1::HealthCheckRequest*,
                                  HealthCheckResponse* response) override {
    response->set_status(serves ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  std::atomic<bool> serves = true;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  // Before the server's threads, which inherit it.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGUSR1, SIGUSR2, SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Health health;
  miden::ServerOptions options;
  options.listen = {.ip = "127.0.0.1", .port = static_cast<uint16_t>(std::stoi(argv[1]))};
  const auto server = miden::GrpcServer::start(options, {&health});
  if (!server) return EXIT_FAILURE;
  while (true) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == SIGTERM || signal == SIGINT) return EXIT_SUCCESS;
    health.serves = signal == SIGUSR2;
  }
}
