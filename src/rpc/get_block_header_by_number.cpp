#include "net/convert_block.hpp"
#include "rpc.pb.h"
#include "rpc/methods.hpp"

namespace miden {

// spec/store-rpc.md §17.3: an unknown block is answered with an empty message.
Answer<::rpc::BlockHeaderByNumberResponse> get_block_header_by_number(
    const StateView& view, const ::rpc::BlockHeaderByNumberRequest& request) {
  const BlockNum block_num = request.has_block_num() ? BlockNum{request.block_num()} : view.tip();
  ::rpc::BlockHeaderByNumberResponse response;
  const std::optional<SignedHeader> found = view.block_header(block_num);
  if (!found) return response;

  *response.mutable_block_header() = to_message(found->header);
  if (request.include_mmr_proof()) {
    // Against the whole chain, the tip included: not what the header itself commits to.
    const Result<MmrProof> opening = view.block_opening(block_num);
    if (!opening) return refuse(StatusCode::kInternal, opening.error().message);
    *response.mutable_mmr_path() = to_message(opening->path);
    response.set_chain_length(static_cast<uint32_t>(opening->num_leaves));
  }
  return response;
}

}  // namespace miden
