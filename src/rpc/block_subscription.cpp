// rpc.Api/BlockSubscription
#include "rpc.pb.h"
#include "rpc/subscription.hpp"

namespace miden {

constinit const SubscriptionKind kBlockSubscription{
    .method = "BlockSubscription",
    .first = kGenesis,
    .tip = [](const StateView& view) { return view.tip(); },
    .wait_for_tip = &ChainState::wait_for_tip,
    .payload = [](const StateView& view, BlockNum block_num) { return view.block(block_num); },
    .message =
        [](const grpc::Slice& block, BlockNum, BlockNum tip) {
          ::rpc::BlockSubscriptionResponse after;
          after.set_committed_chain_tip(tip.value);
          return message_around(::rpc::BlockSubscriptionResponse(),
                                ::rpc::BlockSubscriptionResponse::kBlockFieldNumber, block, after);
        },
};

}  // namespace miden
