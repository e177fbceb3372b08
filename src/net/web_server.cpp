#include "net/web_server.hpp"

#include "net/web_session.hpp"

namespace miden {

WebServer::WebServer(boost::asio::io_context& io, const std::shared_ptr<grpc::Channel>& channel,
                     WebOptions options)
    : io_(io), stub_(channel), options_(options) {}

WebServer::~WebServer() = default;

void WebServer::serve(boost::asio::ip::tcp::socket connection, std::string first_bytes) {
  const auto session =
      std::make_shared<WebSession>(*this, std::move(connection), std::move(first_bytes));
  sessions_.insert(session);
  session->start();
}

void WebServer::finish() {
  is_finishing_ = true;
  const auto sessions = sessions_;  // they leave while we look at them
  for (const auto& session : sessions) session->finish();
}

void WebServer::abort() {
  const auto sessions = sessions_;
  for (const auto& session : sessions) session->abort();
}

std::shared_ptr<WebCall> WebServer::start_call(WebCall::Request request,
                                               std::weak_ptr<WebCall::Caller> caller) {
  return WebCall::start(io_, stub_, std::move(request), std::move(caller), call_token_);
}

bool WebServer::hold_body_bytes(ptrdiff_t count) {
  if (count > 0 && body_bytes_ + count > static_cast<ptrdiff_t>(options_.max_body_bytes)) {
    return false;
  }
  body_bytes_ += count;
  return true;
}

}  // namespace miden
