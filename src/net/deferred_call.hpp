// A unary call of gRPC's callback API that is answered later, from another thread. Include it only
// where a service is defined.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <utility>

#include "net/grpc_status.hpp"
#include "net/thread_pool.hpp"

namespace miden {

// In net/serve_unary.cpp.
Status status_of_exception(std::string_view method) noexcept;
void log_call(std::string_view method, const Status& status,
              std::chrono::steady_clock::time_point started);

// Is over once: by its answer, by its deadline (CANCELLED "Timeout expired") or because the caller
// left. What is answered later changes nothing, and work that has not begun by then is not begun.
// gRPC owns it until the call is done, together with whoever works on it.
template <class Response>
class DeferredCall : public std::enable_shared_from_this<DeferredCall<Response>> {
 public:
  // `method` is a literal; `response` is gRPC's.
  static std::shared_ptr<DeferredCall> open(std::string_view method,
                                            std::chrono::milliseconds timeout, Response* response) {
    const std::shared_ptr<DeferredCall> call(new DeferredCall(method, response));
    call->reactor_->hold(call);
    // The alarm keeps its function until it is destroyed, so that must not own the call.
    call->alarm_.Set(std::chrono::system_clock::now() + timeout,
                     [weak = std::weak_ptr(call)](bool expired) {
                       const auto open = weak.lock();
                       if (expired && open)
                         open->finish({StatusCode::kCancelled, "Timeout expired"}, nullptr);
                     });
    return call;
  }

  // What the service's method returns to gRPC; valid until then.
  grpc::ServerUnaryReactor* reactor() { return reactor_; }

  // Requested when the call is over: whoever waits for another service on its behalf need not.
  std::stop_token over() const { return over_.get_token(); }

  void answer(Answer<Response> answer) {
    if (answer) {
      finish({}, &*answer);
    } else {
      finish(answer.error(), nullptr);
    }
  }

  // Runs `work` on `pool` unless the call is over when its turn comes. A full pool answers
  // RESOURCE_EXHAUSTED at once, an exception INTERNAL.
  template <class Work>
  void run_on(ThreadPool& pool, Work work) {
    const auto self = this->shared_from_this();
    const bool was_taken = pool.try_run([self, work = std::move(work)]() mutable {
      if (self->over_.stop_requested()) return;
      try {
        work();
      } catch (...) {
        self->finish(status_of_exception(self->method_), nullptr);
      }
    });
    if (!was_taken)
      finish({StatusCode::kResourceExhausted, "the node is busy, try again"}, nullptr);
  }

 private:
  class Reactor final : public grpc::ServerUnaryReactor {
   public:
    void hold(std::shared_ptr<DeferredCall> call) { call_ = std::move(call); }
    void OnCancel() override {
      const auto call = call_;
      call->finish({StatusCode::kCancelled, "the caller left"}, nullptr);
    }
    void OnDone() override {
      call_->alarm_.Cancel();
      delete this;
    }

   private:
    std::shared_ptr<DeferredCall> call_;
  };

  DeferredCall(std::string_view method, Response* response)
      : method_(method), response_(response), reactor_(new Reactor()) {}

  void finish(const Status& status, Response* result) {
    {
      const std::scoped_lock lock(mutex_);
      if (is_finished_) return;
      is_finished_ = true;
      if (result != nullptr) *response_ = std::move(*result);
    }
    over_.request_stop();
    log_call(method_, status, started_);
    reactor_->Finish(to_grpc(status));
  }

  const std::string_view method_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::stop_source over_;
  std::mutex mutex_;  // guards what follows
  bool is_finished_ = false;
  Response* response_;  // gRPC's, until the call is finished
  Reactor* reactor_;    // deletes itself when the call is done
  grpc::Alarm alarm_;
};

}  // namespace miden
