// Serves the monitor's page from pictures of a network that does not exist. Commands on standard
// input, a line each:
//
//   show NAME    a scene of scenes.cpp
//   stall        no more signs of life, as if the monitor hung
//   go on        the end of that
//
// The end of the input is the end of the program. Answers with "serving PORT", then a line for each
// command. The clock starts at 2026-01-15 10:42:00 UTC and goes on from there.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <string>

#include "monitor/http_server.hpp"
#include "scenes.hpp"

namespace {

using namespace miden;

constexpr int64_t kStart = 1'768'473'720'000;

class ScriptedClock final : public Clock {
 public:
  int64_t wall_ms() const override { return kStart + steady_us() / 1000; }
  int64_t steady_us() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 started_)
        .count();
  }
  bool wait_until(std::unique_lock<std::mutex>&, std::condition_variable_any&,
                  const std::stop_token&, int64_t,
                  const std::function<bool()>& ready) const override {
    return ready();
  }

 private:
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

// What a watch is to the server.
class Stage {
 public:
  Stage(std::shared_ptr<const Clock> clock, const std::string& scene) : clock_(std::move(clock)) {
    show(scene);
  }

  std::shared_ptr<const Picture> picture() const {
    const std::lock_guard lock(mutex_);
    return picture_;
  }

  std::shared_ptr<const Picture> wait_for_change(uint64_t sequence,
                                                 std::chrono::milliseconds timeout,
                                                 const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, timeout, [&] { return picture_->sequence > sequence; });
    changed_.wait(lock, stop, [&] { return !is_stalled_; });
    return picture_;
  }

  void show(const std::string& name) {
    auto picture = std::make_shared<Picture>(make_scene(name, clock_->wall_ms()));
    const std::lock_guard lock(mutex_);
    picture->sequence = ++sequence_;
    if (name != "stuck") picture->taken_ms += 3'600'000;  // it will do until the end
    picture_ = std::move(picture);
    changed_.notify_all();
  }

  void set_stalled(bool is_stalled) {
    const std::lock_guard lock(mutex_);
    is_stalled_ = is_stalled;
    changed_.notify_all();
  }

 private:
  const std::shared_ptr<const Clock> clock_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::shared_ptr<const Picture> picture_;
  uint64_t sequence_ = 0;
  bool is_stalled_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  MonitorServerOptions options;
  options.listen = {.ip = "127.0.0.1", .port = 0};
  options.clock = std::make_shared<ScriptedClock>();
  std::string scene = "well";
  CLI::App app("Serves the monitor's page from pictures of a network that does not exist");
  app.add_flag("--public", options.is_public);
  app.add_option("--port", options.listen.port);
  app.add_option("--streams", options.max_streams);
  app.add_option("--scene", scene);
  int64_t least_update_gap_ms = options.least_update_gap.count();
  app.add_option("--update-gap-ms", least_update_gap_ms);
  CLI11_PARSE(app, argc, argv);
  options.least_update_gap = std::chrono::milliseconds(least_update_gap_ms);
  Stage stage(options.clock, scene);
  const auto server = MonitorServer::start(
      options,
      {.picture = [&] { return stage.picture(); },
       .wait_for_change =
           [&](uint64_t sequence, std::chrono::milliseconds timeout, const std::stop_token& stop) {
             return stage.wait_for_change(sequence, timeout, stop);
           }});
  if (!server) {
    fmt::print(stderr, "Error: {}\n", server.error().message);
    return EXIT_FAILURE;
  }
  std::cout << "serving " << (*server)->port() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.starts_with("show ")) {
      stage.show(line.substr(5));
    } else if (line == "stall" || line == "go on") {
      stage.set_stalled(line == "stall");
    } else {
      std::cout << "unknown command" << std::endl;
      continue;
    }
    std::cout << "done" << std::endl;
  }
  return EXIT_SUCCESS;
}
