#include "rpc/account_request.hpp"

#include <set>

#include "net/convert_account.hpp"
#include "rpc.pb.h"
#include "rpc/limits.hpp"

namespace miden {
namespace {

using DetailRequest = ::rpc::AccountRequest::AccountDetailRequest;
using MapRequest = DetailRequest::StorageMapDetailRequest;

Result<StorageMapRequest> read_map_request(const MapRequest& request) {
  StorageSlotName slot = TRY(at("slot_name", StorageSlotName::parse(request.slot_name())));
  switch (request.slot_data_case()) {
    case MapRequest::kAllEntries:
      if (!request.all_entries()) {
        return std::unexpected(
            at("slot_data", Error{"InvalidRequest", "enum variant discriminant out of range"}));
      }
      return StorageMapRequest{std::move(slot), StorageMapRequest::AllEntries{}};
    case MapRequest::kMapKeys: {
      std::vector<StorageMapKey> keys;
      for (const auto& key : request.map_keys().map_keys()) {
        keys.emplace_back(TRY(at("slot_data", from_message(key))));
      }
      return StorageMapRequest{std::move(slot), std::move(keys)};
    }
    case MapRequest::SLOT_DATA_NOT_SET:
      break;
  }
  return missing_field(request, "slot_data");
}

Result<AccountDetailsRequest> read_details(const DetailRequest& request) {
  AccountDetailsRequest details;
  if (request.has_code_commitment()) {
    details.known_code_commitment =
        TRY(at("code_commitment", from_message(request.code_commitment())));
  }
  if (request.has_asset_vault_commitment()) {
    details.known_vault_root =
        TRY(at("asset_vault_commitment", from_message(request.asset_vault_commitment())));
  }
  switch (request.storage_request_case()) {
    case DetailRequest::kAllStorageMaps:
      if (!request.all_storage_maps()) {
        return fail("InvalidRequest", "all_storage_maps must be true when set");
      }
      details.maps = AccountDetailsRequest::AllMaps{};
      break;
    case DetailRequest::kStorageMaps: {
      std::vector<StorageMapRequest> maps;
      for (const auto& map : request.storage_maps().storage_maps()) {
        maps.push_back(TRY(at("storage_maps", read_map_request(map))));
      }
      details.maps = std::move(maps);
      break;
    }
    case DetailRequest::STORAGE_REQUEST_NOT_SET:
      break;
  }
  return details;
}

// Without these a request could ask for arbitrarily many reads.
Answer<> check_maps(const std::vector<StorageMapRequest>& maps) {
  TRY(check_count(kGetAccountMaps, maps.size()));
  std::set<StorageSlotName> slots;
  size_t key_count = 0;
  for (const StorageMapRequest& map : maps) {
    if (!slots.insert(map.slot).second) {
      return invalid_argument("duplicate storage map slot in request: " + map.slot.text());
    }
    if (const auto* keys = std::get_if<std::vector<StorageMapKey>>(&map.what))
      key_count += keys->size();
  }
  return check_count(kGetAccountMapKeys, key_count);
}

}  // namespace

Answer<AccountQuestion> read_account_request(const ::rpc::AccountRequest& request) {
  AccountQuestion question{
      .account = READ_FIELD(request, account_id), .block_num = {}, .details = {}};
  if (request.has_block_num()) question.block_num = BlockNum{request.block_num().block_num()};
  if (request.has_details()) {
    question.details = TRY(at("details", read_details(request.details())));
    if (const auto* maps = std::get_if<std::vector<StorageMapRequest>>(&question.details->maps)) {
      TRY(check_maps(*maps));
    }
  }
  return question;
}

}  // namespace miden
