#include "net/finish_unary.hpp"

#include "net/unsent_responses.hpp"

namespace miden {
namespace {

// Counts among the responses that wait until it is sent.
class LargeAnswer final : public grpc::ServerUnaryReactor {
 public:
  LargeAnswer(grpc::CallbackServerContext* context, size_t bytes)
      : waiting_(unsent_responses().add(bytes, UnsentResponses::Clock::now(),
                                        [context] { context->TryCancel(); })) {}
  void OnDone() override { delete this; }

 private:
  const UnsentResponses::Waiting waiting_;
};

}  // namespace

grpc::ServerUnaryReactor* finish_unary(grpc::CallbackServerContext* context, const Status& status,
                                       size_t response_bytes) {
  grpc::ServerUnaryReactor* reactor =
      response_bytes < kSmallResponseBytes
          ? context->DefaultReactor()
          : new LargeAnswer(context, response_bytes);  // deletes itself when done
  reactor->Finish(to_grpc(status));
  return reactor;
}

}  // namespace miden
