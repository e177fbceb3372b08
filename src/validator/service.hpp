// validator.Api over gRPC, from start to an orderly end.
#pragma once

#include <chrono>
#include <stop_token>

#include "net/address.hpp"
#include "validator/validator.hpp"

namespace miden {

struct ValidatorServiceOptions {
  SocketAddress listen;
  // Of one request, until it is answered.
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
  // Submissions executed at once; further ones wait in a bounded queue, then RESOURCE_EXHAUSTED.
  size_t worker_threads = 1;
};

// Serves until the stop is requested. Errors: BindFailed; StorageFailed, when the store did not
// take a block or a transaction.
Result<void> serve_validator(Validator& validator, const ValidatorServiceOptions& options,
                             const std::stop_token& stop);

}  // namespace miden
