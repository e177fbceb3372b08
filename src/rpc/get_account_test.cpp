// GetAccount as the client uses it: what it gives must rebuild the account and verify against the
// block.
#include <gmock/gmock.h>

#include "net/convert_account.hpp"
#include "rpc.pb.h"
#include "rpc/methods.hpp"
#include "rpc/test_support/chain_world.hpp"

namespace miden {
namespace {

const SimulatedChain& model() { return ChainWorld::shared().model; }
const StateView& view() { return ChainWorld::view(); }
constexpr uint32_t kTip = ChainWorld::kBlocks;

::rpc::AccountRequest request_for(const AccountId& account) {
  ::rpc::AccountRequest request;
  *request.mutable_account_id() = to_message(account);
  return request;
}

// Everything there is, as a client asks that has nothing.
::rpc::AccountRequest request_for_all(const AccountId& account) {
  ::rpc::AccountRequest request = request_for(account);
  *request.mutable_details()->mutable_code_commitment() = to_message(Word());
  *request.mutable_details()->mutable_asset_vault_commitment() = to_message(Word());
  request.mutable_details()->set_all_storage_maps(true);
  return request;
}

// What a client makes of an answer.
Account rebuild(const ::rpc::AccountResponse& response) {
  const auto& details = response.details();
  const AccountHeader header = *from_message(details.header());
  std::vector<Asset> assets;
  for (const auto& asset : details.vault_details().assets()) assets.push_back(*from_message(asset));
  std::map<std::string, StorageMap> maps;
  for (const auto& map : details.storage_details().map_details()) {
    std::map<StorageMapKey, Word> entries;
    for (const auto& entry : map.all_entries().entries()) {
      entries.emplace(StorageMapKey(*from_message(entry.key())), *from_message(entry.value()));
    }
    maps.emplace(map.slot_name(), *StorageMap::from_entries(entries));
  }
  std::vector<StorageSlot> slots;
  const AccountStorageHeader storage = *from_message(details.storage_details().header());
  for (const StorageSlotHeader& slot : storage.slots()) {
    if (slot.type == StorageSlotType::kValue) {
      slots.push_back({slot.name, slot.value});
    } else {
      slots.push_back({slot.name, maps.at(slot.name.text())});
    }
  }
  return {header.id,
          *AssetVault::from_assets(assets),
          *AccountStorage::make(std::move(slots)),
          *from_bytes<AccountCode>(as_bytes(details.code())),
          header.nonce,
          std::nullopt};
}

TEST(GetAccount, RebuildsEveryPublicAccountAtEveryBlock) {
  for (uint32_t n = 0; n <= kTip; ++n) {
    for (const auto& [id, account] : model().state_at(n).accounts) {
      SCOPED_TRACE(id.to_hex() + " at " + std::to_string(n));
      ::rpc::AccountRequest request = request_for_all(id);
      request.mutable_block_num()->set_block_num(n);
      const auto response = get_account(view(), request);
      ASSERT_TRUE(response) << response.error().message;
      EXPECT_EQ(response->block_num().block_num(), n);
      const AccountWitness witness = *from_message(response->witness());
      EXPECT_EQ(witness.id, id);
      EXPECT_EQ(witness.to_proof().compute_root(), model().blocks[n].header.account_root);
      EXPECT_EQ(witness.commitment, account.commitment());
      EXPECT_EQ(rebuild(*response).commitment(), account.commitment());
    }
  }
}

TEST(GetAccount, ProvesAnyAccountWithoutDetails) {
  const AccountId known = ChainWorld::shared().any_private_account();
  for (const AccountId& id : {known, private_account(123456), public_account(123456)}) {
    const auto response = get_account(view(), request_for(id));
    ASSERT_TRUE(response);
    EXPECT_FALSE(response->has_details());
    EXPECT_EQ(response->block_num().block_num(), kTip);
    const AccountWitness witness = *from_message(response->witness());
    EXPECT_EQ(witness.to_proof().compute_root(), model().tip().account_root);
    EXPECT_EQ(witness.commitment, id == known ? model().state.commitments.at(id) : Word());
  }
}

TEST(GetAccount, SendsOnlyWhatTheCallerDoesNotHave) {
  const Account& account = ChainWorld::shared().any_public_account();
  ::rpc::AccountRequest request = request_for(account.id);
  request.mutable_details();
  const auto bare = get_account(view(), request);
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->details().has_code());
  EXPECT_TRUE(bare->details().has_vault_details());
  EXPECT_EQ(bare->details().vault_details().assets_size(), 0);
  EXPECT_EQ(bare->details().storage_details().map_details_size(), 0);
  EXPECT_EQ(*from_message(bare->details().header()), account.header());

