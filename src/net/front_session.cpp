#include "net/front_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "net/base64.hpp"

namespace miden {
namespace {

constexpr size_t kPrefixBytes = 5;  // of a gRPC message: a flag and a length
constexpr size_t kMaxQuickRequestBytes = (64 << 10) + kPrefixBytes;
// What gRPC lets through (net/server.cpp); what it refuses, it shall refuse itself.
constexpr size_t kMaxQuickHeaderBytes = 16 << 10;
constexpr size_t kMaxHeaderBytes = 64 << 10;
// Of one connection. A client that asks faster than it reads waits; one that sends more without
// finishing is gRPC's.
constexpr size_t kMaxUnsentBytes = 8 << 20;
constexpr size_t kMaxCollectedBytes = 4 << 20;
constexpr uint32_t kMaxConcurrentStreams = 1000;
constexpr uint32_t kWindow = 1 << 20;
// Answered before the first of them is sent.
constexpr size_t kAnsweredAtOnce = 16;

bool is_grpc(std::string_view content_type) {
  constexpr std::string_view kGrpc = "application/grpc";
  if (!content_type.starts_with(kGrpc)) return false;
  const std::string_view rest = content_type.substr(kGrpc.size());
  return rest.empty() || rest.front() == '+' || rest.front() == ';';
}

// The bytes of the only message, or nothing where there is not exactly one, uncompressed.
std::optional<std::string_view> only_message(std::string_view body) {
  if (body.size() < kPrefixBytes || body.front() != 0) return std::nullopt;
  size_t size = 0;
  for (size_t i = 1; i < kPrefixBytes; ++i) size = size << 8 | static_cast<uint8_t>(body[i]);
  body.remove_prefix(kPrefixBytes);
  if (body.size() != size) return std::nullopt;
  return body;
}

std::array<char, kPrefixBytes> prefix_of(size_t size) {
  return {0, static_cast<char>(size >> 24), static_cast<char>(size >> 16),
          static_cast<char>(size >> 8), static_cast<char>(size)};
}

// `grpc-message` holds printable ASCII; everything else is escaped.
std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '%') {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return encoded;
}

void add_metadata(const HeaderFields& metadata, std::vector<nghttp2_nv>& fields) {
  metadata.for_each([&fields](std::string_view name, std::string_view value) {
    fields.push_back(http2_changing_field(name, value));
  });
}

std::vector<nghttp2_nv> fields_of(const HeaderFields& headers) {
  std::vector<nghttp2_nv> fields;
  fields.reserve(headers.count());
  headers.for_each([&fields](std::string_view name, std::string_view value) {
    fields.push_back(http2_field(name, value));
  });
  return fields;
}

}  // namespace

// Called by nghttp2, through which no exception may pass.
struct FrontSession::Callbacks {
  static FrontSession& self(void* user) { return *static_cast<FrontSession*>(user); }
  static FrontStream* stream_of(nghttp2_session* session, int32_t id) {
    return static_cast<FrontStream*>(nghttp2_session_get_stream_user_data(session, id));
  }
  static bool begins_a_call(const nghttp2_frame* frame) {
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame,
                              void* user) noexcept {
    if (!begins_a_call(frame)) return 0;
    auto stream = std::make_unique<FrontStream>(frame->hd.stream_id);
    nghttp2_session_set_stream_user_data(session, stream->id, stream.get());
    self(user).streams_.emplace(stream->id, std::move(stream));
    return 0;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void*) noexcept {
    FrontStream* stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr || !begins_a_call(frame)) return 0;
    stream->headers.add(text_of(name, name_size), text_of(value, value_size));
    return stream->headers.bytes() > kMaxHeaderBytes ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) noexcept {
    if (frame->hd.type == NGHTTP2_SETTINGS) self(user).is_settled_ = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    FrontStream* stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    if (begins_a_call(frame)) self(user).take_headers(*stream);
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) self(user).take_request_end(*stream);
    return 0;
  }

  static int on_data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data,
                     size_t size, void* user) noexcept {
    if (FrontStream* stream = stream_of(session, id)) {
      self(user).take_request(*stream, text_of(data, size));
    } else {
      nghttp2_session_consume_connection(session, size);
    }
    return 0;
  }

  // A client that goes on sending after its answer is told to stop.
  static int on_sent(nghttp2_session* session, const nghttp2_frame* frame, void*) noexcept {
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    const FrontStream* stream = stream_of(session, frame->hd.stream_id);
    if (stream != nullptr && !stream->request_has_ended) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static int on_close(nghttp2_session* session, int32_t id, uint32_t, void* user) noexcept {
    if (FrontStream* stream = stream_of(session, id)) self(user).forget(*stream);
    return 0;
  }

  static ssize_t read_response(nghttp2_session* session, int32_t id, uint8_t* into, size_t room,
                               uint32_t* flags, nghttp2_data_source*, void* user) noexcept {
    FrontStream* stream = stream_of(session, id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return self(user).give_response(*stream, into, room, *flags);
  }

  static nghttp2_session* new_session(FrontSession* self) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, 1);
    // gRPC and the reference let blanks around a header's value through.
    nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_session* session = nullptr;
    nghttp2_session_server_new2(&session, callbacks, self, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);

    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMaxConcurrentStreams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxQuickHeaderBytes}};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
    nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, kWindow);
    return session;
  }
};

