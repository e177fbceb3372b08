#include "net/web_call.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "net/web_metadata.hpp"

namespace miden {
namespace {

std::vector<HttpField> http_fields(
    const std::multimap<grpc::string_ref, grpc::string_ref>& metadata) {
  std::vector<HttpField> fields;
  for (const auto& [name, value] : metadata) {
    if (auto field = as_http_field({name.data(), name.size()}, {value.data(), value.size()})) {
      fields.push_back(*std::move(field));
    }
  }
  return fields;
}

}  // namespace

WebCall::WebCall(boost::asio::io_context& io, Request request, std::weak_ptr<Caller> caller,
                 std::shared_ptr<const void> token)
    : io_(io), request_(std::move(request)), caller_(std::move(caller)), token_(std::move(token)) {
  for (const HttpField& field : request_.metadata) context_.AddMetadata(field.name, field.value);
}

std::shared_ptr<WebCall> WebCall::start(boost::asio::io_context& io, grpc::GenericStub& stub,
                                        Request request, std::weak_ptr<Caller> caller,
                                        std::shared_ptr<const void> token) {
  std::shared_ptr<WebCall> call(
      new WebCall(io, std::move(request), std::move(caller), std::move(token)));
  call->self_ = call;
  stub.PrepareBidiStreamingCall(&call->context_, call->request_.path, {}, call.get());
  call->AddHold();
  call->StartRead(&call->message_);
  call->write_next();
  call->StartCall();
  return call;
}

std::shared_ptr<WebCall::Caller> WebCall::caller() const {
  return is_cancelled_ ? nullptr : caller_.lock();
}

void WebCall::write_next() {
  if (written_ == request_.messages.size()) {
    if (written_ == 0) StartWritesDone();
    return;
  }
  const grpc::Slice slice(std::exchange(request_.messages[written_++], {}));
  writing_ = grpc::ByteBuffer(&slice, 1);
  if (written_ == request_.messages.size()) {
    StartWriteLast(&writing_, grpc::WriteOptions());
  } else {
    StartWrite(&writing_);
  }
}

void WebCall::OnWriteDone(bool ok) {
  if (ok) write_next();
}

void WebCall::OnReadInitialMetadataDone(bool ok) {
  if (!ok) return;
  boost::asio::post(io_, [self = shared_from_this(),
                          metadata = http_fields(context_.GetServerInitialMetadata())]() mutable {
    self->has_started_ = true;
    if (const auto caller = self->caller()) caller->call_started(std::move(metadata));
    if (self->has_message_) self->deliver_message();
  });
}

void WebCall::OnReadDone(bool ok) {
  boost::asio::post(io_, [self = shared_from_this(), ok] {
    self->is_reading_ = false;
    if (!ok) return self->let_go();
    self->has_message_ = true;
    // gRPC's reactions may come in another order than what they are about.
    if (self->has_started_) self->deliver_message();
  });
}

void WebCall::deliver_message() {
  has_message_ = false;
  if (const auto listener = caller()) listener->call_sent(message_);
  message_.Clear();
}

void WebCall::read_next() {
  if (is_reading_ || !is_held_) return;
  is_reading_ = true;
  StartRead(&message_);
}

void WebCall::let_go() {
  if (std::exchange(is_held_, false)) RemoveHold();
}

void WebCall::cancel() {
  is_cancelled_ = true;
  context_.TryCancel();
  // A read that is under way ends and lets go then.
  if (!is_reading_) let_go();
}

void WebCall::OnDone(const grpc::Status& status) {
  boost::asio::post(io_, [self = std::move(self_), result = from_grpc(status)] {
    if (const auto caller = self->caller()) {
      caller->call_ended(result, http_fields(self->context_.GetServerTrailingMetadata()));
    }
  });
}

}  // namespace miden
