// An engine whose proofs are made when the test says so, and the requests it is given.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/read_file.hpp"
#include "engine/test_support/fake_engine.hpp"

namespace miden {

inline constexpr std::chrono::seconds kPatience(20);

// One of the files that engine/fixtures made with the reference crates.
inline const Bytes& engine_fixture(const std::string& name) {
  static std::map<std::string, Bytes> read;
  const auto [found, is_new] = read.try_emplace(name);
  if (is_new) {
    found->second = read_file(std::string(MIDEN_ENGINE_FIXTURES) + "/" + name).value_or(Bytes());
    EXPECT_FALSE(found->second.empty()) << name;
  }
  return found->second;
}

// Real inputs of a transaction with a byte behind them, which decoders ignore and tests know it by.
inline std::string marked_inputs(char mark) {
  const Bytes& inputs = engine_fixture("ecdsa.inputs");
  return std::string(inputs.begin(), inputs.end()) + mark;
}

inline bool wait_for(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// "Proves" transactions: waits for the test, then answers "proof of " and the request's last byte.
class GatedEngine final : public FakeEngine {
 public:
  Result<void> check_cycles(ByteView, uint32_t) const override { return {}; }
  Result<Bytes> prove_transaction(ByteView inputs) const override {
    std::unique_lock lock(mutex_);
    const char mark = static_cast<char>(inputs.back());
    begun_ += mark;
    most_at_once_ = std::max(most_at_once_, ++running_);
    opened_.wait(lock, [this] { return is_open_ || permits_ > 0; });
    if (!is_open_) --permits_;
    --running_;
    if (failure_) return fail(failure_->code, failure_->message);
    const std::string proof = std::string("proof of ") + mark;
    return Bytes(proof.begin(), proof.end());
  }

  // From now on nothing waits.
  void open() {
    const std::scoped_lock lock(mutex_);
    is_open_ = true;
    opened_.notify_all();
  }
  void let_one_through() {
    const std::scoped_lock lock(mutex_);
    ++permits_;
    opened_.notify_one();
  }
  void fail_with(Error error) {
    const std::scoped_lock lock(mutex_);
    failure_ = std::move(error);
  }
  // The marks of the requests whose proof was begun, in that order.
  std::string begun() const {
    const std::scoped_lock lock(mutex_);
    return begun_;
  }
  bool wait_until_begun(const std::string& marks) const {
    return wait_for([&] { return begun() == marks; });
  }
  int most_at_once() const {
    const std::scoped_lock lock(mutex_);
    return most_at_once_;
  }

 private:
  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable opened_;
  mutable std::string begun_;
  mutable int running_ = 0;
  mutable int most_at_once_ = 0;
  mutable int permits_ = 0;
  bool is_open_ = false;
  std::optional<Error> failure_;
};

}  // namespace miden
