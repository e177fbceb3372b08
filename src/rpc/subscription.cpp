#include "rpc/subscription.hpp"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <array>

#include "net/peer_address.hpp"
#include "net/serve_unary.hpp"
#include "rpc/subscriber_lag.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

constexpr uint32_t kMaxStartAboveTip = 100;
// So many messages may become available beyond the one that a client is taking before the time it
// takes counts.
constexpr uint32_t kMessagesAhead = 32;

uint32_t distance(BlockNum from, BlockNum to) { return to < from ? 0 : to.value - from.value; }

Status shutting_down() { return {StatusCode::kUnavailable, "server is shutting down"}; }

// Takes the bytes over.
grpc::Slice slice_of(Bytes bytes) {
  auto* owned = new Bytes(std::move(bytes));
  return {owned->data(), owned->size(), [](void* kept) { delete static_cast<Bytes*>(kept); },
          owned};
}

}  // namespace

grpc::ByteBuffer message_around(const google::protobuf::MessageLite& before, uint32_t field,
                                const grpc::Slice& payload,
                                const google::protobuf::MessageLite& after) {
  using google::protobuf::internal::WireFormatLite;
  using Coded = google::protobuf::io::CodedOutputStream;
  std::string head = before.SerializeAsString();
  // As in every proto3 field, what is empty is left out.
  if (payload.size() > 0) {
    std::array<uint8_t, 10> prefix;
    uint8_t* end = Coded::WriteTagToArray(
        WireFormatLite::MakeTag(static_cast<int>(field), WireFormatLite::WIRETYPE_LENGTH_DELIMITED),
        prefix.data());
    end = Coded::WriteVarint32ToArray(static_cast<uint32_t>(payload.size()), end);
    head.append(prefix.begin(), prefix.begin() + (end - prefix.data()));
  }
  const std::array<grpc::Slice, 3> slices = {grpc::Slice(head), payload,
                                             grpc::Slice(after.SerializeAsString())};
  return {slices.data(), slices.size()};
}

class Subscriptions::Subscription final : public ServedStream {
 public:
  Subscription(Subscriptions& owner, grpc::CallbackServerContext& context, BlockNum from)
      : ServedStream(context, owner.options_.write_timeout),
        owner_(owner),
        peer_(peer_address(context)),
        next_(std::max(from, owner.kind_.first)) {}

  void remember(Streams::iterator place) { place_ = place; }
  bool has_stalled() const { return has_stalled_; }
  const std::string& peer() const { return peer_; }

 private:
  Next next_message() override {
    try {
      // Taken anew for each message: a view keeps what the store would like to drop.
      const std::shared_ptr<const StateView> view = owner_.chain_.view();
      const BlockNum tip = owner_.kind_.tip(*view);
      if (next_ > tip) {
        // Blocks may be published many at once: whoever has them all is not behind when they are.
        lag_ = {};
        return NothingYet{};
      }
      if (!lag_.keeps_up(distance(next_, tip))) return too_slow();
      std::optional<Bytes> payload = owner_.kind_.payload(*view, next_);
      if (payload) {
        const BlockNum sent = next_;
        next_ = next_.next();
        return owner_.kind_.message(slice_of(*std::move(payload)), sent, tip);
      }
      log_error("a subscription's data is missing from the store: restore the data directory",
                {{"method", owner_.kind_.method}, {"block", next_}});
    } catch (const std::exception& error) {
      log_error("a subscription cannot read the store",
                {{"method", owner_.kind_.method}, {"block", next_}, {"cause", error.what()}});
    }
    return Status(StatusCode::kInternal, "internal error");
  }

  std::optional<Status> overdue() override {
    const BlockNum tip = owner_.kind_.tip(*owner_.chain_.view());
    if (distance(next_, tip) < kMessagesAhead) return std::nullopt;
    return too_slow();
  }

  Status too_slow() const {
    return {StatusCode::kDataLoss,
            fmt::format("client is too slow to keep up with the chain: resume from block {}",
                        next_.value)};
  }

  void ended(const Status& status) override {
    log_call(owner_.kind_.method, status, started_);
    has_stalled_ = status.code == StatusCode::kDataLoss;
    if (has_stalled_) {
      log_info("ended a subscription that did not keep up", {{"method", owner_.kind_.method},
                                                             {"peer", peer_},
                                                             {"next", next_},
                                                             {"tip", owner_.chain_.tip()}});
    }
    owner_.leave(place_, has_stalled_);
  }

  void done() override { owner_.forget(place_); }

  Subscriptions& owner_;
  const std::string peer_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  Streams::iterator place_;  // in the owner's lists
  BlockNum next_;            // the first that was not sent
  SubscriberLag lag_;
  bool has_stalled_ = false;  // ended for being too slow
};

Subscriptions::Subscriptions(const SubscriptionKind& kind, const ChainState& chain, Options options)
    : kind_(kind),
      chain_(chain),
      options_(options),
      announcer_([this](const std::stop_token& stop) { announce(stop); }) {}

Subscriptions::~Subscriptions() = default;

grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscriptions::subscribe(
    grpc::CallbackServerContext& context, BlockNum from) {
  const BlockNum tip = kind_.tip(*chain_.view());
  if (distance(tip, from) > kMaxStartAboveTip) {
    return refuse_stream(
        kind_.method,
        {StatusCode::kOutOfRange, "subscription starting block is too far ahead of chain tip"});
  }
  const auto stream = std::make_shared<Subscription>(*this, context, from);
  Status refusal;
  {
    const std::scoped_lock lock(mutex_);
    if (is_closed_) {
      refusal = shutting_down();
    } else if (live_.size() >= options_.max_subscribers) {
      refusal = {StatusCode::kResourceExhausted, "maximum subscriptions reached"};
    } else {
      stream->remember(live_.insert(live_.end(), stream));
    }
  }
  if (!refusal.is_ok()) return refuse_stream(kind_.method, refusal);
  log_debug("subscribed", {{"method", kind_.method}, {"from", from}, {"peer", stream->peer()}});
  stream->start();
  return stream.get();
}

void Subscriptions::close() {
  {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
  }
  for (const auto& stream : live()) stream->end(shutting_down());
}

void Subscriptions::announce(const std::stop_token& stop) {
  BlockNum announced = kind_.tip(*chain_.view());
  while (!stop.stop_requested()) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
    if (!(chain_.*kind_.wait_for_tip)(announced.next(), deadline, stop)) continue;
    announced = kind_.tip(*chain_.view());
    for (const auto& stream : live()) stream->wake();
  }
}

Subscriptions::Streams Subscriptions::live() const {
  const std::scoped_lock lock(mutex_);
  return live_;
}

void Subscriptions::leave(Streams::iterator place, bool has_stalled) {
  Streams to_cut;
  {
    const std::scoped_lock lock(mutex_);
    Streams& into = has_stalled ? stalled_ : going_;
    into.splice(into.end(), live_, place);
    if (stalled_.size() > options_.max_subscribers) {
      const auto excess = static_cast<ptrdiff_t>(stalled_.size() - options_.max_subscribers);
      to_cut.assign(stalled_.begin(), std::next(stalled_.begin(), excess));
    }
  }
  for (const auto& stream : to_cut) stream->cut();
}

void Subscriptions::forget(Streams::iterator place) {
  Streams last;  // goes after the lock
  const std::scoped_lock lock(mutex_);
  Streams& from = (*place)->has_stalled() ? stalled_ : going_;
  last.splice(last.end(), from, place);
}

}  // namespace miden
