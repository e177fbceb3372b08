// SyncChainMmr: what a client that knows blocks up to some height needs to follow the chain to its
// tip. spec/store-rpc.md §17.7
#include "chain/chain_reader.hpp"
#include "chain/state_view.hpp"

namespace miden {

Result<ChainMmrSync> StateView::sync_chain_mmr(BlockNum client_height, Finality finality) const {
  const BlockNum target = finality == Finality::kProven ? proven_tip_ : tip();
  if (client_height > target) {
    return fail("FutureBlock", "start block is not known: current client block height " +
                                   std::to_string(client_height.value) +
                                   " is greater than chain tip " + std::to_string(target.value));
  }
  std::optional<SignedHeader> header = block_header(target);
  if (!header) throw_corrupt("a block's header is missing");
  ChainMmrSync sync{client_height, *std::move(header), {}};
  // The target's own leaf is left out: its chain commitment does not cover it.
  if (client_height == target) {
    sync.delta.num_leaves = client_height.value;
  } else {
    sync.delta = expect_sound(
        mmr_delta(uint64_t{client_height.value} + 1, target.value, reader_->chain_nodes()));
  }
  return sync;
}

}  // namespace miden
