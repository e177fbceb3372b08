#include <fmt/format.h>

#include "net/convert_block.hpp"
#include "rpc.pb.h"
#include "rpc/methods.hpp"

namespace miden {

// spec/store-rpc.md §17.7: the delta ends before the target's own leaf, so that the peaks hash to
// the target's chain commitment.
Answer<::rpc::SyncChainMmrResponse> sync_chain_mmr(const StateView& view,
                                                   const ::rpc::SyncChainMmrRequest& request) {
  const BlockNum height{request.current_client_block_height()};
  const Finality finality = request.finality_level() == ::rpc::FINALITY_LEVEL_PROVEN
                                ? Finality::kProven
                                : Finality::kCommitted;
  const BlockNum target = finality == Finality::kProven ? view.proven_tip() : view.tip();
  if (height > target) {
    return invalid_argument(
        fmt::format("start block is not known: current client block height {} is greater "
                    "than chain tip {}",
                    height.value, target.value));
  }
  const Result<ChainMmrSync> sync = view.sync_chain_mmr(height, finality);
  if (!sync) return refuse(StatusCode::kInternal, sync.error().message);

  ::rpc::SyncChainMmrResponse response;
  response.mutable_block_range()->set_block_from(sync->from.value);
  response.mutable_block_range()->set_block_to(sync->target.header.block_num.value);
  *response.mutable_mmr_delta() = to_message(sync->delta);
  *response.mutable_block_header() = to_message(sync->target.header);
  *response.mutable_block_signature() = to_message(sync->target.signature);
  return response;
}

}  // namespace miden
