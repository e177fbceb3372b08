// Calls of methods that no service has.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include "net/call_gate.hpp"

namespace miden {

// They end as UNIMPLEMENTED, but like all others they pass the gate first: guessing names costs as
// much as calling. spec/store-rpc.md §12.2.
class UnknownMethods final : public grpc::CallbackGenericService {
 public:
  // The gate must outlive the service.
  explicit UnknownMethods(CallGate& gate) : gate_(gate) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

 private:
  CallGate& gate_;
};

}  // namespace miden
