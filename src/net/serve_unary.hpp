// Answering a unary call of gRPC's callback API: on the server's own thread, or on a bounded pool
// with a deadline. Include it only where a service is defined.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

#include "net/grpc_status.hpp"
#include "net/server.hpp"
#include "net/thread_pool.hpp"
#include "telemetry/log.hpp"

namespace miden {

// Ends every call the same way: exceptions become INTERNAL, each call is logged.
Status status_of_exception(std::string_view method) noexcept;
void log_call(std::string_view method, const Status& status,
              std::chrono::steady_clock::time_point started);

// OUT_OF_RANGE for a request above the limit. The transport lets through somewhat more than that
// because its own refusal is RESOURCE_EXHAUSTED.
Answer<> check_request_size(const google::protobuf::Message& request,
                            size_t max_bytes = kMaxRequestBytes);

// Ends a call that was refused before any work.
grpc::ServerUnaryReactor* end_unary(std::string_view method, grpc::CallbackServerContext* context,
                                    const Status& status);

namespace detail {

template <class Response, class Handler>
Status run_handler(std::string_view method, Response* response, const Handler& handler) {
  try {
    Answer<Response> answer = handler();
    if (!answer) return std::move(answer).error();
    *response = std::move(*answer);
    return {};
  } catch (...) {
    return status_of_exception(method);
  }
}

}  // namespace detail

// Runs `handler`, an Answer<Response>(), on the calling thread: for what reads and returns.
template <class Request, class Response, class Handler>
grpc::ServerUnaryReactor* serve_unary(std::string_view method, grpc::CallbackServerContext* context,
                                      const Request* request, Response* response,
                                      const Handler& handler) {
  const auto started = std::chrono::steady_clock::now();
  Status status;
  if (const Answer<> size = check_request_size(*request); !size) {
    status = size.error();
  } else {
    status = detail::run_handler(method, response, handler);
  }
  log_call(method, status, started);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(to_grpc(status));
  return reactor;
}

namespace detail {

// A call whose work runs on a pool. Whoever is first, the work or the deadline, answers; the loser
// changes nothing. Owned by gRPC (until OnDone), the work and the alarm together.
template <class Response>
class PooledCall {
 public:
  explicit PooledCall(std::string_view method, Response* response)
      : method_(method), response_(response), reactor_(new Reactor(this)) {}

  class Reactor final : public grpc::ServerUnaryReactor {
   public:
    explicit Reactor(PooledCall* call) : call_(call) {}
    void hold(std::shared_ptr<PooledCall> self) { self_ = std::move(self); }
    void OnDone() override {
      call_->alarm_.Cancel();
      delete this;
    }

   private:
    PooledCall* call_;
    std::shared_ptr<PooledCall> self_;
  };

  static grpc::ServerUnaryReactor* start(const std::shared_ptr<PooledCall>& self,
                                         std::chrono::milliseconds timeout) {
    self->reactor_->hold(self);
    // The alarm keeps its function until it is destroyed, so that must not own the call.
    self->alarm_.Set(std::chrono::system_clock::now() + timeout,
                     [weak = std::weak_ptr(self)](bool expired) {
                       const auto call = weak.lock();
                       if (expired && call)
                         call->finish({StatusCode::kCancelled, "Timeout expired"}, nullptr);
                     });
    return self->reactor_;
  }

  void finish(const Status& status, Response* result) {
    {
      const std::scoped_lock lock(mutex_);
      if (is_finished_) return;
      is_finished_ = true;
      if (result != nullptr) *response_ = std::move(*result);
    }
    log_call(method_, status, started_);
    reactor_->Finish(to_grpc(status));
  }

 private:
  const std::string_view method_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::mutex mutex_;  // guards what follows
  bool is_finished_ = false;
  Response* response_;  // gRPC's, until the call is finished
  Reactor* reactor_;    // deletes itself when the call is done
  grpc::Alarm alarm_;
};

}  // namespace detail

// Runs `handler`, an Answer<Response>() that owns all it needs, on `pool`. A full pool answers
// RESOURCE_EXHAUSTED, a handler that takes longer than `timeout` CANCELLED "Timeout expired"; its
// work goes on to its end.
template <class Response, class Handler>
grpc::ServerUnaryReactor* serve_pooled(std::string_view method, ThreadPool& pool,
                                       std::chrono::milliseconds timeout, Response* response,
                                       Handler handler) {
  auto call = std::make_shared<detail::PooledCall<Response>>(method, response);
  grpc::ServerUnaryReactor* reactor = detail::PooledCall<Response>::start(call, timeout);
  const bool was_taken = pool.try_run([call, method, handler = std::move(handler)] {
    Response result;
    const Status status = detail::run_handler(method, &result, handler);
    call->finish(status, status.is_ok() ? &result : nullptr);
  });
  if (!was_taken) {
    call->finish({StatusCode::kResourceExhausted, "the node is busy, try again"}, nullptr);
  }
  return reactor;
}

}  // namespace miden
