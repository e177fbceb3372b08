// The end of a unary call. Include it only where a service is defined.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "net/grpc_status.hpp"

namespace miden {

// Ends a call whose response has that many bytes; a large one that its client does not take is cut
// off in the end (net/unsent_responses.hpp). The reactor is what the service returns.
grpc::ServerUnaryReactor* finish_unary(grpc::CallbackServerContext* context, const Status& status,
                                       size_t response_bytes);

}  // namespace miden
