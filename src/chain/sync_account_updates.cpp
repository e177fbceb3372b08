// SyncAccountVault and SyncAccountStorageMaps: how did an account's contents change?
// spec/store-rpc.md §17.11, §17.12
#include <string>

#include "chain/chain_reader.hpp"
#include "chain/page_limits.hpp"
#include "chain/state_view.hpp"

namespace miden {
namespace {

// Reads one account's rows, which lie in block order, until the next block does not fit. Gives the
// last block that is complete. `read` takes the key behind the block and the value, and returns the
// row's encoded size.
template <class Update, class Read>
Result<BlockNum> fill_page(const ChainReader& reader, Table table, const AccountId& account,
                           BlockRange range, std::vector<Update>& updates, Read read) {
  size_t bytes = 0;
  size_t block_begin = 0;  // of the block being read, in `updates`
  BlockNum block_num = range.from;
  for (Cursor row = reader.rows_of_blocks(table, account_key(account), range); row.valid();
       row.next()) {
    KeyReader key(row.key().subspan(AccountId::kWireSize));
    const BlockNum row_block{key.u32()};
    if (row_block != block_num) {
      block_num = row_block;
      block_begin = updates.size();
    }
    bytes += read(block_num, key, row.value());
    if (bytes <= kPageBytes) continue;
    if (block_begin > 0) {
      updates.resize(block_begin);
      return BlockNum{block_num.value - 1};
    }
    if (bytes > kMaxPageBytes) {
      return fail("PageTooLarge", "the updates of account " + account.to_hex() + " in block " +
                                      std::to_string(block_num.value) +
                                      " exceed the maximum response size");
    }
  }
  return range.to;
}

}  // namespace

Result<VaultUpdatePage> StateView::sync_account_vault(BlockRange range,
                                                      const AccountId& account) const {
  VaultUpdatePage page;
  page.last_block =
      TRY(fill_page(*reader_, kVaultUpdates, account, range, page.updates,
                    [&](BlockNum block_num, KeyReader& key, ByteView row) {
                      const Word vault_key = decode_stored<Word>(key.rest());
                      const Word value = decode_stored<Word>(row);
                      std::optional<Asset> asset;
                      if (!value.is_zero())
                        asset = expect_sound(Asset::from_key_and_value(vault_key, value));
                      page.updates.push_back({block_num, vault_key, std::move(asset)});
                      return kVaultRowBytes;
                    }));
  return page;
}

Result<StorageMapUpdatePage> StateView::sync_account_storage_maps(BlockRange range,
                                                                  const AccountId& account) const {
  constexpr size_t kSlotIdSize = 16;
  StorageMapUpdatePage page;
  page.last_block =
      TRY(fill_page(*reader_, kMapUpdates, account, range, page.updates,
                    [&](BlockNum block_num, KeyReader& key, ByteView row) {
                      key.bytes(kSlotIdSize);
                      const StorageMapKey raw_key(decode_stored<Word>(key.rest()));
                      ByteReader reader(row);
                      const Word value = expect_sound(Word::decode(reader));
                      StorageSlotName slot = expect_sound(StorageSlotName::decode(reader));
                      const size_t size = kStorageMapRowBytes + slot.text().size();
                      page.updates.push_back({block_num, std::move(slot), raw_key, value});
                      return size;
                    }));
  return page;
}

}  // namespace miden
