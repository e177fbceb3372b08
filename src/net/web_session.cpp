#include "net/web_session.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <limits>

#include "net/peer_address.hpp"
#include "net/server.hpp"
#include "net/web_metadata.hpp"

namespace miden {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr uint32_t kMaxHeadBytes = 16 << 10;
constexpr size_t kBodyPartBytes = 8 << 10;
constexpr size_t kMaxBufferedBytes = 32 << 10;  // a head must fit
// A stream whose first message is not there yet gets its head after this time, so that the page
// knows that it is subscribed; a call that answers at once gets everything in one piece.
constexpr std::chrono::milliseconds kHeadDelay{20};
// What a client may take to read what is written to it: slow lines are no offence.
constexpr std::chrono::seconds kWriteTimeout{60};
constexpr size_t kSlowestBytesPerSecond = 16 << 10;
// After the last response: for the client to see it before the connection is closed.
constexpr std::chrono::seconds kClosingTimeout{2};

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

// As gRPC writes addresses.
std::string peer_text(const asio::ip::tcp::socket& socket) {
  boost::system::error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return "unknown";
  asio::ip::address address = peer.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  if (address.is_v4()) return fmt::format("ipv4:{}:{}", address.to_string(), peer.port());
  return fmt::format("ipv6:%5B{}%5D:{}", address.to_string(), peer.port());
}

// The path of "/a/b?c", and of "http://host/a/b", which is what proxies are sent.
std::string_view path_of(std::string_view target) {
  if (const size_t scheme = target.find("://");
      scheme != std::string_view::npos &&
      target.substr(0, scheme).find('/') == std::string_view::npos) {
    const size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target.substr(0, target.find_first_of("?#"));
}

std::string_view reason(unsigned status) {
  return view(http::obsolete_reason(static_cast<http::status>(status)));
}

void append(std::string& text, const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  if (!bytes.Dump(&slices).ok()) return;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
}

}  // namespace

WebSession::WebSession(WebServer& server, asio::ip::tcp::socket connection, std::string first_bytes)
    : server_(server),
      stream_(std::move(connection)),
      buffer_(kMaxBufferedBytes),
      peer_(peer_text(stream_.socket())),
      timer_(server.io()) {
  const auto space = buffer_.prepare(first_bytes.size());
  buffer_.commit(asio::buffer_copy(space, asio::buffer(first_bytes)));
}

WebSession::~WebSession() { server_.hold_body_bytes(-held_bytes_); }

void WebSession::start() { read_head(); }

void WebSession::finish() {
  exchange_.may_stay_open = false;
  if (is_idle_) close();
}

void WebSession::abort() { close(); }

// ---- the request

void WebSession::wait_for_request() {
  is_idle_ = true;
  if (buffer_.size() > 0) return read_head();
  buffer_.shrink_to_fit();
  stream_.expires_after(server_.options().idle_timeout);
  stream_.async_read_some(buffer_.prepare(512),
                          [self = shared_from_this()](ErrorCode error, size_t bytes) {
                            if (error) return self->close();
                            self->buffer_.commit(bytes);
                            self->read_head();
                          });
}

void WebSession::read_head() {
  is_idle_ = false;
  exchange_ = {};
  parser_.emplace();
  parser_->header_limit(kMaxHeadBytes);
  parser_->body_limit(std::numeric_limits<uint64_t>::max());  // WebRequestBody's to say
  stream_.expires_after(server_.options().head_timeout);
  http::async_read_header(
      stream_, buffer_, *parser_, [self = shared_from_this()](ErrorCode error, size_t) {
        if (!error) return self->take_head();
        if (error == http::error::header_limit) return self->respond(431, {});
        const bool is_malformed =
            error.category() == http::make_error_code(http::error::bad_method).category();
        if (is_malformed && error != http::error::end_of_stream &&
            error != http::error::partial_message) {
          return self->respond(400, {});
        }
        self->close();
      });
}

void WebSession::take_head() {
  const auto& request = parser_->get();
  exchange_.is_http11 = request.version() >= 11;
  exchange_.may_stay_open = request.keep_alive() && !server_.is_finishing();
  if (const auto& age = server_.options().max_connection_age;
      age && std::chrono::steady_clock::now() - opened_ >= *age) {
    exchange_.may_stay_open = false;
  }
  if (const auto found = request.find(http::field::origin); found != request.end()) {
    exchange_.origin = std::string(view(found->value()));
  }
  // For load balancers, whatever the method.
  const std::string_view path = path_of(view(request.target()));
  if (path == "/") return respond(200, {});
  if (request.method() == http::verb::options) {
    return respond(200, preflight_fields(exchange_.origin));
  }
  const auto encoding = web_request_encoding(view(request[http::field::content_type]));
  if (!encoding || !path.starts_with('/')) return respond_with_cors(400);
  if (request.method() != http::verb::post) return respond_with_cors(405);

  exchange_.encoding = web_response_encoding(view(request[http::field::accept]));
  if (const auto coding = view(request["grpc-encoding"]); !coding.empty() && coding != "identity") {
    return refuse_call(
        {StatusCode::kUnimplemented,
         fmt::format("Content is compressed with `{}` which isn't supported", coding)});
  }
  body_.emplace(*encoding);
  body_deadline_ = std::chrono::steady_clock::now() + server_.options().body_timeout;
  if (beast::iequals(request[http::field::expect], "100-continue")) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    stream_.expires_at(body_deadline_);
    asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                      [self = shared_from_this()](ErrorCode error, size_t) {
                        error ? self->close() : self->read_body();
                      });
    return;
  }
  read_body();
}

