#include "rpc/methods.hpp"
#include "types/blockchain.pb.h"

namespace miden {

// spec/store-rpc.md §17.4: the bytes are a SignedBlock alone; clients append an empty proof
// themselves (D-24).
Answer<::blockchain::MaybeBlock> get_block_by_number(const StateView& view,
                                                     const ::blockchain::BlockRequest& request) {
  const BlockNum block_num{request.block_num()};
  ::blockchain::MaybeBlock response;
  if (const std::optional<Bytes> block = view.block(block_num)) {
    response.set_block(block->data(), block->size());
  }
  if (request.include_proof()) {
    // A proof may be zero bytes long and is still there.
    if (const std::optional<Bytes> proof = view.proof(block_num)) {
      response.set_proof(proof->data(), proof->size());
    }
  }
  return response;
}

}  // namespace miden
