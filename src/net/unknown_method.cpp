#include "net/unknown_method.hpp"

#include "net/grpc_status.hpp"

namespace miden {
namespace {

class EndedCall final : public grpc::ServerGenericBidiReactor {
 public:
  explicit EndedCall(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerGenericBidiReactor* UnknownMethods::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  const std::string_view path = context->method();
  // A load balancer that speaks HTTP/2 asks for nothing but an answer.
  if (path == "/") return new EndedCall(grpc::Status::OK);
  const Answer<> admitted = gate_.admit(*context, path.substr(path.rfind('/') + 1));
  return new EndedCall(admitted ? grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "")
                                : to_grpc(admitted.error()));
}

}  // namespace miden