void WebSession::read_body() {
  if (parser_->is_done()) return take_body_part(0);
  body_part_.resize(kBodyPartBytes);
  parser_->get().body().data = body_part_.data();
  parser_->get().body().size = body_part_.size();
  stream_.expires_at(body_deadline_);
  http::async_read_some(
      stream_, buffer_, *parser_, [self = shared_from_this()](ErrorCode error, size_t) {
        // Part by part, so that a length is seen when it has come.
        if (error && error != http::error::need_buffer) return self->close();
        self->take_body_part(self->body_part_.size() - self->parser_->get().body().size);
      });
}

void WebSession::take_body_part(size_t bytes) {
  if (const Answer<> taken = body_->add(std::string_view(body_part_).substr(0, bytes)); !taken) {
    return refuse_call(taken.error());
  }
  const auto more = static_cast<ptrdiff_t>(body_->held_bytes()) - held_bytes_;
  if (!server_.hold_body_bytes(more)) {
    return refuse_call({StatusCode::kResourceExhausted, "the node is busy, try again"});
  }
  held_bytes_ += more;
  if (!parser_->is_done()) return read_body();

  Answer<std::vector<std::string>> messages = body_->take_messages();
  if (!messages) return refuse_call(messages.error());
  start_call(*std::move(messages));
}

void WebSession::start_call(std::vector<std::string> messages) {
  const auto& request = parser_->get();
  WebCall::Request call;
  call.path = std::string(path_of(view(request.target())));
  call.messages = std::move(messages);
  call.metadata.push_back({kWebPeerMetadata, peer_});
  for (const auto& field : request) {
    MetadataField metadata = as_metadata(view(field.name_string()), view(field.value()));
    if (metadata.fate == FieldFate::kForwarded) {
      call.metadata.push_back(std::move(metadata.field));
    } else if (metadata.fate == FieldFate::kImpossible && metadata.field.name == "accept") {
      // What the caller would accept is not known, and no gate can be asked.
      return respond_with_cors(400);
    }
  }
  std::optional<std::chrono::nanoseconds> timeout = server_.options().request_timeout;
  if (const auto asked = parse_grpc_timeout(view(request["grpc-timeout"]))) {
    timeout = timeout ? std::min(*timeout, *asked) : *asked;
  }
  parser_.reset();
  body_.reset();
  body_part_ = {};
  server_.hold_body_bytes(-std::exchange(held_bytes_, 0));

  if (timeout) {
    timer_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(*timeout));
    timer_.async_wait([self = shared_from_this()](ErrorCode cancelled) {
      if (!cancelled) self->end_call_after_timeout();
    });
  }
  // From here the connection is written to; only its end is looked for.
  stream_.expires_never();
  watch_for_hangup();
  call_ = server_.start_call(std::move(call), weak_from_this());
}

// ---- the call

void WebSession::end_call_after_timeout() {
  if (!call_ || exchange_.is_head_sent) return;
  std::exchange(call_, nullptr)->cancel();
  refuse_call({StatusCode::kCancelled, "Timeout expired"});
}

void WebSession::call_started(std::vector<HttpField> metadata) {
  exchange_.head_fields = std::move(metadata);
  timer_.expires_after(kHeadDelay);  // which ends the wait before it
  timer_.async_wait([self = shared_from_this(), call = call_](ErrorCode cancelled) {
    if (cancelled || self->call_ != call || self->exchange_.is_head_sent) return;
    self->send_head();
    self->write();
  });
}

void WebSession::call_sent(const grpc::ByteBuffer& message) {
  send_head();
  std::string frame = web_frame_header(message.Length());
  append(frame, message);
  append_chunk(frame);
  write();
}

void WebSession::call_ended(const Status& status, std::vector<HttpField> trailers) {
  call_.reset();
  timer_.cancel();
  if (!exchange_.is_head_sent && !status.is_ok()) return refuse_call(status, std::move(trailers));
  std::vector<HttpField> fields = status_fields(status);
  fields.insert(fields.end(), trailers.begin(), trailers.end());
  send_head();
  append_chunk(web_trailers_frame(fields));
  if (exchange_.is_http11) outgoing_ += "0\r\n\r\n";
  exchange_.is_over = true;
  write();
}

// ---- the response

void WebSession::respond(unsigned status, std::vector<HttpField> fields) {
  // What is left of the request would be taken for the next one.
  if (parser_ && !parser_->is_done()) exchange_.may_stay_open = false;
  fields.push_back({"content-length", "0"});
  outgoing_ += head(status, fields);
  exchange_.is_head_sent = true;
  exchange_.is_over = true;
  write();
}

