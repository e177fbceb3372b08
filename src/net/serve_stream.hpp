// Answering a server-streaming call of gRPC's callback API. Include it only where a service is
// defined.
//
// Messages are pulled, one at a time: the next is asked for when the transport has taken the one
// before, so a client that reads slowly costs one message of memory, and no thread waits for it.
// They are serialized, and their bytes may be shared between streams.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>

#include "net/grpc_status.hpp"

namespace miden {

// One stream. Whoever owns it keeps it until done(); gRPC keeps a plain pointer until then.
class ServedStream : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                     public std::enable_shared_from_this<ServedStream> {
 public:
  // What comes next: a message, nothing until the stream is woken, or how it ends.
  struct NothingYet {};
  using Next = std::variant<NothingYet, grpc::ByteBuffer, Status>;

  // Sends the headers, then what there is. Once, before the stream is given to gRPC.
  void start();
  // Something may have become available. From any thread; does nothing while a message is on its
  // way, after which the stream asks by itself.
  void wake();
  // Ends the stream, after the message that is on its way. From any thread; the first end counts.
  void end(const Status& status);
  // Resets the stream: a client that has not taken its end by now does not get it. From any thread.
  void cut();

 protected:
  // A message that is not taken within `write_timeout` makes the stream ask overdue().
  ServedStream(grpc::CallbackServerContext& context, std::chrono::milliseconds write_timeout)
      : context_(&context), write_timeout_(write_timeout) {}

 private:
  // One call at a time. May read from disk, must not throw.
  virtual Next next_message() = 0;
  // The message that is on its way was not taken for `write_timeout`: nothing lets it wait as long
  // again, a status ends the stream. Never at the same time as next_message(); must be quick.
  virtual std::optional<Status> overdue() = 0;
  // The end is decided, though the client may still have to take it. Called once, before done().
  virtual void ended(const Status& status) = 0;
  // gRPC has let go: nothing is called any more. The owner may drop the stream.
  virtual void done() = 0;

  void OnWriteDone(bool ok) final;
  void OnCancel() final;
  void OnDone() final;

  void pull_until_busy();
  void finish(const Status& status);
  void watch_write();
  void on_alarm();

  enum class State { kIdle, kPulling, kWriting, kEnded };

  std::mutex mutex_;  // guards what follows; gRPC calls nothing of ours inside its own functions
  State state_ = State::kIdle;
  bool is_woken_ = false;
  grpc::CallbackServerContext* context_;  // null once gRPC has let go
  grpc::ByteBuffer message_;              // on its way
  std::chrono::steady_clock::time_point write_deadline_;
  // Set for the first message and then only as often as `write_timeout`, not for each.
  std::optional<grpc::Alarm> alarm_;
  bool is_alarm_set_ = false;
  const std::chrono::milliseconds write_timeout_;
};

// For a call that is refused before anything is sent.
grpc::ServerWriteReactor<grpc::ByteBuffer>* refuse_stream(std::string_view method,
                                                          const Status& status);

}  // namespace miden
