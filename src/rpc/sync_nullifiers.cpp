#include <fmt/format.h>

#include "net/convert_primitives.hpp"
#include "rpc/block_range.hpp"
#include "rpc/limits.hpp"
#include "rpc/methods.hpp"

namespace miden {

// spec/store-rpc.md §17.9
Answer<::rpc::SyncNullifiersResponse> sync_nullifiers(const StateView& view,
                                                      const ::rpc::SyncNullifiersRequest& request) {
  constexpr uint32_t kPrefixBits = 16;
  const ::rpc::BlockRange asked = TRY(present_block_range(request));
  TRY(check_count(kSyncNullifiersPrefixes, request.nullifiers_size()));
  if (request.prefix_len() != kPrefixBits) {
    return invalid_argument(
        fmt::format("unsupported prefix length: {} (only 16-bit prefixes are supported)",
                    request.prefix_len()));
  }
  const BlockRange range = TRY(checked_block_range(asked, view));
  std::set<uint16_t> prefixes;
  for (const uint32_t prefix : request.nullifiers())
    prefixes.insert(static_cast<uint16_t>(prefix & 0xffff));

  const NullifierPage page = view.sync_nullifiers(range, prefixes);
  ::rpc::SyncNullifiersResponse response;
  *response.mutable_pagination_info() = pagination(view, page.last_block);
  for (const NullifierUpdate& update : page.nullifiers) {
    auto& added = *response.add_nullifiers();
    *added.mutable_nullifier() = to_digest(update.nullifier);
    added.set_block_num(update.block_num.value);
  }
  return response;
}

}  // namespace miden
