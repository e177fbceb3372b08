// The nodes that this one may follow: what each says of itself, which is to be followed, and which
// has been left and why.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "net/retry.hpp"
#include "sync/rpc_source.hpp"

namespace miden {

// Why a source is left. spec/node-and-validator.md §5; the reference knows one reason and comes
// back after 5 s.
enum class SourceFault {
  kEnded,    // the stream or the connection broke: come back soon
  kRefused,  // it does not serve us: too many subscribers, a ban, something of its own
  kStalled,  // it says that it is ahead and sends nothing, or it has fallen silent
  kLied,     // a block or proof that is none
  kForked,   // a block with the validator's signature that does not follow this chain's tip
};

// Each is asked for its Status all the time, on a thread of its own. Safe from any thread.
class BlockSources {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    std::chrono::milliseconds poll_period = std::chrono::seconds(2);
    std::chrono::milliseconds poll_timeout = std::chrono::seconds(3);
    // A source that has not answered for so long says nothing about the chain any more.
    std::chrono::milliseconds silence = std::chrono::seconds(15);
    // Between attempts after kEnded and kRefused, doubling.
    std::chrono::milliseconds first_retry = std::chrono::milliseconds(500);
    std::chrono::milliseconds longest_retry = std::chrono::seconds(10);
    // After kStalled, kLied and kForked.
    std::chrono::milliseconds first_penalty = std::chrono::seconds(20);
    std::chrono::milliseconds longest_penalty = std::chrono::minutes(10);
  };

  // At least one URL. `genesis_commitment`: this node's; a source with another one is never chosen.
  BlockSources(const std::vector<ServiceUrl>& urls, const Word& genesis_commitment,
               const Options& options);
  ~BlockSources() { stop(); }
  BlockSources(const BlockSources&) = delete;
  BlockSources& operator=(const BlockSources&) = delete;

  void start();
  void stop();

  size_t count() const { return sources_.size(); }
  const RpcSource& source(size_t index) const { return sources_[index]->source; }

  // Of those that answer, are of this network and have not been left: the one with the highest tip,
  // the first named of equals.
  std::optional<size_t> best() const;
  // Its tip as last heard, if it answered the last time it was asked.
  std::optional<BlockNum> tip_of(size_t index) const;
  // May be followed now.
  bool is_eligible(size_t index) const;
  // Another one may be.
  bool has_other(size_t index) const;
  // The highest tip of those that may be followed. Nothing: no source is to be believed, or all
  // have been silent for too long.
  std::optional<BlockNum> network_tip() const;

  // What the follower found out. Each change of state is logged once, with what it means.
  void leave(size_t index, SourceFault fault, const std::string& detail);
  // `blocks` of it have been committed.
  void delivered(size_t index, size_t blocks);
  void set_followed(std::optional<size_t> index);
  std::optional<size_t> followed() const;

  // The node to forward to: the one followed, else the best, else the first named.
  const RpcSource& upstream() const;
  // What that node said when it was last asked; nothing if it did not answer.
  std::optional<UpstreamStatus> upstream_status() const;

 private:
  enum class Reach { kUnknown, kAnswering, kUnreachable, kOtherNetwork };
  struct Entry {
    Entry(const ServiceUrl& url, const Word& genesis, const Options& options)
        : source(url, genesis),
          retry(options.first_retry, options.longest_retry),
          penalty(options.first_penalty, options.longest_penalty) {}
    const RpcSource source;
    // Guarded by mutex_.
    Reach reach = Reach::kUnknown;
    std::optional<UpstreamStatus> status;
    Clock::time_point heard;
    std::optional<SourceFault> fault;  // until it has delivered again
    Clock::time_point left_until{};
    Backoff retry;
    Backoff penalty;
    size_t delivered_since_penalty = 0;
  };

  void poll(Entry& entry, const std::stop_token& stop);
  void hear(Entry& entry, const Answer<UpstreamStatus>& answer);
  bool is_eligible(const Entry& entry, Clock::time_point now) const;
  std::optional<size_t> best_at(Clock::time_point now) const;
  size_t upstream_index(Clock::time_point now) const;

  const Word genesis_commitment_;
  const Options options_;
  std::vector<std::unique_ptr<Entry>> sources_;
  mutable std::mutex mutex_;  // guards what follows and the entries' changing parts
  std::optional<size_t> followed_;
  std::optional<size_t> named_;  // whose following was last logged
  std::vector<std::jthread> threads_;
};

}  // namespace miden
