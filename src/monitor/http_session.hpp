// One HTTP/1.1 connection: requests one after the other, or a stream of events until it ends.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "monitor/http_answer.hpp"
#include "monitor/http_server.hpp"

namespace miden {

class HttpSession;

// What a session asks of the server that it belongs to.
class HttpService {
 public:
  virtual ~HttpService() = default;
  virtual const MonitorServerOptions& options() const = 0;
  // To a GET of anything but `/events`.
  virtual HttpAnswer answer(const HttpRequest& request) = 0;
  // False: there are too many already. Else the session is sent every event from now on.
  virtual bool add_stream(const std::shared_ptr<HttpSession>& session) = 0;
  // What somebody must be sent who knows the state with this id.
  virtual std::string first_events(std::string_view known_id) = 0;
  virtual void forget(const std::shared_ptr<HttpSession>& session) = 0;
};

// Runs on the io thread alone.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(HttpService& service, boost::asio::ip::tcp::socket connection,
              std::string_view first_bytes);

  void start();
  // Of a stream: written when what came before is. A client that takes nothing for some time has
  // its events dropped for one snapshot, and is cut when it takes nothing at all.
  void send_event(const std::shared_ptr<const std::string>& event);
  // Of a stream: the last event, then the end.
  void end_stream(const std::shared_ptr<const std::string>& event);
  void close();

 private:
  using ErrorCode = boost::system::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

  void wait_for_request();
  void read_request();
  void take_request();
  void open_stream(std::string_view known_id);
  void refuse(unsigned status);
  void respond(const HttpAnswer& answer, std::string_view more_fields = {});
  std::string head(const HttpAnswer& answer, std::string_view more_fields) const;
  void write();
  void on_written();
  void write_events();
  void read_until_hangup();
  void close_after_reading();
  void discard();

  HttpService& service_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::string writing_;
  bool is_head_ = false;  // the request was HEAD
  bool may_stay_open_ = false;
  bool is_http11_ = true;
  size_t discarded_ = 0;  // what came after the last request

  // Of a stream.
  bool is_stream_ = false;
  bool is_ending_ = false;
  bool is_writing_ = false;
  bool lost_events_ = false;
  std::deque<std::shared_ptr<const std::string>> events_;
};

}  // namespace miden
