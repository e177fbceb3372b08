#include "monitor/webhook.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/bytes.hpp"
#include "monitor/http_client.hpp"
#include "monitor/page_text.hpp"
#include "telemetry/log.hpp"

namespace miden {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::chrono::milliseconds kAttemptTimeout{5000};
constexpr int64_t kMaxPauseUs = 60'000'000;
constexpr int64_t kGiveUpAfterMs = int64_t{24} * 60 * 60 * 1000;
// A clock that leaps a day makes nothing old that was hardly tried.
constexpr uint32_t kLeastAttempts = 20;

json to_json(const Announcement& announcement, int64_t added_ms) {
  json kept{{"body", announcement.body.dump(-1, ' ', false, json::error_handler_t::replace)},
            {"incident", announcement.incident},
            {"is_recovery", announcement.is_recovery},
            {"added_ms", added_ms}};
  if (announcement.check_id) kept["check_id"] = *announcement.check_id;
  return kept;
}

}  // namespace

std::string signature_of(const std::string& body, const std::string& secret) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const uint8_t*>(body.data()), body.size(), digest.data(), &size);
  return "sha256=" + to_hex({digest.data(), size});
}

Webhook::Webhook(WebhookOptions options, std::shared_ptr<const Clock> clock, const json& outbox)
    : options_(std::move(options)), clock_(std::move(clock)) {
  if (outbox.is_array())
    for (const json& kept : outbox) {
      Waiting waiting;
      waiting.announcement.body = ordered_json::parse(kept.value("body", ""), nullptr, false);
      if (!waiting.announcement.body.is_object()) continue;
      waiting.announcement.incident = kept.value("incident", uint64_t{0});
      waiting.announcement.is_recovery = kept.value("is_recovery", false);
      if (kept.contains("check_id")) waiting.announcement.check_id = kept.value("check_id", "");
      waiting.added_ms = kept.value("added_ms", clock_->wall_ms());
      if (queue_.size() < kMaxWebhookQueue) queue_.push_back(std::move(waiting));
    }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Webhook::~Webhook() {
  thread_.request_stop();
  thread_.join();
}

// Takes the undelivered bad news of the same incident out of the queue: one message tells all.
void Webhook::replace_what_is_over(Announcement& recovery) {
  if (!recovery.is_recovery || !recovery.check_id) return;
  const auto is_of_it = [&](const Waiting& waiting) {
    return !waiting.is_under_way && waiting.announcement.check_id == recovery.check_id &&
           waiting.announcement.incident == recovery.incident && !waiting.announcement.is_recovery;
  };
  const auto first = std::ranges::find_if(queue_, is_of_it);
  if (first == queue_.end()) return;
  const ordered_json over = first->announcement.body;
  std::erase_if(queue_, is_of_it);
  ordered_json& body = recovery.body;
  std::string text = body["check"].value("name", "") + " was " + over.value("to", "down");
  const ordered_json& incident = body["incident"];
  if (incident.is_object() && incident["duration_seconds"].is_number_integer())
    text += " for " + age_words(incident["duration_seconds"].get<int64_t>() * 1000);
  if (const std::string cause = over["reason"].value("text", ""); !cause.empty())
    text += ": " + cause;
  body["text"] = text + "; it works again";
  body["reason"] = over["reason"];
}

void Webhook::add(std::vector<Announcement> announcements) {
  if (announcements.empty()) return;
  const std::lock_guard lock(mutex_);
  for (Announcement& announcement : announcements) {
    replace_what_is_over(announcement);
    if (queue_.size() >= kMaxWebhookQueue) {
      const auto oldest = queue_.begin() + (queue_.front().is_under_way ? 1 : 0);
      queue_.erase(oldest);
      ++status_.failed;
    }
    queue_.push_back({std::move(announcement), clock_->wall_ms()});
  }
  ++revision_;
  changed_.notify_all();
}

json Webhook::outbox() const {
  const std::lock_guard lock(mutex_);
  json outbox = json::array();
  for (const Waiting& waiting : queue_)
    outbox.push_back(to_json(waiting.announcement, waiting.added_ms));
  return outbox;
}

uint64_t Webhook::revision() const {
  const std::lock_guard lock(mutex_);
  return revision_;
}

Webhook::Status Webhook::status() const {
  const std::lock_guard lock(mutex_);
  Status status = status_;
  status.waiting = queue_.size();
  return status;
}

bool Webhook::deliver(ordered_json body, const std::stop_token& stop) const {
  body["sent_at"] = iso_time(clock_->wall_ms());
  HttpRequest request;
  request.url = options_.url;
  request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  request.headers = {"content-type: application/json"};
  if (!options_.secret.empty())
    request.headers.push_back("x-miden-signature: " + signature_of(*request.body, options_.secret));
  const auto answer = ask_http(request, kAttemptTimeout, stop);
  if (answer && answer->status / 100 == 2) return true;
  if (!stop.stop_requested())
    log_warn("the webhook did not take a message; it is sent again",
             {{"event", body.value("event_id", "")},
              {"error",
               answer ? "HTTP status " + std::to_string(answer->status) : answer.error().text}});
  return false;
}

void Webhook::run(const std::stop_token& stop) {
  int64_t next_us = 0;
  while (true) {
    ordered_json body;
    {
      std::unique_lock lock(mutex_);
      constexpr int64_t kAlways = std::numeric_limits<int64_t>::max() / 4000;
      clock_->wait_until(lock, changed_, stop, kAlways, [&] { return !queue_.empty(); });
      clock_->wait_until(lock, changed_, stop, next_us, [] { return false; });
      if (stop.stop_requested()) return;
      Waiting& front = queue_.front();
      if (clock_->wall_ms() - front.added_ms > kGiveUpAfterMs && front.attempts >= kLeastAttempts) {
        log_error("a message was given up: the webhook takes none",
                  {{"event", front.announcement.body.value("event_id", "")}});
        queue_.pop_front();
        ++status_.failed;
        ++revision_;
        continue;
      }
      front.is_under_way = true;
      body = front.announcement.body;
    }
    const bool is_taken = deliver(std::move(body), stop);
    const std::lock_guard lock(mutex_);
    // While it was under way nobody took it out.
    Waiting& front = queue_.front();
    front.is_under_way = false;
    if (is_taken) {
      queue_.pop_front();
      ++status_.delivered;
      ++revision_;
      next_us = 0;
    } else {
      ++front.attempts;
      ++status_.failed;
      const int64_t pause_us = int64_t{1'000'000} << std::min<uint32_t>(front.attempts - 1, 6);
      next_us = clock_->steady_us() + std::min(pause_us, kMaxPauseUs);
    }
  }
}

}  // namespace miden
