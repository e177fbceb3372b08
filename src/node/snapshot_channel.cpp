#include "node/snapshot_channel.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

#include "telemetry/log.hpp"

namespace miden {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kSocketName = "snapshot.sock";
constexpr int kBacklog = 4;
constexpr mode_t kOwnerOnly = 0600;
constexpr std::chrono::seconds kRequestTime{5};
constexpr int kStopCheckMs = 100;
constexpr int kAcceptPauseMs = 500;
// One line each way.
constexpr std::string_view kRequest = "checkpoint\n";
constexpr std::string_view kReady = "ready\n";
constexpr std::string_view kRefused = "refused ";
constexpr size_t kMaxAnswerSize = 4096;

std::unexpected<Error> channel_failed(const std::string& doing, int error) {
  return fail("ChannelFailed", fmt::format("{}: {}", doing, std::strerror(error)));
}

Result<FileDescriptor> open_directory(const fs::path& directory) {
  FileDescriptor file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file) return channel_failed("opening " + directory.string(), errno);
  return file;
}

// A socket's path may have 107 characters; a data directory's may be longer, so it is named by its
// descriptor.
sockaddr_un address_in(const FileDescriptor& directory) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/{}", directory.get(), kSocketName);
  std::ranges::copy(path, address.sun_path);
  return address;
}

FileDescriptor make_socket() {
  return FileDescriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

Result<FileDescriptor> listen_in(const fs::path& directory_path) {
  const FileDescriptor directory = TRY(open_directory(directory_path));
  const std::string place = (directory_path / kSocketName).string();
  struct stat status;
  if (lstat(place.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) unlink(place.c_str());
  FileDescriptor listener = make_socket();
  const sockaddr_un address = address_in(directory);
  // Before bind, so that the name never exists with more permissions than this.
  if (!listener || fchmod(listener.get(), kOwnerOnly) != 0 ||
      bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener.get(), kBacklog) != 0) {
    return channel_failed("listening on " + place, errno);
  }
  return listener;
}

// Short enough for the buffer of a connection that has sent nothing else.
bool send_line(const FileDescriptor& connection, std::string_view line) {
  return send(connection.get(), line.data(), line.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(line.size());
}

std::string refusal(std::string why) {
  std::ranges::replace(why, '\n', ' ');
  return fmt::format("{}{}\n", kRefused, why.substr(0, kMaxAnswerSize / 2));
}

}  // namespace

struct SnapshotChannel::Client {
  FileDescriptor connection;
  Clock::time_point request_due;
  std::string request;
  bool has_checkpoint = false;
};

Result<std::unique_ptr<SnapshotChannel>> SnapshotChannel::open(const fs::path& data_directory,
                                                               const ChainState& chain) {
  FileDescriptor listener = TRY(listen_in(data_directory));
  FileDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return channel_failed("making an event", errno);
  return std::unique_ptr<SnapshotChannel>(
      new SnapshotChannel(data_directory, chain, std::move(listener), std::move(wake)));
}

std::unique_ptr<SnapshotChannel> SnapshotChannel::open_if_possible(const fs::path& data_directory,
                                                                   const ChainState& chain) {
  Result<std::unique_ptr<SnapshotChannel>> opened = open(data_directory, chain);
  if (opened) return *std::move(opened);
  log_warn("snapshots of this node can only be taken while it is stopped",
           {{"reason", opened.error()}});
  return nullptr;
}

SnapshotChannel::SnapshotChannel(const fs::path& data_directory, const ChainState& chain,
                                 FileDescriptor listener, FileDescriptor wake)
    : data_directory_(data_directory),
      chain_(chain),
      listener_(std::move(listener)),
      wake_(std::move(wake)) {
  remove_checkpoint();
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

SnapshotChannel::~SnapshotChannel() {
  thread_.request_stop();
  thread_.join();
  std::error_code ignored;
  fs::remove(data_directory_ / kSocketName, ignored);
}

void SnapshotChannel::remove_checkpoint() const {
  std::error_code error;
  fs::remove_all(checkpoint_directory(data_directory_), error);
  if (!error) return;
  log_warn(
      "cannot remove a checkpoint that nobody needs any more",
      {{"directory", checkpoint_directory(data_directory_).string()}, {"reason", error.message()}});
}

void SnapshotChannel::serve(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { eventfd_write(wake_.get(), 1); });
  std::optional<Client> client;
  while (!stop.stop_requested()) {
    std::array<pollfd, 3> waiting = {{{wake_.get(), POLLIN, 0},
                                      {listener_.get(), POLLIN, 0},
                                      {client ? client->connection.get() : -1, POLLIN, 0}}};
    int timeout_ms = -1;
    if (client && !client->has_checkpoint) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(client->request_due - Clock::now());
      timeout_ms = std::max(0, static_cast<int>(left.count()));
    }
    poll(waiting.data(), waiting.size(), timeout_ms);
    if (client) {
      const bool is_late = !client->has_checkpoint && Clock::now() >= client->request_due;
      const bool goes_on = waiting[2].revents == 0 || take_input(*client);
      if (is_late || !goes_on) {
        if (client->has_checkpoint) remove_checkpoint();
        client.reset();
      }
    }
    if (waiting[1].revents == 0) continue;
    FileDescriptor connection(
        accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) {
      // Out of descriptors, say: the same connection would be offered again at once.
      poll(waiting.data(), 1, kAcceptPauseMs);
      continue;
    }
    if (client) {
      send_line(connection, refusal("another snapshot is being taken"));
    } else {
      client = Client{std::move(connection), Clock::now() + kRequestTime, {}, false};
    }
  }
  if (client && client->has_checkpoint) remove_checkpoint();
}

