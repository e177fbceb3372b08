// Between our Status and gRPC's.
#pragma once

#include <grpcpp/support/status.h>

#include "net/status.hpp"

namespace miden {

inline grpc::Status to_grpc(const Status& status) {
  if (status.is_ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code), status.message, status.details};
}

inline Status from_grpc(const grpc::Status& status) {
  return {static_cast<StatusCode>(status.error_code()), status.error_message(),
          status.error_details()};
}

}  // namespace miden
