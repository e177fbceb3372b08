#include "monitor/http_server.hpp"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "monitor/events.hpp"
#include "monitor/http_session.hpp"
#include "monitor/page.hpp"
#include "monitor/public_picture.hpp"
#include "monitor/watch.hpp"
#include "net/listen_socket.hpp"
#include "net/listener.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;

// For the streams' last words.
constexpr std::chrono::milliseconds kGoodbyeTimeout{500};

}  // namespace

// Two threads: one for all connections; one that waits for pictures, renders them and hands over
// what changed. A tick comes from the second, so that it means: this monitor still watches.
struct MonitorServer::Parts final : HttpService {
  Parts(const MonitorServerOptions& with, PictureSource from)
      : chosen(with),
        source(std::move(from)),
        feed(source.picture()->boot, page_layout(*shown_picture())) {}

  ~Parts() override {
    publisher.request_stop();
    if (publisher.joinable()) publisher.join();
    asio::post(io, [this] { say_goodbye(); });
    if (connections.joinable()) connections.join();
  }

  void start(int listen_fd) {
    listener.emplace(
        io, listen_fd, chosen.listen.is_v6,
        Listener::Options{.first_bytes_timeout = chosen.head_timeout,
                          .descriptor_limit = connection_descriptor_limit()},
        [](Listener::Socket, const std::string&) {},  // HTTP/2 without TLS: nobody's browser
        [this](Listener::Socket connection, const std::string& first_bytes) {
          take(std::move(connection), first_bytes);
        });
    listener->start();
    render_and_send(false);
    connections = std::jthread([this] { io.run(); });
    publisher = std::jthread([this](const std::stop_token& stop) { publish_changes(stop); });
  }

  // ---- on the thread of the connections

  void take(Listener::Socket connection, const std::string& first_bytes) {
    if (sessions.size() >= chosen.max_connections) return;  // closed by leaving
    const auto session = std::make_shared<HttpSession>(*this, std::move(connection), first_bytes);
    sessions.insert(session);
    session->start();
  }

  const MonitorServerOptions& options() const override { return chosen; }

  HttpAnswer answer(const HttpRequest& request) override {
    return answer_to(request, *shown_picture(), clock(true), streams.size());
  }

  bool add_stream(const std::shared_ptr<HttpSession>& session) override {
    if (streams.size() >= chosen.max_streams || is_ending) return false;
    streams.insert(session);
    return true;
  }

  std::string first_events(std::string_view known_id) override {
    // Who has just loaded the page must not be shown what was before.
    if (source.picture()->sequence != rendered_sequence) render_and_send(false);
    const std::lock_guard lock(feed_mutex);
    std::string events = feed.hello(chosen.clock->wall_ms());
    if (known_id != feed.id()) events += feed.snapshot();
    return events;
  }

  void forget(const std::shared_ptr<HttpSession>& session) override {
    streams.erase(session);
    sessions.erase(session);
    if (is_ending && streams.empty()) io.stop();
  }

  void broadcast(const std::shared_ptr<const std::string>& event) {
    const auto receivers = streams;  // they may leave while we look at them
    for (const auto& stream : receivers) stream->send_event(event);
  }

  void say_goodbye() {
    is_ending = true;
    listener->stop();
    if (streams.empty()) return io.stop();
    const auto bye = std::make_shared<const std::string>(EventFeed::bye());
    const auto receivers = streams;
    for (const auto& stream : receivers) stream->end_stream(bye);
    deadline.expires_after(kGoodbyeTimeout);
    deadline.async_wait([this](const boost::system::error_code&) { io.stop(); });
  }

  // ---- on the thread that publishes

  void publish_changes(const std::stop_token& stop) {
    uint64_t seen = source.picture()->sequence;
    Steady::time_point next_tick = Steady::now() + chosen.tick_interval;
    while (!stop.stop_requested()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(next_tick - Steady::now());
      if (left.count() > 0) source.wait_for_change(seen, left, stop);
      if (stop.stop_requested()) return;
      const bool is_time = Steady::now() >= next_tick;
      seen = render_and_send(is_time);
      if (is_time) next_tick = Steady::now() + chosen.tick_interval;
      rest(stop);
    }
  }

  // Several checks may report within a second: they make one update.
  void rest(const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait_for(lock, stop, chosen.least_update_gap,
                                           [] { return false; });
  }

  // ---- on both

  // Sends to all streams what the newest picture changes. Gives its sequence.
  uint64_t render_and_send(bool with_tick) {
    std::string event;
    uint64_t sequence = 0;
    {
      const std::lock_guard lock(feed_mutex);
      sequence = source.picture()->sequence;
      event = feed.update(render_fragments(*shown_picture(), clock(false)));
      if (with_tick) event += feed.tick(chosen.clock->wall_ms());
      rendered_sequence = sequence;
    }
    if (!event.empty()) {
      asio::post(io, [this, shared = std::make_shared<const std::string>(std::move(event))] {
        broadcast(shared);
      });
    }
    return sequence;
  }

  // What may be shown of the newest picture.
  std::shared_ptr<const Picture> shown_picture() {
    std::shared_ptr<const Picture> newest = source.picture();
    if (!chosen.is_public) return newest;
    const std::lock_guard lock(shown_mutex);
    if (shown_of != newest) {
      shown = public_picture(*newest);
      shown_of = std::move(newest);
    }
    return shown;
  }

  PageClock clock(bool writes_ages) const {
    return {.now_ms = chosen.clock->wall_ms(), .writes_ages = writes_ages};
  }

  MonitorServerOptions chosen;
  PictureSource source;
  std::mutex shown_mutex;  // guards the next two
  std::shared_ptr<const Picture> shown_of, shown;
  std::mutex feed_mutex;  // guards the feed: one writes what comes next, the other what came before
  EventFeed feed;
  std::atomic<uint64_t> rendered_sequence{0};

  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
  asio::steady_timer deadline{io};
  std::optional<Listener> listener;
  std::unordered_set<std::shared_ptr<HttpSession>> sessions;
  std::unordered_set<std::shared_ptr<HttpSession>> streams;  // of the sessions
  bool is_ending = false;

  std::jthread connections;
  std::jthread publisher;
};

MonitorServer::MonitorServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
MonitorServer::~MonitorServer() = default;

Result<std::unique_ptr<MonitorServer>> MonitorServer::start(const MonitorServerOptions& options,
                                                            PictureSource source) {
  if (options.frame_ancestors.empty() ||
      options.frame_ancestors.find_first_of(std::string_view("\r\n;,\0", 5)) != std::string::npos) {
    return fail("InvalidFrameAncestors", "who may frame the page must be a list of origins");
  }
  auto parts = std::make_unique<Parts>(options, std::move(source));
  const int fd = TRY(open_listen_socket(parts->chosen.listen, options.write_timeout));
  parts->start(fd);
  return std::unique_ptr<MonitorServer>(new MonitorServer(std::move(parts)));
}

Result<std::unique_ptr<MonitorServer>> MonitorServer::start(const MonitorServerOptions& options,
                                                            const Watch& watch) {
  return start(options,
               PictureSource{.picture = [&watch] { return watch.picture(); },
                             .wait_for_change =
                                 [&watch](uint64_t sequence, std::chrono::milliseconds timeout,
                                          const std::stop_token& stop) {
                                   return watch.wait_for_change(sequence, timeout, stop);
                                 }});
}

uint16_t MonitorServer::port() const { return parts_->chosen.listen.port; }
std::string MonitorServer::address() const { return parts_->chosen.listen.to_string(); }

}  // namespace miden
