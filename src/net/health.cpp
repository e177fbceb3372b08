#include "net/health.hpp"

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "grpc/health/v1/health.grpc.pb.h"
#include "net/grpc_status.hpp"

namespace miden {
namespace {

using Serving = ::grpc::health::v1::HealthCheckResponse::ServingStatus;
using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

// A change that a watcher has not taken yet is replaced by nothing: every update is sent. More than
// this many waiting ones belong to a reader that has stopped reading.
constexpr size_t kMaxWaitingUpdates = 1000;
// Watching costs some ten kilobytes and may last for ever.
constexpr size_t kMaxWatchers = 10'000;

Status not_registered() { return {StatusCode::kNotFound, "service not registered"}; }

}  // namespace

class HealthService::Impl final : public ::grpc::health::v1::Health::CallbackService {
 public:
  explicit Impl(CallGate& gate) : gate_(gate) { statuses_[""] = HealthCheckResponse::SERVING; }

  void set(const std::string& service, Serving status) {
    const std::scoped_lock lock(mutex_);
    statuses_[service] = status;
    for (Watcher* watcher : watchers_) watcher->update(service, status);
  }

  void close() {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
    for (Watcher* watcher : watchers_)
      watcher->end({StatusCode::kUnavailable, "server is shutting down"});
  }

 private:
  class Watcher final : public grpc::ServerWriteReactor<HealthCheckResponse> {
   public:
    Watcher(Impl& owner, std::string service) : owner_(owner), service_(std::move(service)) {}

    void update(const std::string& service, Serving status) {
      if (service != service_) return;
      const std::scoped_lock lock(mutex_);
      if (is_ended_) return;
      if (waiting_.size() >= kMaxWaitingUpdates)
        return finish({StatusCode::kResourceExhausted, "too slow"});
      waiting_.push_back(status);
      write_next();
    }

    void end(const Status& status) {
      const std::scoped_lock lock(mutex_);
      if (!is_ended_) finish(status);
    }

    void OnWriteDone(bool ok) override {
      const std::scoped_lock lock(mutex_);
      is_writing_ = false;
      if (is_ended_) return;
      if (!ok) return finish({StatusCode::kCancelled, "the watcher is gone"});
      write_next();
    }
    void OnCancel() override { end({StatusCode::kCancelled, "the watcher is gone"}); }
    void OnDone() override {
      {
        const std::scoped_lock lock(owner_.mutex_);
        owner_.watchers_.erase(this);
      }
      delete this;
    }

   private:
    void write_next() {
      if (is_writing_ || waiting_.empty()) return;
      response_.set_status(waiting_.front());
      waiting_.pop_front();
      is_writing_ = true;
      StartWrite(&response_);
    }
    void finish(const Status& status) {
      is_ended_ = true;
      Finish(to_grpc(status));
    }

    Impl& owner_;
    const std::string service_;
    std::mutex mutex_;  // guards what follows; taken after the owner's
    std::deque<Serving> waiting_;
    HealthCheckResponse response_;
    bool is_writing_ = false;
    bool is_ended_ = false;
  };

  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context,
                                  const HealthCheckRequest* request,
                                  HealthCheckResponse* response) override {
    Status status;
    if (const Answer<> admitted = gate_.admit(*context, "Check"); !admitted) {
      status = admitted.error();
    } else {
      const std::scoped_lock lock(mutex_);
      const auto found = statuses_.find(request->service());
      if (found == statuses_.end()) {
        status = not_registered();
      } else {
        response->set_status(found->second);
      }
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(to_grpc(status));
    return reactor;
  }

  grpc::ServerWriteReactor<HealthCheckResponse>* Watch(grpc::CallbackServerContext* context,
                                                       const HealthCheckRequest* request) override {
    auto* watcher = new Watcher(*this, request->service());  // deletes itself when done
    if (const Answer<> admitted = gate_.admit(*context, "Watch"); !admitted) {
      watcher->end(admitted.error());
      return watcher;
    }
    const std::scoped_lock lock(mutex_);
    const auto found = statuses_.find(request->service());
    if (found == statuses_.end()) {
      watcher->end(not_registered());
    } else if (is_closed_) {
      watcher->end({StatusCode::kUnavailable, "server is shutting down"});
    } else if (watchers_.size() >= kMaxWatchers) {
      watcher->end({StatusCode::kResourceExhausted, "maximum subscriptions reached"});
    } else {
      watchers_.insert(watcher);
      watcher->update(found->first, found->second);
    }
    return watcher;
  }

  CallGate& gate_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Serving> statuses_;
  std::set<Watcher*> watchers_;
  bool is_closed_ = false;
};

HealthService::HealthService(CallGate& gate) : impl_(std::make_unique<Impl>(gate)) {}

HealthService::~HealthService() = default;

void HealthService::set_serving(const std::string& service, bool is_serving) {
  impl_->set(service, is_serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
}

void HealthService::close() { impl_->close(); }

grpc::Service* HealthService::service() { return impl_.get(); }

}  // namespace miden
