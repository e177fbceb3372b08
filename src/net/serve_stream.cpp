#include "net/serve_stream.hpp"

#include "net/serve_unary.hpp"

namespace miden {
namespace {

class RefusedStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit RefusedStream(const Status& status) { Finish(to_grpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

void ServedStream::start() {
  // At once: clients wait for the headers before they believe that they are subscribed.
  StartSendInitialMetadata();
  pull_until_busy();
}

void ServedStream::wake() { pull_until_busy(); }

void ServedStream::pull_until_busy() {
  std::unique_lock lock(mutex_);
  is_woken_ = true;
  // Whoever pulls or waits for a write asks again.
  if (state_ != State::kIdle) return;
  state_ = State::kPulling;
  while (is_woken_) {
    is_woken_ = false;
    lock.unlock();
    Next next = next_message();
    lock.lock();
    if (state_ == State::kEnded) return;
    if (const Status* status = std::get_if<Status>(&next)) {
      state_ = State::kEnded;
      lock.unlock();
      return finish(*status);
    }
    if (auto* message = std::get_if<grpc::ByteBuffer>(&next)) {
      state_ = State::kWriting;
      message_.Swap(message);
      StartWrite(&message_);
      write_deadline_ = std::chrono::steady_clock::now() + write_timeout_;
      if (!is_alarm_set_) watch_write();
      return;
    }
  }
  state_ = State::kIdle;
}

void ServedStream::OnWriteDone(bool ok) {
  {
    const std::scoped_lock lock(mutex_);
    message_.Clear();
    if (state_ == State::kEnded) return;
    if (ok) state_ = State::kIdle;
  }
  if (!ok) return end({StatusCode::kCancelled, "the client is gone"});
  pull_until_busy();
}

void ServedStream::end(const Status& status) {
  {
    const std::scoped_lock lock(mutex_);
    if (state_ == State::kEnded) return;
    state_ = State::kEnded;
  }
  finish(status);
}

// Called by the one that set kEnded, without the lock: nobody writes any more.
void ServedStream::finish(const Status& status) {
  ended(status);
  Finish(to_grpc(status));  // done() may come before this returns
}

void ServedStream::cut() {
  const std::scoped_lock lock(mutex_);
  if (context_ != nullptr) context_->TryCancel();
}

void ServedStream::OnCancel() { end({StatusCode::kCancelled, "the client is gone"}); }

void ServedStream::OnDone() {
  {
    const std::scoped_lock lock(mutex_);
    context_ = nullptr;
    alarm_.reset();
  }
  done();
}

// Called with the lock held.
void ServedStream::watch_write() {
  is_alarm_set_ = true;
  // A new one each time: this may be called by the function that the old one keeps.
  alarm_.emplace().Set(
      std::chrono::system_clock::now() + (write_deadline_ - std::chrono::steady_clock::now()),
      [weak = weak_from_this()](bool has_expired) {
        const auto stream = weak.lock();
        if (has_expired && stream) stream->on_alarm();
      });
}

void ServedStream::on_alarm() {
  std::unique_lock lock(mutex_);
  is_alarm_set_ = false;
  if (state_ != State::kWriting) return;
  const auto now = std::chrono::steady_clock::now();
  if (now >= write_deadline_) {
    if (const std::optional<Status> status = overdue()) {
      state_ = State::kEnded;
      lock.unlock();
      return finish(*status);
    }
    write_deadline_ = now + write_timeout_;
  }
  watch_write();
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* refuse_stream(std::string_view method,
                                                          const Status& status) {
  log_call(method, status, std::chrono::steady_clock::now());
  return new RefusedStream(status);
}

}  // namespace miden
