// What the nodes of a network last said of themselves, side by side.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "crypto/word.hpp"
#include "rpc.pb.h"

namespace miden {

struct NodeReport {
  std::chrono::steady_clock::time_point at;
  uint32_t tip = 0;
  std::optional<Word> genesis;
  std::string version;
  struct Producer {
    std::string version;
    std::string status;  // "connected", "unreachable", ...
    uint32_t tip = 0;
    std::optional<::rpc::MempoolStats> mempool;
    bool is_connected() const { return status == "connected" || status == "HEALTHY"; }
  };
  std::optional<Producer> producer;

  // Nothing: its genesis is no word. Everything may be absent.
  static std::optional<NodeReport> of(const ::rpc::RpcStatus& status,
                                      std::chrono::steady_clock::time_point at);
};

// From any thread.
class NodeBoard {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // What is older than `fresh_for` counts as not said.
  NodeBoard(size_t nodes, std::chrono::milliseconds fresh_for)
      : fresh_for_(fresh_for), reports_(nodes) {}

  void report(size_t node, NodeReport report);
  void no_answer(size_t node);

  // The network that is looked at: that of the first node that ever said so, by its newest word.
  std::optional<Word> genesis() const;
  // Of the first node that answers.
  std::optional<std::string> version(Time now) const;
  // The highest tip of the network's nodes, and whose it is.
  struct Best {
    size_t node = 0;
    NodeReport report;
  };
  std::optional<Best> best(Time now) const;
  // Whether a node that answers reaches the block producer; nothing when no node says.
  std::optional<bool> producer_is_reachable(Time now) const;

 private:
  std::optional<Word> genesis_locked() const;
  bool is_fresh(const NodeReport& report, Time now) const { return now - report.at <= fresh_for_; }

  const std::chrono::milliseconds fresh_for_;
  mutable std::mutex mutex_;  // guards what follows
  struct Node {
    std::optional<NodeReport> report;  // the newest, as long as it answers
    std::optional<Word> genesis;       // also afterwards
  };
  std::vector<Node> reports_;
};

// How long a tip has been what it is.
class TipFreshness {
 public:
  explicit TipFreshness(std::chrono::milliseconds threshold) : threshold_(threshold) {}

  // Any change counts, also backwards. Gives the time since the last one if that is, in whole
  // seconds, longer than the threshold (B6).
  std::optional<std::chrono::seconds> still_for(uint32_t tip, NodeBoard::Time now);
  std::optional<NodeBoard::Time> changed() const { return changed_; }

 private:
  const std::chrono::milliseconds threshold_;
  std::optional<uint32_t> tip_;
  std::optional<NodeBoard::Time> changed_;
};

// Behind by so much that it matters: from more than `enter` blocks on, until at most `leave`.
class LagState {
 public:
  LagState(uint32_t enter, uint32_t leave) : enter_(enter), leave_(leave) {}
  bool is_behind(uint32_t lag) { return is_behind_ = lag > (is_behind_ ? leave_ : enter_); }

 private:
  const uint32_t enter_, leave_;
  bool is_behind_ = false;
};

}  // namespace miden
