#include "exchange.hpp"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <optional>
#include <thread>

#include "base/bytes.hpp"

namespace miden {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::system_clock;

constexpr auto kCallTimeout = 60s;
// How long a stream may be silent before it counts as having nothing to say.
constexpr auto kQuiet = 1500ms;
// What a server may take to notice that callers have left.
constexpr auto kHangUp = 500ms;

grpc::ByteBuffer to_buffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string to_string(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  buffer.Dump(&slices);
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

// One call through gRPC's generic interface: unary calls and streams look the same to it.
class Call {
 public:
  Call(grpc::Channel& channel, const Question& question, const std::string& caller) {
    context_.set_deadline(Clock::now() + kCallTimeout);
    context_.AddMetadata("x-forwarded-for", caller);
    for (const auto& [name, value] : question.metadata) context_.AddMetadata(name, value);
    // The stub only needs the channel while it makes the call.
    grpc::GenericStub stub(std::shared_ptr<grpc::ChannelInterface>(
        std::shared_ptr<grpc::ChannelInterface>(), &channel));
    call_ = stub.PrepareCall(&context_, question.path, &queue_);
    call_->StartCall(this);
    if (!wait(kCallTimeout)) return;
    grpc::WriteOptions last;
    last.set_last_message();
    call_->Write(to_buffer(question.body), last, this);
    wait(kCallTimeout);
  }
  ~Call() {
    context_.TryCancel();
    if (!is_finished_) {
      if (is_reading_) wait(kCallTimeout);
      finish();
    }
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  enum class Step { kMessage, kEnd, kSilence };

  // The next message, the end, or neither within `patience`.
  Step read(std::chrono::milliseconds patience, std::string& message) {
    if (!is_reading_) {
      incoming_.Clear();
      call_->Read(&incoming_, this);
      is_reading_ = true;
    }
    const std::optional<bool> ok = next(patience);
    if (!ok) return Step::kSilence;
    is_reading_ = false;
    if (!*ok) return Step::kEnd;
    message = to_string(incoming_);
    return Step::kMessage;
  }

  grpc::Status finish() {
    grpc::Status status;
    call_->Finish(&status, this);
    wait(kCallTimeout);
    is_finished_ = true;
    return status;
  }

  void collect_metadata(std::map<std::string, std::string>& into) const {
    for (const auto* metadata :
         {&context_.GetServerInitialMetadata(), &context_.GetServerTrailingMetadata()}) {
      for (const auto& [name, value] : *metadata) {
        const std::string key(name.data(), name.size());
        if (key.starts_with("x-ratelimit-") || key == "retry-after") {
          into.emplace(key, std::string(value.data(), value.size()));
        }
      }
    }
  }

 private:
  std::optional<bool> next(std::chrono::milliseconds patience) {
    void* tag = nullptr;
    bool ok = false;
    switch (queue_.AsyncNext(&tag, &ok, Clock::now() + patience)) {
      case grpc::CompletionQueue::GOT_EVENT:
        return ok;
      default:
        return std::nullopt;
    }
  }
  bool wait(std::chrono::milliseconds patience) { return next(patience).value_or(false); }

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  grpc::ByteBuffer incoming_;
  bool is_reading_ = false;
  bool is_finished_ = false;
};

bool is_stream(std::string_view method) {
  return method == "BlockSubscription" || method == "ProofSubscription" || method == "Watch" ||
         method == "ServerReflectionInfo";
}

Reply ask_once(grpc::Channel& channel, const Question& question, const std::string& caller) {
  Call call(channel, question, caller);
  Reply reply;
  const bool may_stay_open = is_stream(question.method());
  const auto patience = may_stay_open ? std::chrono::milliseconds(kQuiet) : kCallTimeout;
  while (true) {
    std::string message;
    const Call::Step step = call.read(patience, message);
    if (step == Call::Step::kMessage) reply.messages.push_back(std::move(message));
    if (step == Call::Step::kEnd) break;
    if (step == Call::Step::kSilence ||
        (may_stay_open && reply.messages.size() >= question.messages)) {
      reply.is_open = true;
      return reply;
    }
  }
  const grpc::Status status = call.finish();
  reply.code = static_cast<int>(status.error_code());
  reply.message = status.error_message();
  reply.details = status.error_details();
  call.collect_metadata(reply.metadata);
  return reply;
}

}  // namespace

std::string outcome_of(const Reply& reply) {
  if (reply.is_open) return fmt::format("open after {} messages", reply.messages.size());
  std::string text(to_string(static_cast<StatusCode>(reply.code)));
  if (!reply.message.empty()) text += ": " + reply.message;
  if (!reply.details.empty()) text += fmt::format(" [{}]", to_hex(as_bytes(reply.details)));
  return text;
}

std::shared_ptr<grpc::Channel> open_channel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  // Each test run is a caller of its own: no connection is shared with another.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

Reply ask(grpc::Channel& channel, const Question& question, uint32_t caller) {
  std::vector<std::unique_ptr<Call>> held;
  for (uint32_t i = 0; i < question.held_open; ++i) {
    held.push_back(std::make_unique<Call>(channel, question, fmt::format("fd00::{:x}", caller)));
    std::string ignored;
    held.back()->read(kQuiet, ignored);
  }
  const std::string address =
      fmt::format("10.{}.{}.{}", caller >> 16 & 255, caller >> 8 & 255, caller & 255);
  Reply reply;
  for (uint32_t i = 0; i < question.most_repetitions; ++i) {
    reply = ask_once(channel, question, address);
    if (reply.code == static_cast<int>(StatusCode::kResourceExhausted)) break;
  }
  if (!held.empty()) {
    held.clear();
    std::this_thread::sleep_for(kHangUp);
  }
  return reply;
}

}  // namespace miden
