#include "net/listener.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <string_view>

#include "telemetry/log.hpp"

namespace miden {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// So that accepting many does not keep those waiting who were accepted before.
constexpr int kAcceptedAtOnce = 64;
constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::minutes kBetweenWarnings{1};
constexpr size_t kReadBytes = 16 << 10;

}  // namespace

// A connection that has not said yet what it speaks.
struct Listener::Arrival {
  explicit Arrival(Socket accepted)
      : socket(std::move(accepted)), deadline(socket.get_executor()) {}
  Socket socket;
  boost::asio::steady_timer deadline;
  std::string bytes;
};

Listener::Listener(boost::asio::io_context& io, int listen_fd, bool is_v6, Options options,
                   Taker http2, Taker other)
    : io_(io),
      protocol_(is_v6 ? tcp::v6() : tcp::v4()),
      acceptor_(io, protocol_, listen_fd),
      pause_(io),
      options_(options),
      http2_(std::move(http2)),
      other_(std::move(other)),
      received_(kReadBytes) {}

Listener::~Listener() = default;

void Listener::start() { wait_for_connections(); }

void Listener::stop() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  // Closing ends what they wait for; the handlers find them gone.
  for (const auto& arrival : arrivals_) {
    arrival->deadline.cancel();
    arrival->socket.close(ignored);
  }
  arrivals_.clear();
}

void Listener::wait_for_connections() {
  acceptor_.async_wait(tcp::acceptor::wait_read, [this](const error_code& error) {
    if (!error) accept_waiting();
  });
}

void Listener::accept_waiting() {
  if (!acceptor_.is_open()) return;
  for (int i = 0; i < kAcceptedAtOnce; ++i) {
    const int fd =
        accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN) return wait_for_connections();
      // No descriptors or no memory: trying again at once would not help. Anything else concerns
      // one connection that is gone already.
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        note_refusal();
        return pause_accepting();
      }
      continue;
    }
    if (fd >= options_.descriptor_limit) {
      close(fd);
      note_refusal();
      continue;
    }
    error_code error;
    Socket socket(io_);
    socket.assign(protocol_, fd, error);
    if (error) {
      close(fd);
      note_refusal();
      continue;
    }
    const auto arrival = std::make_shared<Arrival>(std::move(socket));
    arrivals_.insert(arrival);
    arrival->deadline.expires_after(options_.first_bytes_timeout);
    arrival->deadline.async_wait([this, arrival](const error_code& cancelled) {
      if (!cancelled) forget(arrival);
    });
    take_received(arrival);  // clients speak first: often it is there already
  }
  boost::asio::post(io_, [this] { accept_waiting(); });
}

void Listener::pause_accepting() {
  pause_.expires_after(kPause);
  pause_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) accept_waiting();
  });
}

void Listener::receive(const std::shared_ptr<Arrival>& arrival) {
  arrival->socket.async_wait(Socket::wait_read, [this, arrival](const error_code& error) {
    if (!error) take_received(arrival);
  });
}

void Listener::take_received(const std::shared_ptr<Arrival>& arrival) {
  if (!arrival->socket.is_open()) return;  // its time was up
  const ssize_t count =
      recv(arrival->socket.native_handle(), received_.data(), received_.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return receive(arrival);
  if (count <= 0) return forget(arrival);
  arrival->bytes.append(received_.data(), static_cast<size_t>(count));

  const std::string_view start = std::string_view(arrival->bytes).substr(0, kHttp2Preface.size());
  const bool may_be_http2 = kHttp2Preface.starts_with(start);
  if (may_be_http2 && start.size() < kHttp2Preface.size()) return receive(arrival);
  arrival->deadline.cancel();
  arrivals_.erase(arrival);
  (may_be_http2 ? http2_ : other_)(std::move(arrival->socket), std::move(arrival->bytes));
}

void Listener::forget(const std::shared_ptr<Arrival>& arrival) {
  error_code ignored;
  arrival->deadline.cancel();
  arrival->socket.close(ignored);
  arrivals_.erase(arrival);
}

void Listener::note_refusal() {
  ++refused_;
  const auto now = std::chrono::steady_clock::now();
  if (last_warning_ != std::chrono::steady_clock::time_point() &&
      now - last_warning_ < kBetweenWarnings) {
    return;
  }
  log_warn("connections are refused: too many are open (raise the limit on open files)",
           {{"refused", refused_}, {"descriptor_limit", options_.descriptor_limit}});
  last_warning_ = now;
  refused_ = 0;
}

}  // namespace miden
