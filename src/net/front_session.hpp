// One client's HTTP/2 connection.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/front_passage.hpp"
#include "net/front_stream.hpp"
#include "net/http2_wire.hpp"
#include "net/quick_method.hpp"

namespace miden {

// Answers calls of quick methods. All others, and quick ones that are not plain (long, compressed,
// malformed), go through a passage to gRPC, which also knows how to refuse them. For one thread.
class FrontSession final : public FrontPassage::Caller {
 public:
  // What a session needs from its surroundings.
  class Host {
   public:
    virtual ~Host() = default;
    // A connected socket whose other end gRPC serves; -1: there is none any more.
    virtual int open_passage() = 0;
    // Ends this stream of the session, soon, if both still exist. From any thread.
    virtual void cut(uint64_t session, int32_t stream) = 0;
  };

  // Takes over the socket. `peer`: the client's address as gRPC writes it.
  FrontSession(uint64_t id, int fd, std::string peer, const QuickMethods& methods, Host& host);
  ~FrontSession() override;

  // All of these are false when the connection is over and the session should go.
  // What was read before the session existed.
  bool begin(std::string_view first_bytes);
  bool on_client_ready(bool is_readable);
  bool on_passage_ready(bool is_readable);
  // Tells the client to make its next calls elsewhere; refuses those that come in spite of it.
  bool announce_end();
  bool end();
  bool cut(int32_t stream);

  // Whether the client has said more than HTTP/2's preface.
  bool is_settled() const { return is_settled_; }
  // What to wait for. The passage's is -1 where there is none.
  int client_fd() const { return wire_.fd(); }
  int passage_fd() const { return passage_ ? passage_->wire().fd() : -1; }
  bool client_is_behind() const { return wire_.wants_to_send(); }
  bool passage_is_behind() const { return passage_ && passage_->wire().wants_to_send(); }

 private:
  struct Callbacks;

  void response_begins(FrontStream& stream, const HeaderFields& headers, bool has_ended) override;
  void response_goes_on(FrontStream& stream) override;
  void call_is_over(FrontStream& stream, uint32_t code) override;
  void request_taken(FrontStream& stream, size_t bytes) override;

  const QuickMethod* quick_method(const FrontStream& stream) const;
  void take_headers(FrontStream& stream);
  void take_request(FrontStream& stream, std::string_view bytes);
  void take_request_end(FrontStream& stream);
  void forget(FrontStream& stream);
  void pass_on(FrontStream& stream);
  void answer_ready();
  void answer(FrontStream& stream);
  void refuse(FrontStream& stream, const Status& status, const HeaderFields& initial_metadata = {},
              const HeaderFields& trailing_metadata = {});
  void submit(FrontStream& stream, const std::vector<nghttp2_nv>& fields, bool has_ended);
  ssize_t give_response(FrontStream& stream, uint8_t* into, size_t room, uint32_t& flags);
  void close_passage();
  bool exchange();

  const uint64_t id_;
  const std::string peer_;
  const QuickMethods& methods_;
  Host& host_;
  std::unordered_map<int32_t, std::unique_ptr<FrontStream>> streams_;
  std::vector<int32_t> ready_;  // quick calls that are there in full, oldest first
  size_t collected_bytes_ = 0;  // of quick calls that are not answered
  size_t unsent_bytes_ = 0;     // of quick answers
  bool is_settled_ = false;
  Http2Wire wire_;
  std::unique_ptr<FrontPassage> passage_;
};

}  // namespace miden