bool SnapshotChannel::take_input(Client& client) {
  std::array<char, 64> input;
  const ssize_t size = recv(client.connection.get(), input.data(), input.size(), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  // Behind its request a client has nothing to say until it goes.
  if (size == 0 || client.has_checkpoint) return false;
  client.request.append(input.data(), static_cast<size_t>(size));
  if (kRequest.starts_with(client.request)) {
    return client.request.size() < kRequest.size() || answer_request(client);
  }
  send_line(client.connection, refusal("this is no request that this node knows"));
  return false;
}

bool SnapshotChannel::answer_request(Client& client) {
  const auto began = Clock::now();
  try {
    client.has_checkpoint = true;  // also if it is half of one
    fs::create_directory(checkpoint_directory(data_directory_));
    chain_.checkpoint(checkpoint_directory(data_directory_));
  } catch (const std::exception& error) {
    log_error("no checkpoint could be made for a snapshot", {{"reason", error.what()}});
    send_line(client.connection, refusal(error.what()));
    return false;
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
  log_info("checkpoint made for a snapshot", {{"tip", chain_.tip()}, {"ms", took.count()}});
  return send_line(client.connection, kReady);
}

Result<std::optional<RequestedCheckpoint>> RequestedCheckpoint::ask(const fs::path& data_directory,
                                                                    const std::stop_token& stop) {
  const FileDescriptor directory = TRY(open_directory(data_directory));
  FileDescriptor connection = make_socket();
  const sockaddr_un address = address_in(directory);
  const std::string place = (data_directory / kSocketName).string();
  if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    // No socket, or one that a killed process left.
    if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
    return channel_failed("asking the node through " + place, errno);
  }
  // A node that is busy says so without waiting for the request, and closes.
  if (!send_line(connection, kRequest) && errno != EPIPE) {
    return channel_failed("asking the node through " + place, errno);
  }

  std::string answer;
  while (!answer.ends_with('\n')) {
    if (stop.stop_requested()) return fail("Stopped", "stopped before the end");
    pollfd waiting{connection.get(), POLLIN, 0};
    if (poll(&waiting, 1, kStopCheckMs) <= 0) continue;
    std::array<char, 256> input;
    const ssize_t size = recv(connection.get(), input.data(), input.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size <= 0 || answer.size() > kMaxAnswerSize) {
      return fail("ChannelFailed", "the node ended before it answered");
    }
    answer.append(input.data(), static_cast<size_t>(size));
  }
  if (answer == kReady) return RequestedCheckpoint(std::move(connection));
  answer.pop_back();
  const bool is_refusal = answer.starts_with(kRefused);
  return fail("CheckpointRefused",
              "the node says: " + answer.substr(is_refusal ? kRefused.size() : 0));
}

}  // namespace miden
