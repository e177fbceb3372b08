// Brings announcements to the operator's webhook, in order, however long that takes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "monitor/announcements.hpp"
#include "monitor/watch_options.hpp"

namespace miden {

inline constexpr size_t kMaxWebhookQueue = 1000;

// A thread of its own: a webhook that hangs delays no check. Each attempt may take 5 s; what is not
// taken (a status of 200 to 299) is sent again after 1, 2, 4 ... 60 s, for 24 hours. An incident
// that is over before it could be told becomes one message.
class Webhook {
 public:
  // `outbox`: what outbox() gave in an earlier run, or null.
  Webhook(WebhookOptions options, std::shared_ptr<const Clock> clock, const nlohmann::json& outbox);
  // What is not delivered stays in the outbox.
  ~Webhook();

  void add(std::vector<Announcement> announcements);
  // Undelivered ones, to be kept; and a number that changes with them.
  nlohmann::json outbox() const;
  uint64_t revision() const;

  struct Status {
    uint64_t delivered = 0;
    uint64_t failed = 0;  // attempts, and those that were given up
    uint64_t waiting = 0;
  };
  Status status() const;

 private:
  struct Waiting {
    Announcement announcement;
    int64_t added_ms = 0;  // wall clock
    uint32_t attempts = 0;
    bool is_under_way = false;
  };
  void run(const std::stop_token& stop);
  bool deliver(nlohmann::ordered_json body, const std::stop_token& stop) const;
  void replace_what_is_over(Announcement& recovery);

  const WebhookOptions options_;
  const std::shared_ptr<const Clock> clock_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::deque<Waiting> queue_;
  uint64_t revision_ = 0;
  Status status_;

  std::jthread thread_;
};

// "sha256=<hex>": HMAC-SHA256 of the body, as X-Miden-Signature carries it.
std::string signature_of(const std::string& body, const std::string& secret);

}  // namespace miden