FrontSession::FrontSession(uint64_t id, int fd, std::string peer, const QuickMethods& methods,
                           Host& host)
    : id_(id),
      peer_(std::move(peer)),
      methods_(methods),
      host_(host),
      wire_(fd, Callbacks::new_session(this)) {}

FrontSession::~FrontSession() = default;

bool FrontSession::begin(std::string_view first_bytes) {
  return wire_.take(first_bytes) && exchange();
}

bool FrontSession::on_client_ready(bool is_readable) {
  return (!is_readable || wire_.receive()) && exchange();
}

bool FrontSession::on_passage_ready(bool is_readable) {
  if (passage_ && is_readable && !passage_->wire().receive()) close_passage();
  return exchange();
}

bool FrontSession::announce_end() {
  nghttp2_submit_shutdown_notice(wire_.session());
  return exchange();
}

bool FrontSession::end() {
  nghttp2_session* session = wire_.session();
  nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR, nullptr,
                        0);
  return exchange();
}

bool FrontSession::cut(int32_t stream) {
  if (streams_.contains(stream)) {
    nghttp2_submit_rst_stream(wire_.session(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  }
  return exchange();
}

// Answers what can be answered and moves bytes until both connections have to be waited for.
bool FrontSession::exchange() {
  answer_ready();
  if (!wire_.send()) return false;
  if (passage_ && !passage_->wire().send()) close_passage();
  // What was sent may have made room: for answers that waited, and for more from either side.
  answer_ready();
  return wire_.send() && wire_.is_open();
}

const QuickMethod* FrontSession::quick_method(const FrontStream& stream) const {
  const HeaderFields& headers = stream.headers;
  const auto method = methods_.find(headers.first(":path").value_or(""));
  if (method == methods_.end() || headers.bytes() > kMaxQuickHeaderBytes) return nullptr;
  if (headers.first(":method") != "POST") return nullptr;
  if (!is_grpc(headers.first("content-type").value_or(""))) return nullptr;
  if (headers.first("grpc-encoding").value_or("identity") != "identity") return nullptr;
  return &method->second;
}

void FrontSession::take_headers(FrontStream& stream) {
  stream.method = quick_method(stream);
  if (stream.method == nullptr) pass_on(stream);
}

void FrontSession::take_request(FrontStream& stream, std::string_view bytes) {
  const bool is_answered = stream.method == nullptr && stream.passage_id == 0;
  if (!is_answered) stream.request.append(bytes);
  if (stream.passage_id != 0) return passage_->resume(stream);
  nghttp2_session_consume(wire_.session(), stream.id, bytes.size());
  if (is_answered) return;
  stream.request_bytes_consumed += bytes.size();
  collected_bytes_ += bytes.size();
  if (stream.request.size() > kMaxQuickRequestBytes || collected_bytes_ > kMaxCollectedBytes) {
    pass_on(stream);
  }
}

void FrontSession::take_request_end(FrontStream& stream) {
  stream.request_has_ended = true;
  if (stream.method == nullptr) {
    if (stream.passage_id != 0) passage_->resume(stream);
  } else if (only_message(stream.request.view())) {
    ready_.push_back(stream.id);
  } else {
    pass_on(stream);
  }
}

void FrontSession::pass_on(FrontStream& stream) {
  if (stream.method != nullptr) collected_bytes_ -= stream.request.size();
  stream.method = nullptr;
  if (!passage_) {
    const int fd = host_.open_passage();
    if (fd >= 0) passage_ = std::make_unique<FrontPassage>(fd, *this);
  }
  if (!passage_ || !passage_->open(stream, peer_)) {
    refuse(stream, {StatusCode::kUnavailable, "server is shutting down"});
  }
}

// Its client is done with it.
void FrontSession::forget(FrontStream& stream) {
  nghttp2_session_consume_connection(wire_.session(),
                                     stream.request.size() - stream.request_bytes_consumed);
  if (stream.passage_id != 0) {
    passage_->reset(stream, NGHTTP2_CANCEL);
  } else if (stream.method != nullptr) {
    collected_bytes_ -= stream.request.size();
    unsent_bytes_ -= stream.response.size();
  }
  streams_.erase(stream.id);
}

void FrontSession::answer_ready() {
  size_t answered = 0;
  while (answered < ready_.size() && unsent_bytes_ < kMaxUnsentBytes) {
    const auto stream = streams_.find(ready_[answered]);
    ++answered;
    if (stream != streams_.end()) answer(*stream->second);
    if (answered % kAnsweredAtOnce == 0 && !wire_.send()) break;
  }
  ready_.erase(ready_.begin(), ready_.begin() + static_cast<ptrdiff_t>(answered));
}

void FrontSession::answer(FrontStream& stream) {
  const std::optional<QuickAnswer> given =
      (*stream.method)({stream.headers, peer_, *only_message(stream.request.view())});
  if (!given) return pass_on(stream);
  const QuickAnswer& answer = *given;
  collected_bytes_ -= stream.request.size();
  stream.request_bytes_consumed = 0;
  stream.request = {};
  if (!answer.status.is_ok()) {
    return refuse(stream, answer.status, answer.initial_metadata, answer.trailing_metadata);
  }

  const auto prefix = prefix_of(answer.response.size());
  stream.response.append({prefix.data(), prefix.size()});
  stream.response.append(answer.response);
  unsent_bytes_ += stream.response.size();
  if (stream.response.size() >= kSmallResponseBytes) {
    stream.waiting = unsent_responses().add(
        stream.response.size(), UnsentResponses::Clock::now(),
        [&host = host_, session = id_, stream = stream.id] { host.cut(session, stream); });
  }
  stream.trailers.add("grpc-status", "0");
  answer.trailing_metadata.for_each([&stream](std::string_view name, std::string_view value) {
    stream.trailers.add(name, value);
  });
  stream.response_has_ended = true;
  std::vector<nghttp2_nv> fields = {http2_constant(":status", "200"),
                                    http2_constant("content-type", "application/grpc")};
  add_metadata(answer.initial_metadata, fields);
  submit(stream, fields, false);
}

// A response without a message: one block of headers is all of it.
void FrontSession::refuse(FrontStream& stream, const Status& status,
                          const HeaderFields& initial_metadata,
                          const HeaderFields& trailing_metadata) {
  stream.response_has_ended = true;
  const std::string code = std::to_string(static_cast<int>(status.code));
  const std::string message = percent_encoded(status.message);
  const std::string details = to_base64(status.details, Base64Padding::kUnpadded);
  std::vector<nghttp2_nv> fields = {
      http2_constant(":status", "200"), http2_constant("content-type", "application/grpc"),
      http2_field("grpc-status", code), http2_field("grpc-message", message)};
  if (!details.empty()) fields.push_back(http2_field("grpc-status-details-bin", details));
  add_metadata(initial_metadata, fields);
  add_metadata(trailing_metadata, fields);
  submit(stream, fields, true);
}

void FrontSession::submit(FrontStream& stream, const std::vector<nghttp2_nv>& fields,
                          bool has_ended) {
  const nghttp2_data_provider body{{.ptr = nullptr}, Callbacks::read_response};
  nghttp2_submit_response(wire_.session(), stream.id, fields.data(), fields.size(),
                          has_ended ? nullptr : &body);
}

ssize_t FrontSession::give_response(FrontStream& stream, uint8_t* into, size_t room,
                                    uint32_t& flags) {
  const size_t count = stream.response.take(into, room);
  if (stream.passage_id != 0) {
    passage_->consume(stream, count);
  } else if (stream.method != nullptr) {
    unsent_bytes_ -= count;
  }
  if (!stream.response.empty()) return static_cast<ssize_t>(count);
  if (!stream.response_has_ended) {
    return count > 0 ? static_cast<ssize_t>(count) : ssize_t{NGHTTP2_ERR_DEFERRED};
  }
  flags |= NGHTTP2_DATA_FLAG_EOF;
  if (stream.trailers.count() > 0) {
    flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const std::vector<nghttp2_nv> fields = fields_of(stream.trailers);
    nghttp2_submit_trailer(wire_.session(), stream.id, fields.data(), fields.size());
  }
  return static_cast<ssize_t>(count);
}

void FrontSession::response_begins(FrontStream& stream, const HeaderFields& headers,
                                   bool has_ended) {
  submit(stream, fields_of(headers), has_ended);
}

void FrontSession::response_goes_on(FrontStream& stream) {
  nghttp2_session_resume_data(wire_.session(), stream.id);
}

void FrontSession::call_is_over(FrontStream& stream, uint32_t code) {
  if (stream.response_has_ended) return;
  nghttp2_submit_rst_stream(wire_.session(), NGHTTP2_FLAG_NONE, stream.id, code);
}

void FrontSession::request_taken(FrontStream& stream, size_t bytes) {
  const size_t known = std::min(bytes, stream.request_bytes_consumed);
  stream.request_bytes_consumed -= known;
  nghttp2_session_consume(wire_.session(), stream.id, bytes - known);
}

// gRPC has gone. What it said last may still be there to be read, though nothing can be sent to it;
// the calls that it did not end by then are lost.
void FrontSession::close_passage() {
  passage_->wire().receive_rest();
  passage_.reset();
  for (const auto& [id, stream] : streams_) {
    if (stream->passage_id == 0) continue;
    stream->passage_id = 0;
    call_is_over(*stream, NGHTTP2_CANCEL);
  }
}

}  // namespace miden
