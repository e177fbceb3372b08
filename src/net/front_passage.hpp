// A front session's way on to gRPC: an HTTP/2 connection inside the process.
#pragma once

#include <string>
#include <string_view>

#include "net/front_stream.hpp"
#include "net/http2_wire.hpp"

namespace miden {

// Carries calls on as they come: bytes, metadata, trailers and resets in both directions. What one
// side does not take is not read from the other, beyond a window. For one thread.
class FrontPassage {
 public:
  // Whose calls it carries. Is told while the passage receives or sends.
  class Caller {
   public:
    virtual ~Caller() = default;
    // The response's headers; `has_ended`: they are all of it.
    virtual void response_begins(FrontStream& stream, const HeaderFields& headers,
                                 bool has_ended) = 0;
    // There is more in stream.response, or it has ended.
    virtual void response_goes_on(FrontStream& stream) = 0;
    // The call is over, without a full response unless that has ended before.
    virtual void call_is_over(FrontStream& stream, uint32_t code) = 0;
    // So much of stream.request was sent.
    virtual void request_taken(FrontStream& stream, size_t bytes) = 0;
  };

  // Takes over the socket.
  FrontPassage(int fd, Caller& caller);

  Http2Wire& wire() { return wire_; }
  const Http2Wire& wire() const { return wire_; }

  // Begins the call; its request follows as it is in the stream. False: gRPC takes no more calls.
  bool open(FrontStream& stream, std::string_view peer);
  // There is more in stream.request, or it has ended.
  void resume(const FrontStream& stream);
  // The client has lost interest; nothing more is told of this call.
  void reset(FrontStream& stream, uint32_t code);
  // The client has taken so much of the response.
  void consume(const FrontStream& stream, size_t bytes);

 private:
  struct Callbacks;

  Caller& caller_;
  HeaderFields arriving_;  // the header block that is being read
  Http2Wire wire_;
};

}  // namespace miden
