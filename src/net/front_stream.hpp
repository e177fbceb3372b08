// One call that came in over HTTP/2, as the front sees it.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "net/header_fields.hpp"
#include "net/quick_method.hpp"
#include "net/unsent_responses.hpp"

namespace miden {

// Bytes on their way from one connection to the other.
class ByteQueue {
 public:
  void append(std::string_view bytes) { bytes_.append(bytes); }
  // Moves up to `room` bytes to `into`; how many.
  size_t take(uint8_t* into, size_t room) {
    const size_t count = std::min(room, size());
    std::memcpy(into, bytes_.data() + taken_, count);
    taken_ += count;
    if (taken_ == bytes_.size()) {
      bytes_.clear();
      taken_ = 0;
    }
    return count;
  }
  size_t size() const { return bytes_.size() - taken_; }
  bool empty() const { return size() == 0; }
  std::string_view view() const { return std::string_view(bytes_).substr(taken_); }

 private:
  std::string bytes_;
  size_t taken_ = 0;
};

struct FrontStream {
  const int32_t id;  // on the client's connection
  HeaderFields headers;
  // How it is answered: by this, or passed on where there is none.
  const QuickMethod* method = nullptr;

  ByteQueue request;  // not answered or passed on yet
  bool request_has_ended = false;
  size_t request_bytes_consumed = 0;  // of `request`: the client may send as many again already

  ByteQueue response;  // not sent yet
  bool response_has_ended = false;
  HeaderFields trailers;
  UnsentResponses::Waiting waiting = {};  // a large response

  int32_t passage_id = 0;  // on the passage; 0: not passed on
};

}  // namespace miden
