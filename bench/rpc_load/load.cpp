#include "load.hpp"

#include <poll.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "connection.hpp"

namespace miden {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPollMs = 100;
constexpr std::chrono::seconds kPatience{20};

class Loop {
 public:
  Loop(const Target& target, std::span<const Question> questions, const LoadShape& shape)
      : questions_(questions), shape_(shape) {
    for (size_t i = 0; i < shape.connections; ++i) {
      connections_.push_back(std::make_unique<Connection>(target.server, target.accept));
    }
  }

  LoadOutcome run(const std::stop_token& stop) {
    const auto start = Clock::now();
    counting_from_ = start + shape_.warm_up;
    end_ = counting_from_ + shape_.measured;
    for (const auto& connection : connections_) {
      for (size_t i = 0; i < shape_.calls_per_connection; ++i) ask_next(*connection);
      connection->send();
    }
    while (in_flight_ > 0) {
      if (stop.stop_requested()) end_ = std::min(end_, Clock::now());
      if (Clock::now() > end_ + kPatience) throw std::runtime_error("calls stay unanswered");
      exchange();
    }
    outcome_.seconds = std::chrono::duration<double>(end_ - counting_from_).count();
    return std::move(outcome_);
  }

 private:
  void ask_next(Connection& connection) {
    const Question& question = questions_[asked_++ % questions_.size()];
    ++in_flight_;
    connection.call(question.path, question.request,
                    [this, &connection](CallOutcome&& call) { take(connection, call); });
  }

  void take(Connection& connection, const CallOutcome& call) {
    --in_flight_;
    ++outcome_.calls;
    const auto now = Clock::now();
    if (now >= counting_from_ && now < end_) {
      outcome_.latencies.add(call.latency);
      if (call.status != 0) ++outcome_.refusals[{call.status, call.message}];
    }
    if (now < end_) ask_next(connection);
  }

  void exchange() {
    std::vector<pollfd> waiting;
    for (const auto& connection : connections_) {
      const int events = POLLIN | (connection->wants_to_send() ? POLLOUT : 0);
      waiting.push_back({connection->fd(), static_cast<short>(events), 0});
    }
    poll(waiting.data(), waiting.size(), kPollMs);
    for (size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents == 0) continue;
      connections_[i]->receive();
      connections_[i]->send();
    }
  }

  std::span<const Question> questions_;
  LoadShape shape_;
  std::vector<std::unique_ptr<Connection>> connections_;
  size_t asked_ = 0;
  size_t in_flight_ = 0;
  Clock::time_point counting_from_;
  Clock::time_point end_;
  LoadOutcome outcome_;
};

}  // namespace

LoadOutcome run_load(const Target& target, std::span<const Question> questions,
                     const LoadShape& shape, std::stop_token stop) {
  return Loop(target, questions, shape).run(stop);
}

}  // namespace miden
