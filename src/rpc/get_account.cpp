#include "net/convert_account.hpp"
#include "rpc.pb.h"
#include "rpc/account_request.hpp"
#include "rpc/limits.hpp"
#include "rpc/methods.hpp"

namespace miden {
namespace {

using MapDetails = ::rpc::AccountStorageDetails::AccountStorageMapDetails;

// What a map that is only marked as too large may take, its longest possible name included.
constexpr size_t kMarkerBytes = 263;
constexpr size_t kMapBudget = kMaxResponseBytes - 256 * kMarkerBytes - 8192;
// One StorageMapEntry: two digests of four non-zero elements.
constexpr size_t kMapEntryBytes = 78;

size_t varint_size(size_t value) {
  size_t size = 1;
  for (; value >= 128; value >>= 7) ++size;
  return size;
}

size_t field_size(size_t content) { return 1 + varint_size(content) + content; }

// The encoded size of a map with that many entries, as a field of the response: the reference's
// estimate, so that both drop the same maps.
size_t map_size(const StorageSlotName& slot, size_t entries) {
  const size_t all_entries = field_size(entries * kMapEntryBytes);
  return field_size(field_size(slot.text().size()) + all_entries);
}

MapDetails to_message(const StorageMapDetails& map) {
  MapDetails message;
  message.set_slot_name(map.slot.text());
  if (std::holds_alternative<StorageMapDetails::TooManyEntries>(map.content)) {
    message.set_too_many_entries(true);
  } else if (const auto* entries = std::get_if<StorageMapDetails::Entries>(&map.content)) {
    auto& all = *message.mutable_all_entries();
    for (const auto& [key, value] : *entries) {
      auto& added = *all.add_entries();
      *added.mutable_key() = to_digest(key);
      *added.mutable_value() = miden::to_message(value);
    }
  } else {
    auto& proven = *message.mutable_entries_with_proofs();
    for (const SmtProof& proof : std::get<StorageMapDetails::Openings>(map.content)) {
      auto& added = *proven.add_entries();
      // Of the leaf's first entry, whatever key was asked for: clients read the proof.
      const SmtEntry first = proof.leaf.entries.empty() ? SmtEntry{} : proof.leaf.entries.front();
      *added.mutable_key() = miden::to_message(first.key);
      *added.mutable_value() = miden::to_message(first.value);
      *added.mutable_proof() = miden::to_message(proof);
    }
  }
  return message;
}

// Adds the maps in order; those that would make the message larger than a client takes are marked
// instead. Smaller ones after them may still fit. The reference does so only when all maps were
// asked for; named ones can outgrow a message as well (D-9).
void add_maps(const std::vector<StorageMapDetails>& maps, ::rpc::AccountResponse& response) {
  const size_t reserved = response.ByteSizeLong() + kMarkerBytes * maps.size();
  size_t left = kMapBudget > reserved ? kMapBudget - reserved : 0;
  auto& details = *response.mutable_details()->mutable_storage_details();
  for (const StorageMapDetails& map : maps) {
    if (const auto* entries = std::get_if<StorageMapDetails::Entries>(&map.content)) {
      const size_t size = map_size(map.slot, entries->size());
      const size_t beyond_marker = size > kMarkerBytes ? size - kMarkerBytes : 0;
      if (beyond_marker > left) {
        auto& marked = *details.add_map_details();
        marked.set_slot_name(map.slot.text());
        marked.set_too_many_entries(true);
        continue;
      }
      left -= beyond_marker;
    }
    *details.add_map_details() = to_message(map);
  }
}

void add_details(const AccountDetails& details, ::rpc::AccountResponse& response) {
  auto& message = *response.mutable_details();
  *message.mutable_header() = miden::to_message(details.header);
  *message.mutable_storage_details()->mutable_header() = miden::to_message(details.storage);
  if (details.code) message.set_code(details.code->data(), details.code->size());
  // Always there: clients require it.
  auto& vault = *message.mutable_vault_details();
  vault.set_too_many_assets(details.too_many_assets);
  for (const SmtEntry& asset : details.assets) {
    auto& added = *vault.add_assets();
    *added.mutable_key() = miden::to_message(asset.key);
    *added.mutable_value() = miden::to_message(asset.value);
  }
  add_maps(details.maps, response);
}

// The byte is the number the client has for the case (spec/store-rpc.md §24.4). The reference sends
// none; with it a client can tell an account that does not exist from a request that is wrong.
Status account_error(const Error& error) {
  const auto refused = [&error](char number) {
    return Status(StatusCode::kInvalidArgument, error.message, std::string(1, number));
  };
  if (error.code == "AccountNotFound") return refused(2);
  if (error.code == "AccountNotPublic") return refused(3);
  if (error.code == "UnknownBlock") return refused(4);
  if (error.code == "BlockPruned") return refused(5);
  return {StatusCode::kInternal, error.message};
}

}  // namespace

Answer<::rpc::AccountResponse> get_account(const StateView& view,
                                           const ::rpc::AccountRequest& request) {
  const AccountQuestion question = TRY(read_account_request(request));
  const Result<AccountAnswer> answer = view.account(
      question.account, question.block_num, question.details ? &*question.details : nullptr);
  if (!answer) return std::unexpected(account_error(answer.error()));

  ::rpc::AccountResponse response;
  response.mutable_block_num()->set_block_num(answer->block_num.value);
  *response.mutable_witness() = miden::to_message(answer->witness);
  if (answer->details) add_details(*answer->details, response);
  return response;
}

}  // namespace miden
