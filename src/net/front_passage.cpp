#include "net/front_passage.hpp"

#include <cstdint>
#include <vector>

#include "net/peer_address.hpp"

namespace miden {
namespace {

// How much of one response may wait for its client here.
constexpr uint32_t kStreamWindow = 256 << 10;

}  // namespace

// Called by nghttp2, through which no exception may pass.
struct FrontPassage::Callbacks {
  static FrontPassage& self(void* user) { return *static_cast<FrontPassage*>(user); }
  static FrontStream* stream_of(nghttp2_session* session, int32_t id) {
    return static_cast<FrontStream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame*, void* user) noexcept {
    self(user).arriving_.clear();
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame*, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void* user) noexcept {
    self(user).arriving_.add(text_of(name, name_size), text_of(value, value_size));
    return 0;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) noexcept {
    const bool is_headers = frame->hd.type == NGHTTP2_HEADERS;
    if (!is_headers && frame->hd.type != NGHTTP2_DATA) return 0;
    FrontStream* stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    FrontPassage& passage = self(user);
    const bool has_ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (has_ended) stream->response_has_ended = true;
    if (is_headers && frame->headers.cat == NGHTTP2_HCAT_RESPONSE) {
      passage.caller_.response_begins(*stream, passage.arriving_, has_ended);
    } else if (has_ended) {
      if (is_headers) stream->trailers = std::move(passage.arriving_);
      passage.caller_.response_goes_on(*stream);
    }
    return 0;
  }

  static int on_data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data,
                     size_t size, void* user) noexcept {
    FrontStream* stream = stream_of(session, id);
    if (stream == nullptr) {
      nghttp2_session_consume_connection(session, size);
      return 0;
    }
    stream->response.append(text_of(data, size));
    self(user).caller_.response_goes_on(*stream);
    return 0;
  }

  static int on_close(nghttp2_session* session, int32_t id, uint32_t code, void* user) noexcept {
    FrontStream* stream = stream_of(session, id);
    if (stream == nullptr) return 0;
    // What the client takes from now on frees no window of this stream, but the connection's.
    nghttp2_session_consume_connection(session, stream->response.size());
    stream->passage_id = 0;
    self(user).caller_.call_is_over(*stream, code);
    return 0;
  }

  static ssize_t read_request(nghttp2_session* session, int32_t id, uint8_t* into, size_t room,
                              uint32_t* flags, nghttp2_data_source*, void* user) noexcept {
    FrontStream* stream = stream_of(session, id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const size_t count = stream->request.take(into, room);
    if (count > 0) self(user).caller_.request_taken(*stream, count);
    if (stream->request.empty() && stream->request_has_ended) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (count == 0) {
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(count);
  }

  static nghttp2_session* new_session(FrontPassage* passage) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, 1);
    // gRPC and the reference let blanks around a header's value through.
    nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(options, 1);
    nghttp2_session* session = nullptr;
    nghttp2_session_client_new2(&session, callbacks, passage, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);

    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow}};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    // Streams are bounded each; together they must not wait for each other.
    nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, INT32_MAX);
    return session;
  }
};

FrontPassage::FrontPassage(int fd, Caller& caller)
    : caller_(caller), wire_(fd, Callbacks::new_session(this)) {}

bool FrontPassage::open(FrontStream& stream, std::string_view peer) {
  std::vector<nghttp2_nv> fields;
  fields.reserve(stream.headers.count() + 1);
  stream.headers.for_each([&fields](std::string_view name, std::string_view value) {
    if (name != kWebPeerMetadata) fields.push_back(http2_field(name, value));
  });
  fields.push_back(http2_field(kWebPeerMetadata, peer));
  const nghttp2_data_provider request{{.ptr = nullptr}, Callbacks::read_request};
  const int32_t id = nghttp2_submit_request(wire_.session(), nullptr, fields.data(), fields.size(),
                                            &request, &stream);
  if (id < 0) return false;
  stream.passage_id = id;
  return true;
}

void FrontPassage::resume(const FrontStream& stream) {
  nghttp2_session_resume_data(wire_.session(), stream.passage_id);
}

void FrontPassage::reset(FrontStream& stream, uint32_t code) {
  nghttp2_session* session = wire_.session();
  nghttp2_session_consume_connection(session, stream.response.size());
  nghttp2_session_set_stream_user_data(session, stream.passage_id, nullptr);
  nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream.passage_id, code);
  stream.passage_id = 0;
}

void FrontPassage::consume(const FrontStream& stream, size_t bytes) {
  nghttp2_session_consume(wire_.session(), stream.passage_id, bytes);
}

}  // namespace miden
