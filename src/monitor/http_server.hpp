// miden-network-monitor's web server: the page, its live updates, the API and the metrics.
// spec/prover-and-monitor.md B13, B14; notes/dashboard.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.hpp"
#include "monitor/clock.hpp"
#include "monitor/picture.hpp"
#include "net/address.hpp"

namespace miden {

class Watch;

struct MonitorServerOptions {
  SocketAddress listen = {.ip = "0.0.0.0", .port = 3000};
  // For strangers' eyes: no targets, worker names and error texts, anywhere.
  bool is_public = false;
  // Who may show the page in a frame, as Content-Security-Policy writes it.
  std::string frame_ancestors = "'none'";
  size_t max_connections = 1024;
  size_t max_streams = 256;                           // of them, of live updates
  std::chrono::milliseconds write_timeout{10'000};    // of a client that does not read
  std::chrono::milliseconds head_timeout{10'000};     // of a request
  std::chrono::milliseconds idle_timeout{75'000};     // between two requests
  std::chrono::milliseconds least_update_gap{1'000};  // between two updates of the page
  std::chrono::milliseconds tick_interval{5'000};     // of signs of life
  std::shared_ptr<const Clock> clock = system_clock();
};

// Where pictures come from: a Watch, or whatever a test makes up. Called from several threads.
struct PictureSource {
  // The newest; never null, never waits.
  std::function<std::shared_ptr<const Picture>()> picture;
  // As Watch::wait_for_change().
  std::function<std::shared_ptr<const Picture>(uint64_t sequence, std::chrono::milliseconds timeout,
                                               const std::stop_token& stop)>
      wait_for_change;
};

// Plain HTTP/1.1, GET and HEAD. Nothing that a client does or leaves undone delays a check or
// another client: connections, streams and what waits to be sent are bounded, who does not read is
// cut. A request starts no check.
class MonitorServer {
 public:
  // Errors: BindFailed, InvalidFrameAncestors.
  static Result<std::unique_ptr<MonitorServer>> start(const MonitorServerOptions& options,
                                                      PictureSource source);
  // The watch must outlive the server.
  static Result<std::unique_ptr<MonitorServer>> start(const MonitorServerOptions& options,
                                                      const Watch& watch);
  // Says good-bye to the streams and closes all connections.
  ~MonitorServer();
  MonitorServer(const MonitorServer&) = delete;
  MonitorServer& operator=(const MonitorServer&) = delete;

  uint16_t port() const;
  std::string address() const;

 private:
  struct Parts;
  explicit MonitorServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace miden
