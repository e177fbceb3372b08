// Answers at and beyond their limits.
#include <gmock/gmock.h>

#include "chain/page_limits.hpp"
#include "chain/test_support/chain_directory.hpp"
#include "chain/test_support/simulated_chain.hpp"

namespace miden {
namespace {

// A long name, so that few rows make a full page.
const StorageSlotName& map_slot() {
  static const StorageSlotName name = *StorageSlotName::parse("test::" + std::string(240, 'm'));
  return name;
}

Account account_with(uint64_t n, size_t map_entries, size_t asset_count) {
  std::map<StorageMapKey, Word> entries;
  for (uint64_t i = 0; i < map_entries; ++i) entries.emplace(StorageMapKey(word(i)), word(i + 1));
  std::vector<Asset> assets;
  for (uint64_t i = 0; i < asset_count; ++i) {
    assets.push_back({*FungibleAsset::make(public_account(1000 + i), 1)});
  }
  return {public_account(n),
          *AssetVault::from_assets(assets),
          *AccountStorage::make({{map_slot(), *StorageMap::from_entries(entries)}}),
          account_code(),
          Felt::from_canonical(1),
          std::nullopt};
}

BlockBody body_with(const Account& account, AccountDelta delta) {
  BlockBody body;
  body.updated_accounts.push_back({account.id, account.commitment(), {std::move(delta)}});
  return body;
}

class LargeAnswers : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_.bootstrap(model_.blocks.front());
    chain_ = directory_.open();
  }
  void create(const Account& account) {
    apply(*chain_, model_.append(body_with(account, *AccountDelta::from_account(account))));
  }
  // Sets `count` map entries from `first` on to `value`.
  void change(Account& account, uint64_t first, size_t count, const Word& value) {
    AccountDelta delta{account.id, {}, {}, std::nullopt, Felt::from_canonical(1)};
    StorageMapDelta map;
    for (uint64_t i = 0; i < count; ++i) map.entries.emplace(StorageMapKey(word(first + i)), value);
    delta.storage.slots.emplace(map_slot(), std::move(map));
    account.apply(delta).value();
    apply(*chain_, model_.append(body_with(account, std::move(delta))));
  }

  SimulatedChain model_{21, {.new_private = 1, .new_public = 1}, false};
  ChainDirectory directory_;
  std::unique_ptr<ChainState> chain_;
};

TEST_F(LargeAnswers, AThousandEntriesAreListedAndOneMoreAreNot) {
  const AccountDetailsRequest everything{word(0), word(0), AccountDetailsRequest::AllMaps{}};
  for (const size_t count : {kMaxListedEntries, kMaxListedEntries + 1}) {
    const bool fits = count == kMaxListedEntries;
    const Account account = account_with(count, count, count);
    create(account);
    const AccountDetails details =
        *chain_->view()->account(account.id, std::nullopt, &everything)->details;
    EXPECT_EQ(details.too_many_assets, !fits);
    EXPECT_EQ(details.assets.size(), fits ? count : 0);
    const auto& content = details.maps.at(0).content;
    EXPECT_EQ(std::holds_alternative<StorageMapDetails::TooManyEntries>(content), !fits);
    const auto* entries = std::get_if<StorageMapDetails::Entries>(&content);
    EXPECT_EQ(entries != nullptr ? entries->size() : 0, fits ? count : 0);
    // Single keys are opened whatever the size.
    const AccountDetailsRequest one{
        std::nullopt, std::nullopt,
        std::vector<StorageMapRequest>{
            {map_slot(), std::vector<StorageMapKey>{StorageMapKey(word(7))}}}};
    const AccountDetails opened = *chain_->view()->account(account.id, std::nullopt, &one)->details;
    const SmtProof& proof = std::get<StorageMapDetails::Openings>(opened.maps.at(0).content).at(0);
    EXPECT_EQ(proof.compute_root(), account.storage.slots()[0].value());
    EXPECT_EQ(proof.value_of(storage_map_leaf_key(StorageMapKey(word(7)))), word(8));
  }
}

TEST_F(LargeAnswers, PagesOfMapUpdatesJoinWithoutGapOrOverlap) {
  constexpr size_t kPerBlock = 1500;
  constexpr uint32_t kCount = 10;
  Account account = account_with(1, 1, 0);
  create(account);
  for (uint32_t i = 0; i < kCount; ++i) change(account, 10 + i * kPerBlock, kPerBlock, word(i + 1));

  const BlockNum tip = chain_->tip();
  std::vector<StorageMapUpdate> all;
  size_t pages = 0;
  for (BlockNum from{0}; from <= tip; ++pages) {
    const StorageMapUpdatePage page =
        chain_->view()->sync_account_storage_maps({from, tip}, account.id).value();
    size_t bytes = 0;
    for (const StorageMapUpdate& update : page.updates) {
      EXPECT_GE(update.block_num, from);
      EXPECT_LE(update.block_num, page.last_block);
      bytes += kStorageMapRowBytes + update.slot.text().size();
    }
    EXPECT_LE(bytes, kPageBytes);
    all.insert(all.end(), page.updates.begin(), page.updates.end());
    from = page.last_block.next();
  }
  EXPECT_EQ(pages, 2U);
  EXPECT_EQ(all.size(), 1 + kCount * kPerBlock);
}

TEST_F(LargeAnswers, ABlockBeyondAPageIsSentWholeWhileItCanBe) {
  const size_t row_bytes = kStorageMapRowBytes + map_slot().text().size();
  Account account = account_with(1, 0, 0);
  create(account);
  change(account, 0, kPageBytes / row_bytes + 10, word(1));
  change(account, 0, 1, word(2));
  const BlockNum large{chain_->tip().value - 1};
  const BlockRange range{{0}, chain_->tip()};
  const StorageMapUpdatePage page =
      chain_->view()->sync_account_storage_maps(range, account.id).value();
  EXPECT_EQ(page.last_block, large);
  EXPECT_EQ(page.updates.size(), kPageBytes / row_bytes + 10);

  change(account, 0, kMaxPageBytes / row_bytes + 1, word(3));
  const BlockNum tip = chain_->tip();
  EXPECT_EQ(code_of(chain_->view()->sync_account_storage_maps({tip, tip}, account.id)),
            "PageTooLarge");
  EXPECT_EQ(chain_->view()->sync_account_storage_maps({large.next(), tip}, account.id)->last_block,
            BlockNum{tip.value - 1});
}

}  // namespace
}  // namespace miden
