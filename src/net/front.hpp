// Stands before a gRPC server: takes HTTP/2 connections, answers quick calls itself and passes all
// others on.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/quick_method.hpp"

namespace miden {

// Some threads, each with connections of its own, so that a quick call is read, answered and sent
// by one thread that wakes no other. Everything may be called from any thread.
class Front {
 public:
  struct Options {
    size_t threads = 0;  // 0: one a processor
    // After about this age a connection is asked to close; calls on it may finish.
    std::optional<std::chrono::milliseconds> max_connection_age;
    // A client that has sent HTTP/2's preface and nothing more by then is cut off.
    std::chrono::milliseconds settling_timeout{10'000};
  };

  // `methods` must outlive the front. `connect` gives gRPC one end of a connection.
  Front(const Options& options, const QuickMethods& methods, std::function<void(int fd)> connect);
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  // Takes over a connection that has said so much already. The socket must not block.
  void take(int fd, std::string first_bytes);

  // Asks all clients to close. Their calls may finish, also those that were passed on.
  void finish();
  bool is_empty() const;
  // Cuts off what is left.
  void stop();

 private:
  class Worker;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<size_t> taken_ = 0;
};

}  // namespace miden
