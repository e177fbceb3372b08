#include "monitor/webhook.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "monitor/test_support/http_stand_in.hpp"
#include "monitor/test_support/manual_clock.hpp"

namespace miden {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kNow = 1'767'264'127'000;  // 2026-01-01T10:42:07Z

template <class Condition>
bool comes_true(const Condition& condition) {
  for (int i = 0; i < 8000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return false;
}

Announcement bad_news(const std::string& check, uint64_t incident) {
  Announcement announcement;
  announcement.check_id = check;
  announcement.incident = incident;
  announcement.body = {{"event_id", check + "-down"},
                       {"text", check + " is down"},
                       {"check", {{"name", "The " + check}}},
                       {"from", "ok"},
                       {"to", "down"},
                       {"reason", {{"code", "timeout"}, {"text", "no answer within 10 s"}}},
                       {"incident", {{"duration_seconds", nullptr}}}};
  return announcement;
}

Announcement recovery(const std::string& check, uint64_t incident) {
  Announcement announcement = bad_news(check, incident);
  announcement.is_recovery = true;
  announcement.body["event_id"] = check + "-ok";
  announcement.body["text"] = check + " works again";
  announcement.body["from"] = "down";
  announcement.body["to"] = "ok";
  announcement.body["reason"] = {{"code", "none"}, {"text", ""}};
  announcement.body["incident"]["duration_seconds"] = 240;
  return announcement;
}

class WebhookTest : public ::testing::Test {
 protected:
  WebhookTest()
      : server_([this](const HttpStandIn::Request& request, const HttpStandIn::Send& send) {
          const std::lock_guard lock(mutex_);
          requests_.push_back(request);
          const int status = status_;
          send("HTTP/1.1 " + std::to_string(status) +
               " Said\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }) {}

  void start(const json& outbox = nullptr, const std::string& secret = "") {
    WebhookOptions options;
    options.url = "http://127.0.0.1:" + std::to_string(server_.port()) + "/hook?x=1";
    options.secret = secret;
    webhook_ = std::make_unique<Webhook>(options, clock_, outbox);
  }
  size_t received() {
    const std::lock_guard lock(mutex_);
    return requests_.size();
  }
  std::vector<std::string> events() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> events;
    for (const auto& request : requests_)
      events.push_back(json::parse(request.body).value("event_id", ""));
    return events;
  }

  std::mutex mutex_;
  std::vector<HttpStandIn::Request> requests_;
  std::atomic<int> status_ = 200;
  HttpStandIn server_;
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>(kNow);
  std::unique_ptr<Webhook> webhook_;
};

TEST_F(WebhookTest, DeliversASignedBody) {
  start(nullptr, "key");
  webhook_->add({bad_news("prover-1", 7)});
  ASSERT_TRUE(comes_true([&] { return webhook_->status().delivered == 1; }));
  const HttpStandIn::Request request = requests_.at(0);
  EXPECT_EQ(request.target(), "/hook?x=1");
  EXPECT_THAT(request.head, HasSubstr("POST "));
  EXPECT_THAT(request.head, HasSubstr("application/json"));
  const json body = json::parse(request.body);
  EXPECT_EQ(body["sent_at"], "2026-01-01T10:42:07Z");
  EXPECT_THAT(request.head, HasSubstr(signature_of(request.body, "key")));
  EXPECT_EQ(webhook_->status().waiting, 0U);
  EXPECT_THAT(webhook_->outbox(), IsEmpty());
}

// RFC 4231, test case 2.
TEST(WebhookSignature, IsHmacSha256) {
  EXPECT_EQ(signature_of("what do ya want for nothing?", "Jefe"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_F(WebhookTest, WithoutASecretNothingIsSigned) {
  start();
  webhook_->add({bad_news("prover-1", 7)});
  ASSERT_TRUE(comes_true([&] { return webhook_->status().delivered == 1; }));
  EXPECT_EQ(requests_.at(0).head.find("signature"), std::string::npos);
}

TEST_F(WebhookTest, TriesAgainAfterOneTwoFourSecondsUpToAMinute) {
  status_ = 503;
  start();
  webhook_->add({bad_news("prover-1", 7), bad_news("prover-2", 8)});
  ASSERT_TRUE(comes_true([&] { return webhook_->status().failed == 1; }));
  uint64_t attempts = 1;
  for (const int pause : {1, 2, 4, 8, 16, 32, 60, 60}) {
    clock_->advance(milliseconds(pause * 1000 - 1));
    std::this_thread::sleep_for(milliseconds(10));
    ASSERT_EQ(received(), attempts) << pause;
    clock_->advance(milliseconds(1));
    ++attempts;
    ASSERT_TRUE(comes_true([&] { return webhook_->status().failed == attempts; })) << pause;
  }
  status_ = 204;
  clock_->advance(seconds(60));
  ASSERT_TRUE(comes_true([&] { return webhook_->status().delivered == 2; }));
  // In order, the first again and again.
  const auto sent = events();
  EXPECT_EQ(sent.front(), "prover-1-down");
  EXPECT_EQ(sent.at(sent.size() - 2), "prover-1-down");
  EXPECT_EQ(sent.back(), "prover-2-down");
}

TEST_F(WebhookTest, WhatIsOverBeforeItCouldBeToldIsOneMessage) {
  status_ = 500;
  start();
  webhook_->add({bad_news("prover-1", 7)});
  ASSERT_TRUE(comes_true([&] { return webhook_->status().failed == 1; }));
  webhook_->add({bad_news("prover-2", 8), recovery("prover-1", 7)});
  status_ = 200;
  clock_->advance(seconds(1));
  ASSERT_TRUE(comes_true([&] { return webhook_->status().delivered == 2; }));
  EXPECT_THAT(events(), ElementsAre("prover-1-down", "prover-2-down", "prover-1-ok"));
  const json body = json::parse(requests_.back().body);
  EXPECT_EQ(body["text"], "The prover-1 was down for 4 min: no answer within 10 s; it works again");
  EXPECT_EQ(body["reason"]["code"], "timeout");
  // Of another incident it would be two.
  status_ = 500;
  webhook_->add({bad_news("prover-1", 9)});
  ASSERT_TRUE(comes_true([&] { return webhook_->status().failed == 2; }));
  webhook_->add({recovery("prover-1", 7)});
  EXPECT_EQ(webhook_->status().waiting, 2U);
}

TEST_F(WebhookTest, WhatIsNotDeliveredOutlivesTheProcess) {
  status_ = 500;
  start();
  webhook_->add({bad_news("prover-1", 7), bad_news("prover-2", 8)});
  ASSERT_TRUE(comes_true([&] { return webhook_->status().failed == 1; }));
  const json outbox = json::parse(webhook_->outbox().dump());
  ASSERT_THAT(outbox, SizeIs(2));
  webhook_.reset();
  status_ = 200;
  requests_.clear();
  start(outbox);
  ASSERT_TRUE(comes_true([&] { return webhook_->status().delivered == 2; }));
  EXPECT_THAT(events(), ElementsAre("prover-1-down", "prover-2-down"));
  // What is not ours is left out.
  webhook_.reset();
  start(json::parse(R"([{"body":"{"},{"body":"[]"},{}])"));
  EXPECT_EQ(webhook_->status().waiting, 0U);
}

TEST_F(WebhookTest, GivesUpAfterADay) {
  status_ = 500;
  start();
  webhook_->add({bad_news("prover-1", 7)});
  for (uint64_t attempts = 1; attempts <= 20; ++attempts) {
    ASSERT_TRUE(comes_true([&] { return webhook_->status().failed == attempts; }));
    clock_->advance(seconds(60));
  }
  ASSERT_TRUE(comes_true([&] { return webhook_->status().failed == 21; }));
  clock_->advance(std::chrono::hours(24));
  EXPECT_TRUE(comes_true([&] { return webhook_->status().waiting == 0; }));
  EXPECT_EQ(webhook_->status().delivered, 0U);
}

TEST_F(WebhookTest, TheQueueIsBoundedAndTheOldestGoes) {
  WebhookOptions options;
  options.url = "http://127.0.0.1:1/";  // nobody
  Webhook webhook(options, clock_, nullptr);
  for (size_t i = 0; i < kMaxWebhookQueue + 10; ++i)
    webhook.add({bad_news("check-" + std::to_string(i), i)});
  const json outbox = webhook.outbox();
  EXPECT_THAT(outbox, SizeIs(kMaxWebhookQueue));
  EXPECT_EQ(outbox.back()["check_id"], "check-" + std::to_string(kMaxWebhookQueue + 9));
}

TEST_F(WebhookTest, AWebhookThatHangsDoesNotHoldUpTheEnd) {
  std::atomic<bool> was_asked = false;
  HttpStandIn hanging([&](const HttpStandIn::Request&, const HttpStandIn::Send& send) {
    was_asked = true;
    while (send("")) std::this_thread::sleep_for(milliseconds(1));
  });
  WebhookOptions options;
  options.url = "http://127.0.0.1:" + std::to_string(hanging.port()) + "/";
  auto webhook = std::make_unique<Webhook>(options, clock_, nullptr);
  webhook->add({bad_news("prover-1", 7)});
  ASSERT_TRUE(comes_true([&] { return was_asked.load(); }));
  webhook->add({bad_news("prover-2", 8)});
  EXPECT_EQ(webhook->status().waiting, 2U);
  const auto start = std::chrono::steady_clock::now();
  webhook.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(3));
}

}  // namespace
}  // namespace miden
