// A browser's call, forwarded to the server's own services through its in-process channel: every
// method is reached without code for it.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "net/cors.hpp"
#include "net/grpc_status.hpp"

namespace miden {

// Its functions are for the thread of the io_context, on which it also tells what happens.
class WebCall final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                      public std::enable_shared_from_this<WebCall> {
 public:
  struct Request {
    std::string path;
    std::vector<HttpField> metadata;  // legal in gRPC: as_metadata() in net/web_metadata.hpp
    std::vector<std::string> messages;
  };
  // Who made the call. Told in this order: started, messages, ended; the first two may be missing.
  class Caller {
   public:
    virtual ~Caller() = default;
    virtual void call_started(std::vector<HttpField> metadata) = 0;
    // The next one comes after read_next().
    virtual void call_sent(const grpc::ByteBuffer& message) = 0;
    virtual void call_ended(const Status& status, std::vector<HttpField> trailers) = 0;
  };

  // The call lives until it has ended, with its caller or without, and `token` as long.
  static std::shared_ptr<WebCall> start(boost::asio::io_context& io, grpc::GenericStub& stub,
                                        Request request, std::weak_ptr<Caller> caller,
                                        std::shared_ptr<const void> token);

  void read_next();
  // Its caller is told nothing any more.
  void cancel();

 private:
  WebCall(boost::asio::io_context& io, Request request, std::weak_ptr<Caller> caller,
          std::shared_ptr<const void> token);

  void OnReadInitialMetadataDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  std::shared_ptr<Caller> caller() const;
  void write_next();
  void deliver_message();
  void let_go();

  boost::asio::io_context& io_;
  Request request_;
  const std::weak_ptr<Caller> caller_;
  const std::shared_ptr<const void> token_;
  grpc::ClientContext context_;
  std::shared_ptr<WebCall> self_;  // until gRPC has let go

  // gRPC's, one reaction at a time.
  size_t written_ = 0;
  grpc::ByteBuffer writing_;

  grpc::ByteBuffer message_;  // gRPC's while it reads, else ours
  // The io thread's.
  bool has_started_ = false;
  bool has_message_ = false;  // read before the call is known to have started
  bool is_reading_ = true;
  bool is_cancelled_ = false;
  bool is_held_ = true;  // reads are started outside of reactions, which needs a hold
};

}  // namespace miden