  *request.mutable_details()->mutable_code_commitment() = to_message(account.code.commitment());
  *request.mutable_details()->mutable_asset_vault_commitment() = to_message(account.vault.root());
  const auto same = get_account(view(), request);
  ASSERT_TRUE(same);
  EXPECT_FALSE(same->details().has_code());
  EXPECT_EQ(same->details().vault_details().assets_size(), 0);
}

TEST(GetAccount, ProvesRequestedMapKeysInTheirOrder) {
  const Account& account = ChainWorld::shared().any_public_account();
  ::rpc::AccountRequest request = request_for(account.id);
  auto& map = *request.mutable_details()->mutable_storage_maps()->add_storage_maps();
  map.set_slot_name("test::slot::map");
  const StorageSlot& slot = *account.storage.find(*StorageSlotName::parse("test::slot::map"));
  const StorageMap& entries = std::get<StorageMap>(slot.content);
  std::vector<StorageMapKey> keys = {StorageMapKey(word(1u << 20))};  // absent
  for (const auto& [key, value] : entries.entries()) keys.push_back(key);
  for (const StorageMapKey& key : keys) *map.mutable_map_keys()->add_map_keys() = to_digest(key);

  const auto response = get_account(view(), request);
  ASSERT_TRUE(response) << response.error().message;
  const auto& given = response->details().storage_details().map_details(0);
  EXPECT_EQ(given.slot_name(), "test::slot::map");
  ASSERT_EQ(static_cast<size_t>(given.entries_with_proofs().entries_size()), keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto& entry = given.entries_with_proofs().entries(static_cast<int>(i));
    const SmtProof proof = *from_message(entry.proof());
    const Word leaf_key = storage_map_leaf_key(keys[i]);
    EXPECT_EQ(proof.compute_root(), entries.root());
    EXPECT_EQ(proof.value_of(leaf_key), entries.tree().get(leaf_key));
    if (i > 0) {
      EXPECT_EQ(*from_message(entry.key()), leaf_key);
    }
    if (i == 0) {
      EXPECT_EQ(*from_message(entry.value()), Word());
    }
  }
}

TEST(GetAccount, RefusesWhatItMust) {
  const Account& account = ChainWorld::shared().any_public_account();
  const auto refusal = [](const ::rpc::AccountRequest& request) {
    return outcome(get_account(view(), request));
  };
  using DetailRequest = ::rpc::AccountRequest::AccountDetailRequest;
  const auto with_details = [&](const auto& change) {
    ::rpc::AccountRequest request = request_for(account.id);
    DetailRequest& details = *request.mutable_details();
    change(details);
    return request;
  };
  EXPECT_EQ(refusal({}), "INVALID_ARGUMENT: field `rpc::AccountRequest::account_id` is missing");
  ::rpc::AccountRequest broken;
  broken.mutable_account_id()->set_id(std::string(15, '\xff'));
  EXPECT_EQ(refusal(broken), "INVALID_ARGUMENT: account_id: value is not in the range 0..MODULUS");
  EXPECT_EQ(refusal(with_details(
                [](DetailRequest& d) { d.mutable_code_commitment()->set_d0(UINT64_MAX); })),
            "INVALID_ARGUMENT: details.code_commitment: value is not in the range 0..MODULUS");
  EXPECT_EQ(refusal(with_details([](DetailRequest& d) { d.set_all_storage_maps(false); })),
            "INVALID_ARGUMENT: details: all_storage_maps must be true when set");
  EXPECT_THAT(refusal(with_details([](DetailRequest& d) {
                d.mutable_storage_maps()->add_storage_maps()->set_slot_name("x");
              })),
              ::testing::StartsWith("INVALID_ARGUMENT: details.storage_maps.slot_name: "));
  EXPECT_EQ(
      refusal(with_details([](DetailRequest& d) {
        d.mutable_storage_maps()->add_storage_maps()->set_slot_name("a::b");
      })),
      "INVALID_ARGUMENT: details.storage_maps: field "
      "`rpc::AccountRequest::AccountDetailRequest::StorageMapDetailRequest::slot_data` is missing");
  EXPECT_EQ(
      refusal(with_details([](DetailRequest& d) {
        auto& map = *d.mutable_storage_maps()->add_storage_maps();
        map.set_slot_name("a::b");
        map.set_all_entries(false);
      })),
      "INVALID_ARGUMENT: details.storage_maps.slot_data: enum variant discriminant out of range");
  EXPECT_EQ(refusal(with_details([](DetailRequest& d) {
              for (int i = 0; i < 256; ++i) {
                auto& map = *d.mutable_storage_maps()->add_storage_maps();
                map.set_slot_name("a::b");
                map.set_all_entries(true);
              }
            })),
            "OUT_OF_RANGE: parameter storage_maps exceeded limit 255: 256");
  EXPECT_EQ(refusal(with_details([](DetailRequest& d) {
              for (int i = 0; i < 2; ++i) {
                auto& map = *d.mutable_storage_maps()->add_storage_maps();
                map.set_slot_name("a::b");
                map.set_all_entries(true);
              }
            })),
            "INVALID_ARGUMENT: duplicate storage map slot in request: a::b");
  EXPECT_EQ(refusal(with_details([](DetailRequest& d) {
              for (const auto* name : {"a::b", "a::c"}) {
                auto& map = *d.mutable_storage_maps()->add_storage_maps();
                map.set_slot_name(name);
                for (int i = 0; i < 33; ++i) map.mutable_map_keys()->add_map_keys();
              }
            })),
            "OUT_OF_RANGE: parameter storage_map_key exceeded limit 64: 66");
  EXPECT_EQ(refusal(request_for_all(private_account(5))),
            "INVALID_ARGUMENT: account " + private_account(5).to_hex() + " is not public [3]");
  ::rpc::AccountRequest future = request_for(account.id);
  future.mutable_block_num()->set_block_num(kTip + 1);
  EXPECT_EQ(refusal(future), "INVALID_ARGUMENT: block 13 is unknown [4]");
  EXPECT_EQ(refusal(request_for_all(public_account(123456))), "INVALID_ARGUMENT: account " +
                                                                  public_account(123456).to_hex() +
                                                                  " not found at block 12 [2]");
  EXPECT_EQ(refusal(with_details([](DetailRequest& d) {
              auto& map = *d.mutable_storage_maps()->add_storage_maps();
              map.set_slot_name("test::slot::value");
              map.set_all_entries(true);
            })),
            "INTERNAL: storage root not found for account " + account.id.to_hex() +
                ", slot test::slot::value, block 12");
}

}  // namespace
}  // namespace miden
