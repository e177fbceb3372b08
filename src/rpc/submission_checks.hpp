// What single submissions and batches are asked alike. spec/store-rpc.md §18.1 to §18.3.
#pragma once

#include <memory>
#include <span>

#include "chain/state_view.hpp"
#include "net/status.hpp"
#include "protocol/transaction.hpp"

namespace miden {

// However old, it must be of this chain.
Answer<> check_reference_block(const StateView& view, BlockNum block_num, const Word& commitment);

// Users may create network accounts; what happens to these afterwards is the transaction builder's.
Answer<> check_network_accounts(
    const StateView& view, std::span<const std::shared_ptr<const ProvenTransaction>> transactions);

}  // namespace miden
