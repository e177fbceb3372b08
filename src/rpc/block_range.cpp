#include "rpc/block_range.hpp"

#include <fmt/format.h>

#include "rpc/limits.hpp"

namespace miden {

Answer<> check_count(const CountLimit& limit, size_t count) {
  if (count <= limit.max) return {};
  return refuse(StatusCode::kOutOfRange, fmt::format("parameter {} exceeded limit {}: {}",
                                                     limit.parameter, limit.max, count));
}

Answer<> check_count(const CountLimit& limit, int count) {
  return check_count(limit, static_cast<size_t>(count));
}

Answer<BlockRange> checked_block_range(const ::rpc::BlockRange& range, const StateView& view) {
  const BlockNum from{range.block_from()};
  const BlockNum to{range.block_to()};
  if (from > to) {
    return invalid_argument(fmt::format("start ({}) greater than end ({})", from.value, to.value));
  }
  if (to > view.tip()) {
    return invalid_argument(
        fmt::format("block_to ({}) is greater than chain tip ({})", to.value, view.tip().value));
  }
  return BlockRange{from, to};
}

Status page_error(const Error& error) {
  if (error.code == "TransactionPageTooLarge" || error.code == "PageTooLarge") {
    return {StatusCode::kOutOfRange, error.message};
  }
  return {StatusCode::kInternal, error.message};
}

::rpc::PaginationInfo pagination(const StateView& view, BlockNum last_block) {
  ::rpc::PaginationInfo info;
  info.set_chain_tip(view.tip().value);
  info.set_block_num(last_block.value);
  return info;
}

}  // namespace miden
