// One HTTP/1.1 connection, one request after the other.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/grpc_web.hpp"
#include "net/unsent_responses.hpp"
#include "net/web_call.hpp"
#include "net/web_server.hpp"

namespace miden {

// Runs on the io thread alone. A client that does not read keeps one message in memory: the next is
// read from the call when the one before is written.
class WebSession final : public std::enable_shared_from_this<WebSession>, public WebCall::Caller {
 public:
  WebSession(WebServer& server, boost::asio::ip::tcp::socket connection, std::string first_bytes);
  ~WebSession() override;

  void start();
  // Closes the connection, now if no request is under way, else after its response.
  void finish();
  void abort();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;
  using ErrorCode = boost::system::error_code;

  // What is known of the request that is being answered.
  struct Exchange {
    std::optional<std::string> origin;
    bool is_http11 = true;
    bool may_stay_open = false;
    WebEncoding encoding = WebEncoding::kBinary;  // of the response
    std::vector<HttpField> head_fields;           // what the call sent before its messages
    bool is_head_sent = false;
    bool is_over = false;  // the last byte is on its way
  };

  void wait_for_request();
  void read_head();
  void take_head();
  void read_body();
  void take_body_part(size_t bytes);
  void start_call(std::vector<std::string> messages);

  void call_started(std::vector<HttpField> metadata) override;
  void call_sent(const grpc::ByteBuffer& message) override;
  void call_ended(const Status& status, std::vector<HttpField> trailers) override;
  void end_call_after_timeout();

  void respond(unsigned status, std::vector<HttpField> fields);
  void respond_with_cors(unsigned status);
  void refuse_call(const Status& status, std::vector<HttpField> more = {});
  std::string head(unsigned status, const std::vector<HttpField>& fields);
  void send_head();
  void append_chunk(std::string_view bytes);
  void write();
  void on_written();
  void end_exchange();
  void watch_for_hangup();
  void close_after_reading();
  void discard();
  void close();

  WebServer& server_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  const std::string peer_;
  const std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();

  bool is_idle_ = true;
  std::optional<Parser> parser_;  // of the request whose head or body is being read
  std::optional<WebRequestBody> body_;
  std::string body_part_;
  std::chrono::steady_clock::time_point body_deadline_;
  ptrdiff_t held_bytes_ = 0;

  Exchange exchange_;
  std::shared_ptr<WebCall> call_;
  boost::asio::steady_timer timer_;  // for the call's first sign of life, then for the head
  std::string outgoing_;             // to be written
  std::string writing_;              // being written
  bool is_writing_ = false;
  UnsentResponses::Waiting waiting_;
};

}  // namespace miden
