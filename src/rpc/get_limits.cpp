#include "rpc.pb.h"
#include "rpc/limits.hpp"
#include "rpc/methods.hpp"

namespace miden {

Answer<::rpc::RpcLimits> get_limits() {
  ::rpc::RpcLimits response;
  for (const CountLimit& limit : kCountLimits) {
    auto& endpoint = (*response.mutable_endpoints())[std::string(limit.endpoint)];
    (*endpoint.mutable_parameters())[std::string(limit.parameter)] =
        static_cast<uint32_t>(limit.max);
  }
  return response;
}

}  // namespace miden
