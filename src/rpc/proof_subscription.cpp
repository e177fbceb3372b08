// rpc.Api/ProofSubscription
#include "rpc.pb.h"
#include "rpc/subscription.hpp"

namespace miden {

constinit const SubscriptionKind kProofSubscription{
    .method = "ProofSubscription",
    // The genesis block counts as proven and has no proof: asked for, it is passed over.
    .first = kGenesis.next(),
    .tip = [](const StateView& view) { return view.proven_tip(); },
    .wait_for_tip = &ChainState::wait_for_proven_tip,
    .payload = [](const StateView& view, BlockNum block_num) { return view.proof(block_num); },
    .message =
        [](const grpc::Slice& proof, BlockNum block_num, BlockNum tip) {
          ::rpc::ProofSubscriptionResponse before;
          before.set_block_num(block_num.value);
          ::rpc::ProofSubscriptionResponse after;
          after.set_proven_chain_tip(tip.value);
          return message_around(before, ::rpc::ProofSubscriptionResponse::kProofFieldNumber, proof,
                                after);
        },
};

}  // namespace miden
