// The ranges of blocks that the Sync methods take, and how far their answers reach.
// spec/store-rpc.md §16.
#pragma once

#include "chain/state_view.hpp"
#include "net/status.hpp"
#include "rpc.pb.h"

namespace miden {

// Both in the reference's order of checks: first that there is a range (each method checks its own
// parameters between the two), then that it is ordered and ends at or below the tip.
template <class Request>
Answer<::rpc::BlockRange> present_block_range(const Request& request) {
  if (!request.has_block_range()) {
    return invalid_argument(std::string(request.GetDescriptor()->name()) +
                            ": missing field `block_range`");
  }
  return request.block_range();
}
Answer<BlockRange> checked_block_range(const ::rpc::BlockRange& range, const StateView& view);

// Why a page could not be made. TransactionPageTooLarge and PageTooLarge are OUT_OF_RANGE.
Status page_error(const Error& error);

::rpc::PaginationInfo pagination(const StateView& view, BlockNum last_block);

}  // namespace miden
