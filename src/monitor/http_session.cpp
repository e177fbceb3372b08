#include "monitor/http_session.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <chrono>

namespace miden {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr uint32_t kMaxHeadBytes = 8 << 10;
constexpr size_t kMaxBufferedBytes = 32 << 10;  // a head must fit, and what came with it
constexpr size_t kMaxQueuedEvents = 64;
constexpr size_t kSlowestBytesPerSecond = 16 << 10;
constexpr size_t kMaxDiscardedBytes = 64 << 10;
constexpr std::chrono::seconds kClosingTimeout{2};

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

HttpSession::HttpSession(HttpService& service, asio::ip::tcp::socket connection,
                         std::string_view first_bytes)
    : service_(service), stream_(std::move(connection)), buffer_(kMaxBufferedBytes) {
  const auto space = buffer_.prepare(first_bytes.size());
  buffer_.commit(asio::buffer_copy(space, asio::buffer(first_bytes.data(), first_bytes.size())));
}

void HttpSession::start() { read_request(); }

// ---- the request

void HttpSession::wait_for_request() {
  if (buffer_.size() > 0) return read_request();
  buffer_.shrink_to_fit();
  stream_.expires_after(service_.options().idle_timeout);
  stream_.async_read_some(buffer_.prepare(512),
                          [self = shared_from_this()](ErrorCode error, size_t bytes) {
                            if (error) return self->close();
                            self->buffer_.commit(bytes);
                            self->read_request();
                          });
}

void HttpSession::read_request() {
  parser_.emplace();
  parser_->header_limit(kMaxHeadBytes);
  stream_.expires_after(service_.options().head_timeout);
  http::async_read_header(
      stream_, buffer_, *parser_, [self = shared_from_this()](ErrorCode error, size_t) {
        if (!error) return self->take_request();
        self->may_stay_open_ = false;
        if (error == http::error::header_limit) return self->refuse(431);
        const bool is_malformed =
            error.category() == http::make_error_code(http::error::bad_method).category();
        if (is_malformed && error != http::error::end_of_stream &&
            error != http::error::partial_message) {
          return self->refuse(400);
        }
        self->close();
      });
}

void HttpSession::take_request() {
  const auto& request = parser_->get();
  is_http11_ = request.version() >= 11;
  may_stay_open_ = request.keep_alive();
  is_head_ = request.method() == http::verb::head;
  // What is not read of a request would be taken for the next one.
  if (!parser_->is_done()) may_stay_open_ = false;
  if (!is_head_ && request.method() != http::verb::get) return refuse(405);
  if (!parser_->is_done()) return refuse(413);

  const HttpRequest asked{
      .target = view(request.target()),
      .if_none_match = view(request[http::field::if_none_match]),
      .wants_html = view(request[http::field::accept]).find("text/html") != std::string_view::npos};
  if (path_of(asked.target) == "/events") {
    const auto header = view(request["last-event-id"]);
    return open_stream(header.empty() ? query_value(asked.target, "seen").value_or("") : header);
  }
  respond(service_.answer(asked));
}

void HttpSession::refuse(unsigned status) {
  HttpAnswer answer;
  answer.status = status;
  answer.content_type = "text/plain; charset=utf-8";
  answer.body = fmt::format("{}\n", view(http::obsolete_reason(static_cast<http::status>(status))));
  respond(answer, status == 405   ? "allow: GET, HEAD\r\n"
                  : status == 503 ? "retry-after: 30\r\n"
                                  : "");
}

// ---- the response

std::string HttpSession::head(const HttpAnswer& answer, std::string_view more_fields) const {
  const std::string_view reason =
      view(http::obsolete_reason(static_cast<http::status>(answer.status)));
  std::string text = fmt::format(
      "HTTP/1.{} {} {}\r\n"
      "date: {:%a, %d %b %Y %H:%M:%S GMT}\r\n"
      "cache-control: {}\r\n"
      "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
      "'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {}\r\n"
      "x-content-type-options: nosniff\r\n"
      "referrer-policy: no-referrer\r\n"
      "cross-origin-resource-policy: same-origin\r\n",
      is_http11_ ? 1 : 0, answer.status, reason, fmt::gmtime(std::time(nullptr)),
      answer.cache_control, service_.options().frame_ancestors);
  if (answer.status != 304) text += fmt::format("content-type: {}\r\n", answer.content_type);
  if (!answer.etag.empty()) text += fmt::format("etag: {}\r\n", answer.etag);
  text += more_fields;
  if (!may_stay_open_) {
    text += "connection: close\r\n";
  } else if (!is_http11_) {
    text += "connection: keep-alive\r\n";
  }
  return text;
}

void HttpSession::respond(const HttpAnswer& answer, std::string_view more_fields) {
  writing_ = head(answer, more_fields);
  if (answer.status != 304) writing_ += fmt::format("content-length: {}\r\n", answer.body.size());
  writing_ += "\r\n";
  if (!is_head_) writing_ += answer.body;
  write();
}

void HttpSession::write() {
  is_writing_ = true;
  stream_.expires_after(service_.options().write_timeout +
                        std::chrono::seconds(writing_.size() / kSlowestBytesPerSecond));
  asio::async_write(stream_, asio::buffer(writing_),
                    [self = shared_from_this()](ErrorCode error, size_t) {
                      self->is_writing_ = false;
                      error ? self->close() : self->on_written();
                    });
}

void HttpSession::on_written() {
  writing_.clear();
  if (is_stream_) return write_events();
  writing_.shrink_to_fit();
  parser_.reset();
  if (!may_stay_open_) return close_after_reading();
  wait_for_request();
}

// ---- the stream

void HttpSession::open_stream(std::string_view known_id) {
  const std::string known(known_id);
  may_stay_open_ = false;  // its end is the connection's
  HttpAnswer answer;
  answer.content_type = "text/event-stream";
  if (is_head_) return respond(answer);
  if (!service_.add_stream(shared_from_this())) return refuse(503);
  parser_.reset();
  is_stream_ = true;
  // Nothing is sent to this stream in between: that would run on this thread.
  writing_ = head(answer, "x-accel-buffering: no\r\n") + "\r\n" + service_.first_events(known);
  // Before the write, whose time limit a read that begins later would get.
  read_until_hangup();
  write();
}

void HttpSession::send_event(const std::shared_ptr<const std::string>& event) {
  if (lost_events_ || is_ending_) return;
  if (events_.size() >= kMaxQueuedEvents) {
    events_.clear();
    lost_events_ = true;
    return;
  }
  events_.push_back(event);
  if (!is_writing_) write_events();
}

void HttpSession::end_stream(const std::shared_ptr<const std::string>& event) {
  send_event(event);
  is_ending_ = true;
  if (!is_writing_) write_events();
}

void HttpSession::write_events() {
  if (std::exchange(lost_events_, false)) writing_ += service_.first_events({});
  for (const auto& event : events_) writing_ += *event;
  events_.clear();
  if (!writing_.empty()) return write();
  if (is_ending_) close();
}

// What a client says after asking for a stream is nothing to us, that it goes away is.
void HttpSession::read_until_hangup() {
  if (discarded_ > kMaxDiscardedBytes) return close();
  buffer_.clear();
  stream_.expires_never();
  stream_.async_read_some(buffer_.prepare(512),
                          [self = shared_from_this()](ErrorCode error, size_t bytes) {
                            self->discarded_ += bytes;
                            error ? self->close() : self->read_until_hangup();
                          });
}

// ---- the end

// A connection closed with something unread is reset, and with it the response that the client may
// not have read.
void HttpSession::close_after_reading() {
  ErrorCode ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kClosingTimeout);
  discard();
}

void HttpSession::discard() {
  if (discarded_ > kMaxDiscardedBytes) return close();
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(4096),
                          [self = shared_from_this()](ErrorCode error, size_t bytes) {
                            self->discarded_ += bytes;
                            error ? self->close() : self->discard();
                          });
}

void HttpSession::close() {
  stream_.close();
  service_.forget(shared_from_this());
}

}  // namespace miden
