#include "net/convert_account.hpp"
#include "rpc/block_range.hpp"
#include "rpc/methods.hpp"

namespace miden {

// spec/store-rpc.md §17.11. A public id that no block has seen is answered with an empty page.
Answer<::rpc::SyncAccountVaultResponse> sync_account_vault(
    const StateView& view, const ::rpc::SyncAccountVaultRequest& request) {
  const AccountId account = READ_FIELD(request, account_id);
  const ::rpc::BlockRange asked = TRY(present_block_range(request));
  if (!account.is_public())
    return invalid_argument("account " + account.to_hex() + " is not public");
  const BlockRange range = TRY(checked_block_range(asked, view));

  const Result<VaultUpdatePage> page = view.sync_account_vault(range, account);
  if (!page) return std::unexpected(page_error(page.error()));
  ::rpc::SyncAccountVaultResponse response;
  *response.mutable_pagination_info() = pagination(view, page->last_block);
  for (const VaultUpdate& update : page->updates) {
    auto& added = *response.add_updates();
    *added.mutable_vault_key() = to_message(update.vault_key);
    if (update.asset) *added.mutable_asset() = to_message(*update.asset);
    added.set_block_num(update.block_num.value);
  }
  return response;
}

}  // namespace miden
