// Block and proof subscriptions: what there is from a number on, then each new one as it comes.
// spec/store-rpc.md §19.
#pragma once

#include <google/protobuf/message_lite.h>

#include <list>
#include <mutex>
#include <stop_token>
#include <thread>

#include "chain/chain_state.hpp"
#include "net/serve_stream.hpp"

namespace miden {

// What is streamed. The two kinds differ in nothing else.
struct SubscriptionKind {
  std::string_view method;
  BlockNum first;  // there is nothing before
  BlockNum (*tip)(const StateView& view);
  bool (ChainState::*wait_for_tip)(BlockNum block_num,
                                   std::chrono::steady_clock::time_point deadline,
                                   std::stop_token stop) const;
  std::optional<Bytes> (*payload)(const StateView& view, BlockNum block_num);
  grpc::ByteBuffer (*message)(const grpc::Slice& payload, BlockNum block_num, BlockNum tip);
};

extern const SubscriptionKind kBlockSubscription;
extern const SubscriptionKind kProofSubscription;

// A response's bytes: the fields of `before`, `payload` as the bytes field `field`, the fields of
// `after`. The payload is not copied.
grpc::ByteBuffer message_around(const google::protobuf::MessageLite& before, uint32_t field,
                                const grpc::Slice& payload,
                                const google::protobuf::MessageLite& after);

// All subscriptions of one kind. Streams read the store themselves, on gRPC's threads; one thread
// tells those that have caught up when the tip moves.
class Subscriptions {
 public:
  struct Options {
    size_t max_subscribers = 10;
    std::chrono::milliseconds write_timeout{10'000};
  };
  // The chain must outlive this.
  Subscriptions(const SubscriptionKind& kind, const ChainState& chain, Options options);
  // After the server has shut down.
  ~Subscriptions();
  Subscriptions(const Subscriptions&) = delete;
  Subscriptions& operator=(const Subscriptions&) = delete;

  // Refusals: OUT_OF_RANGE (too far above the tip), RESOURCE_EXHAUSTED (no free slot), UNAVAILABLE
  // (closed). A subscriber that does not keep up gets DATA_LOSS with the block to go on from, and
  // its slot is free at once.
  grpc::ServerWriteReactor<grpc::ByteBuffer>* subscribe(grpc::CallbackServerContext& context,
                                                        BlockNum from);

  // Ends all streams with UNAVAILABLE and takes no more.
  void close();

 private:
  class Subscription;
  using Streams = std::list<std::shared_ptr<Subscription>>;

  void announce(const std::stop_token& stop);
  Streams live() const;
  // `has_stalled`: what was sent may still have to be taken.
  void leave(Streams::iterator place, bool has_stalled);
  void forget(Streams::iterator place);

  const SubscriptionKind& kind_;
  const ChainState& chain_;
  const Options options_;
  mutable std::mutex mutex_;  // guards what follows
  Streams live_;
  // Ended for being too slow, but the client has not taken the end. Each may hold a message, so
  // there are at most as many as slots; the one that waits longest is cut off for the next.
  Streams stalled_;
  Streams going_;  // ended otherwise, for a moment
  bool is_closed_ = false;

  std::jthread announcer_;
};

}  // namespace miden
