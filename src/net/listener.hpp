// Accepts connections and finds out what they speak.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace miden {

// Everything runs on the thread of one io_context; no thread waits for a connection. A connection
// that has not said enough when its time is up is closed.
class Listener {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  // Takes over a connection and what it has said so far.
  using Taker = std::function<void(Socket connection, std::string first_bytes)>;
  struct Options {
    std::chrono::milliseconds first_bytes_timeout{10'000};
    // Connections whose descriptor has this number or a higher one are closed at once.
    int descriptor_limit = 0;
  };

  // `listen_fd` (net/listen_socket.hpp) becomes the listener's. `http2` takes connections that
  // begin with HTTP/2's preface, `other` all that begin otherwise.
  Listener(boost::asio::io_context& io, int listen_fd, bool is_v6, Options options, Taker http2,
           Taker other);
  ~Listener();

  void start();
  // Closes the socket, and the connections that were not handed over. For good.
  void stop();

 private:
  struct Arrival;

  void wait_for_connections();
  void accept_waiting();
  void pause_accepting();
  void receive(const std::shared_ptr<Arrival>& arrival);
  void take_received(const std::shared_ptr<Arrival>& arrival);
  void forget(const std::shared_ptr<Arrival>& arrival);
  void note_refusal();

  boost::asio::io_context& io_;
  const boost::asio::ip::tcp protocol_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  const Options options_;
  const Taker http2_;
  const Taker other_;
  std::unordered_set<std::shared_ptr<Arrival>> arrivals_;
  std::vector<char> received_;  // what one read gave
  uint64_t refused_ = 0;        // since the last warning
  std::chrono::steady_clock::time_point last_warning_{};
};

}  // namespace miden
