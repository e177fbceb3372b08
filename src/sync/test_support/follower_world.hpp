// A chain that follows stand-ins, with short times, and what it said about them.
#pragma once

#include <ostream>
#include <streambuf>

#include "chain/test_support/chain_directory.hpp"
#include "sync/chain_follower.hpp"
#include "sync/test_support/stand_in_source.hpp"
#include "telemetry/log.hpp"

namespace miden {

inline constexpr std::chrono::seconds kPatience(30);

// Blocks 1 to 60 change much, 61 to 400 nothing; the same in every test.
inline const SimulatedChain& long_chain() {
  static const SimulatedChain model = [] {
    constexpr uint64_t kSeed = 20251126;
    SimulatedChain made(kSeed, {.new_private = 5, .new_public = 5}, false);
    for (int i = 0; i < 60; ++i) made.next();
    for (int i = 0; i < 340; ++i) made.append({});
    return made;
  }();
  return model;
}

// The log while it lives; read while others write it.
class CapturedLog {
 public:
  CapturedLog() { configure_log({.level = LogLevel::kInfo, .out = &out_}); }
  ~CapturedLog() { configure_log({}); }
  std::string text() const { return buffer_.text(); }
  size_t count(std::string_view needle) const {
    size_t found = 0;
    const std::string text = buffer_.text();
    for (size_t at = 0; (at = text.find(needle, at)) != std::string::npos; ++at) ++found;
    return found;
  }

 private:
  class Buffer final : public std::streambuf {
   public:
    std::string text() const {
      const std::scoped_lock lock(mutex_);
      return text_;
    }

   private:
    std::streamsize xsputn(const char* bytes, std::streamsize size) override {
      const std::scoped_lock lock(mutex_);
      text_.append(bytes, static_cast<size_t>(size));
      return size;
    }
    int_type overflow(int_type c) override {
      const char byte = traits_type::to_char_type(c);
      xsputn(&byte, 1);
      return c;
    }
    mutable std::mutex mutex_;  // guards text_
    std::string text_;
  };
  Buffer buffer_;
  std::ostream out_{&buffer_};
};

inline ChainFollower::Options quick_follower(const std::vector<ServiceUrl>& sources) {
  using std::chrono::milliseconds;
  ChainFollower::Options options;
  options.sources = sources;
  options.polling = {.poll_period = milliseconds(20),
                     .poll_timeout = std::chrono::seconds(5),
                     .silence = std::chrono::seconds(10),
                     .first_retry = milliseconds(10),
                     .longest_retry = milliseconds(100),
                     .first_penalty = milliseconds(300),
                     .longest_penalty = std::chrono::seconds(10)};
  options.blocks.stall_timeout = milliseconds(1000);
  options.blocks.behind_timeout = milliseconds(200);
  options.blocks.check_period = milliseconds(5);
  options.proofs.first_retry = milliseconds(10);
  options.proofs.longest_retry = milliseconds(100);
  options.proofs.check_period = milliseconds(5);
  options.proofs.stall_timeout = milliseconds(400);
  options.on_fatal = [](const std::string& why) { ADD_FAILURE() << why; };
  return options;
}

class FollowerWorld {
 public:
  explicit FollowerWorld(const SimulatedChain& model = long_chain()) : model_(model) {
    directory.bootstrap(model.blocks.front());
    chain = directory.open();
  }
  ~FollowerWorld() { stop(); }

  void follow(const std::vector<const StandInSource*>& sources,
              const std::function<void(ChainFollower::Options&)>& change = {}) {
    std::vector<ServiceUrl> urls;
    for (const StandInSource* source : sources) urls.push_back(source->url());
    ChainFollower::Options options = quick_follower(urls);
    if (change) change(options);
    follower = std::make_unique<ChainFollower>(*chain, std::move(options));
    follower->start();
  }
  void stop() {
    if (follower) follower->stop();
    follower.reset();
  }
  // As after the end of the process.
  void reopen() {
    stop();
    chain.reset();
    chain = directory.open();
  }

  template <class Condition>
  testing::AssertionResult await(const Condition& condition) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) {
        return testing::AssertionFailure()
               << "not within patience, tip " << chain->tip().value << "\n"
               << log.text();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return testing::AssertionSuccess();
  }
  testing::AssertionResult await_tip(uint32_t tip) const {
    return await([&] { return chain->tip() >= BlockNum{tip}; });
  }
  testing::AssertionResult await_log(std::string_view needle) const {
    return await([&] { return log.count(needle) > 0; });
  }
  // Every block up to the tip is the model's.
  void expect_the_models_chain() const {
    const auto view = chain->view();
    for (uint32_t n = 0; n <= view->tip().value; ++n) {
      ASSERT_EQ(view->block({n}), to_bytes(model_.blocks[n])) << "block " << n;
    }
  }

  CapturedLog log;
  ChainDirectory directory;
  std::unique_ptr<ChainState> chain;
  std::unique_ptr<ChainFollower> follower;

 private:
  const SimulatedChain& model_;
};

}  // namespace miden