void WebSession::respond_with_cors(unsigned status) {
  respond(status, cors_fields(exchange_.origin));
}

// A call that ends before it has sent anything: its status stands in the head.
void WebSession::refuse_call(const Status& status, std::vector<HttpField> more) {
  std::vector<HttpField> fields = {
      {"content-type", std::string(web_content_type(exchange_.encoding))}};
  for (auto& part :
       {status_fields(status), exchange_.head_fields, more, cors_fields(exchange_.origin)}) {
    fields.insert(fields.end(), part.begin(), part.end());
  }
  respond(200, std::move(fields));
}

std::string WebSession::head(unsigned status, const std::vector<HttpField>& fields) {
  std::string text =
      fmt::format("HTTP/1.{} {} {}\r\n", exchange_.is_http11 ? 1 : 0, status, reason(status));
  for (const HttpField& field : fields) text += field.name + ": " + field.value + "\r\n";
  text += fmt::format(
      "date: {:%a, %d %b %Y %H:%M:%S GMT}\r\n",
      fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
  if (!exchange_.may_stay_open) {
    text += "connection: close\r\n";
  } else if (!exchange_.is_http11) {
    text += "connection: keep-alive\r\n";
  }
  return text + "\r\n";
}

void WebSession::send_head() {
  if (exchange_.is_head_sent) return;
  exchange_.is_head_sent = true;
  // Without chunks the end of the connection is the end of the body.
  if (!exchange_.is_http11) exchange_.may_stay_open = false;
  std::vector<HttpField> fields = {
      {"content-type", std::string(web_content_type(exchange_.encoding))}};
  if (exchange_.is_http11) fields.push_back({"transfer-encoding", "chunked"});
  for (auto& part : {exchange_.head_fields, cors_fields(exchange_.origin)}) {
    fields.insert(fields.end(), part.begin(), part.end());
  }
  outgoing_ += head(200, fields);
}

void WebSession::append_chunk(std::string_view bytes) {
  const std::string text =
      exchange_.encoding == WebEncoding::kText ? to_base64(bytes) : std::string();
  if (exchange_.encoding == WebEncoding::kText) bytes = text;
  if (exchange_.is_http11) outgoing_ += fmt::format("{:x}\r\n", bytes.size());
  outgoing_ += bytes;
  if (exchange_.is_http11) outgoing_ += "\r\n";
}

void WebSession::write() {
  if (is_writing_ || outgoing_.empty()) return;
  is_writing_ = true;
  writing_ = std::exchange(outgoing_, {});
  if (writing_.size() >= kSmallResponseBytes) {
    waiting_ = unsent_responses().add(writing_.size(), UnsentResponses::Clock::now(),
                                      [&io = server_.io(), weak = weak_from_this()] {
                                        asio::post(io, [weak] {
                                          if (const auto session = weak.lock()) session->close();
                                        });
                                      });
  }
  stream_.expires_after(kWriteTimeout +
                        std::chrono::seconds(writing_.size() / kSlowestBytesPerSecond));
  asio::async_write(stream_, asio::buffer(writing_),
                    [self = shared_from_this()](ErrorCode error, size_t) {
                      error ? self->close() : self->on_written();
                    });
}

void WebSession::on_written() {
  is_writing_ = false;
  writing_ = {};
  waiting_ = {};
  stream_.expires_never();
  if (!outgoing_.empty()) return write();
  if (exchange_.is_over) return end_exchange();
  if (call_) call_->read_next();
}

void WebSession::end_exchange() {
  parser_.reset();
  body_.reset();
  body_part_ = {};
  server_.hold_body_bytes(-std::exchange(held_bytes_, 0));
  if (!exchange_.may_stay_open || server_.is_finishing()) return close_after_reading();
  wait_for_request();
}

// ---- the end

// A client that goes away must not keep a subscription; nothing but this would tell.
void WebSession::watch_for_hangup() {
  stream_.socket().async_wait(
      asio::ip::tcp::socket::wait_read, [self = shared_from_this()](ErrorCode error) {
        if (error || !self->call_) return;
        char byte = 0;
        const ssize_t count =
            recv(self->stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        const bool is_there = count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
        // What it may have sent is its next request, and waits.
        if (!is_there) self->close();
      });
}

// A connection closed with something unread is reset, and with it the response that the client may
// not have read.
void WebSession::close_after_reading() {
  ErrorCode ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kClosingTimeout);
  buffer_.clear();
  discard();
}

void WebSession::discard() {
  stream_.async_read_some(buffer_.prepare(4096),
                          [self = shared_from_this()](ErrorCode error, size_t) {
                            error ? self->close() : self->discard();
                          });
}

void WebSession::close() {
  if (call_) std::exchange(call_, nullptr)->cancel();
  timer_.cancel();
  stream_.close();
  server_.forget(shared_from_this());
}

}  // namespace miden
