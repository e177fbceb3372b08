#include "net/convert_account.hpp"
#include "rpc/block_range.hpp"
#include "rpc/methods.hpp"

namespace miden {

// spec/store-rpc.md §17.12: all slots, raw keys, the zero word for what was removed.
Answer<::rpc::SyncAccountStorageMapsResponse> sync_account_storage_maps(
    const StateView& view, const ::rpc::SyncAccountStorageMapsRequest& request) {
  const AccountId account = READ_FIELD(request, account_id);
  const ::rpc::BlockRange asked = TRY(present_block_range(request));
  if (!account.is_public())
    return invalid_argument("account " + account.to_hex() + " is not public");
  const BlockRange range = TRY(checked_block_range(asked, view));

  const Result<StorageMapUpdatePage> page = view.sync_account_storage_maps(range, account);
  if (!page) return std::unexpected(page_error(page.error()));
  ::rpc::SyncAccountStorageMapsResponse response;
  *response.mutable_pagination_info() = pagination(view, page->last_block);
  for (const StorageMapUpdate& update : page->updates) {
    auto& added = *response.add_updates();
    added.set_block_num(update.block_num.value);
    added.set_slot_name(update.slot.text());
    *added.mutable_key() = to_digest(update.key);
    *added.mutable_value() = to_message(update.value);
  }
  return response;
}

}  // namespace miden
