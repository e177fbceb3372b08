#include "net/front.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <random>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

#include "net/front_session.hpp"

namespace miden {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kEventsAtOnce = 64;
// How often ages are looked at, and how long clients have to hear that their connection ends.
constexpr std::chrono::seconds kTick{1};

// As gRPC writes it.
std::string peer_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "unknown";
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return fmt::format("ipv4:{}:{}", text.data(), ntohs(v4.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return fmt::format("ipv6:%5B{}%5D:{}", text.data(), ntohs(v6.sin6_port));
  }
  return "unknown";
}

}  // namespace

// One thread and its connections.
class Front::Worker final : public FrontSession::Host {
 public:
  Worker(const Options& options, const QuickMethods& methods,
         const std::function<void(int)>& connect)
      : options_(options),
        methods_(methods),
        connect_(connect),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (epoll_ < 0 || wake_ < 0) throw std::system_error(errno, std::generic_category(), "epoll");
    change(EPOLL_CTL_ADD, wake_, EPOLLIN, kWakeToken);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~Worker() override {
    stop();
    close(epoll_);
    close(wake_);
  }

  void take(int fd, std::string first_bytes) {
    post([this, fd, first_bytes = std::move(first_bytes)] { add(fd, first_bytes); });
  }
  void finish() {
    post([this] {
      is_finishing_ = true;
      for_all([](Entry& entry) { return entry.session->end(); });
    });
  }
  bool is_empty() const { return open_ == 0; }
  void stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    wake();
    thread_.join();
    open_ -= sessions_.size();
    sessions_.clear();
    // Connections that came too late are closed with their tasks.
    run_tasks();
    sessions_.clear();
  }

 private:
  struct Entry {
    std::unique_ptr<FrontSession> session;
    Clock::time_point settled_by;
    Clock::time_point old_at = Clock::time_point::max();
    bool is_end_announced = false;
    bool has_passage = false;    // and it is watched
    uint32_t client_events = 0;  // that are waited for
    uint32_t passage_events = 0;
  };

  // What an event is about: a session's number and which of its sockets.
  static constexpr uint64_t kWakeToken = 0;
  static uint64_t client_token(uint64_t id) { return id << 1; }
  static uint64_t passage_token(uint64_t id) { return id << 1 | 1; }

  void run(const std::stop_token& stop) {
    std::array<epoll_event, kEventsAtOnce> events;
    Clock::time_point next_tick = Clock::now() + kTick;
    while (!stop.stop_requested()) {
      const int count = epoll_wait(epoll_, events.data(), kEventsAtOnce,
                                   static_cast<int>(std::chrono::milliseconds(kTick).count()));
      for (int i = 0; i < count; ++i) handle(events[static_cast<size_t>(i)]);
      if (const auto now = Clock::now(); now >= next_tick) {
        next_tick = now + kTick;
        end_connections(now);
      }
    }
  }

  void handle(const epoll_event& event) {
    if (event.data.u64 == kWakeToken) return run_tasks();
    const auto found = sessions_.find(event.data.u64 >> 1);
    if (found == sessions_.end()) return;  // gone since the event was collected
    FrontSession& session = *found->second.session;
    const bool is_readable = (event.events & ~uint32_t{EPOLLOUT}) != 0;
    const bool is_of_passage = (event.data.u64 & 1) != 0;
    keep(found->first, found->second,
         is_of_passage ? session.on_passage_ready(is_readable)
                       : session.on_client_ready(is_readable));
  }

  // Waits for what the session waits for now, or lets it go.
  void keep(uint64_t id, Entry& entry, bool is_open) {
    if (!is_open) {
      sessions_.erase(id);
      --open_;
      return;
    }
    const FrontSession& session = *entry.session;
    watch(session.client_fd(), client_token(id), session.client_is_behind(), entry.client_events);
    if (const int fd = session.passage_fd(); fd >= 0) {
      watch(fd, passage_token(id), session.passage_is_behind(), entry.passage_events);
    } else {
      entry.passage_events = 0;  // closing it has ended the watch
    }
  }

  void watch(int fd, uint64_t token, bool is_behind, uint32_t& watched) {
    const uint32_t wanted = EPOLLIN | (is_behind ? uint32_t{EPOLLOUT} : 0);
    if (wanted == watched) return;
    change(watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, wanted, token);
    watched = wanted;
  }

  void change(int operation, int fd, uint32_t events, uint64_t token) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = token;
    epoll_ctl(epoll_, operation, fd, &event);
  }

  void add(int fd, const std::string& first_bytes) {
    if (is_finishing_ || thread_.get_stop_token().stop_requested()) {
      close(fd);
      return;
    }
    const uint64_t id = ++last_id_;
    Entry& entry = sessions_[id];
    entry.session = std::make_unique<FrontSession>(id, fd, peer_of(fd), methods_, *this);
    ++open_;
    entry.settled_by = Clock::now() + options_.settling_timeout;
    if (options_.max_connection_age) {
      // Not all at once that came at once.
      const std::chrono::duration<double> age = *options_.max_connection_age;
      std::uniform_real_distribution<double> about(0.9, 1.1);
      entry.old_at =
          Clock::now() + std::chrono::duration_cast<Clock::duration>(age * about(random_));
    }
    keep(id, entry, entry.session->begin(first_bytes));
  }

  void end_connections(Clock::time_point now) {
    for_all([now](Entry& entry) {
      if (now >= entry.settled_by && !entry.session->is_settled()) return false;
      if (now < entry.old_at) return true;
      if (std::exchange(entry.is_end_announced, true)) return entry.session->end();
      return entry.session->announce_end();
    });
  }

  // `function`: bool(Entry&), whether the session is open.
  template <class Function>
  void for_all(Function function) {
    std::vector<uint64_t> ids;
    for (const auto& [id, entry] : sessions_) ids.push_back(id);
    for (const uint64_t id : ids) {
      Entry& entry = sessions_.at(id);
      keep(id, entry, function(entry));
    }
  }

  int open_passage() override {
    std::array<int, 2> ends{};
    constexpr int kType = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    if (socketpair(AF_UNIX, kType, 0, ends.data()) != 0) return -1;
    connect_(ends[1]);
    return ends[0];
  }

  void cut(uint64_t session, int32_t stream) override {
    post([this, session, stream] {
      const auto found = sessions_.find(session);
      if (found == sessions_.end()) return;
      keep(session, found->second, found->second.session->cut(stream));
    });
  }

  void post(std::function<void()> task) {
    {
      const std::scoped_lock lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake();
  }
  void wake() const {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
  }
  void run_tasks() {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t size = read(wake_, &count, sizeof count);
    std::vector<std::function<void()>> tasks;
    {
      const std::scoped_lock lock(mutex_);
      tasks.swap(tasks_);
    }
    for (const auto& task : tasks) task();
  }

  const Options options_;
  const QuickMethods& methods_;
  const std::function<void(int)> connect_;
  const int epoll_;
  const int wake_;
  std::atomic<size_t> open_ = 0;

  std::mutex mutex_;  // guards tasks_
  std::vector<std::function<void()>> tasks_;

  // The thread's.
  std::unordered_map<uint64_t, Entry> sessions_;
  uint64_t last_id_ = 0;
  bool is_finishing_ = false;
  std::minstd_rand random_{std::random_device()()};

  std::jthread thread_;
};

Front::Front(const Options& options, const QuickMethods& methods,
             std::function<void(int fd)> connect) {
  const size_t threads =
      options.threads > 0 ? options.threads : std::thread::hardware_concurrency();
  for (size_t i = 0; i < std::max<size_t>(threads, 1); ++i) {
    workers_.push_back(std::make_unique<Worker>(options, methods, connect));
  }
}

Front::~Front() { stop(); }

void Front::take(int fd, std::string first_bytes) {
  workers_[taken_++ % workers_.size()]->take(fd, std::move(first_bytes));
}

void Front::finish() {
  for (const auto& worker : workers_) worker->finish();
}

bool Front::is_empty() const {
  return std::ranges::all_of(workers_, [](const auto& worker) { return worker->is_empty(); });
}

void Front::stop() {
  for (const auto& worker : workers_) worker->stop();
}

}  // namespace miden
