// GetAccount: an account's witness and, of public ones, code, storage and vault, at the tip or one
// of the retained blocks before it. spec/store-rpc.md §17.13
#include <algorithm>
#include <string>

#include "chain/state_view.hpp"
#include "chain/stored_tree.hpp"

namespace miden {
namespace {

std::optional<BlockNum> unless_tip(BlockNum block_num, BlockNum tip) {
  return block_num == tip ? std::nullopt : std::optional(block_num);
}

Result<void> check_retained(BlockNum block_num, BlockNum tip) {
  if (block_num > tip) {
    return fail("UnknownBlock", "block " + std::to_string(block_num.value) + " is unknown");
  }
  if (tip.value - block_num.value > kRetainedBlocks) {
    return fail("BlockPruned", "block " + std::to_string(block_num.value) + " has been pruned");
  }
  return {};
}

// The entries of a map with their raw keys, ascending by those.
StorageMapDetails::Entries with_raw_keys(const ChainReader& reader,
                                         const std::vector<SmtEntry>& entries) {
  std::vector<Key> keys;
  keys.reserve(entries.size());
  for (const SmtEntry& entry : entries) keys.push_back(word_key(entry.key));
  const std::vector<std::optional<Bytes>> raw_keys = reader.rows().get_many(kMapKeys, keys);
  StorageMapDetails::Entries answer;
  answer.reserve(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!raw_keys[i]) throw_corrupt("a storage map's raw key is missing");
    answer.emplace_back(decode_stored<StorageMapKey>(*raw_keys[i]), entries[i].value);
  }
  std::ranges::sort(answer, {}, [](const auto& entry) { return entry.first; });
  return answer;
}

std::vector<StorageMapRequest> requested_maps(const AccountDetailsRequest& request,
                                              const AccountStorageHeader& storage) {
  if (const auto* listed = std::get_if<std::vector<StorageMapRequest>>(&request.maps)) {
    return *listed;
  }
  std::vector<StorageMapRequest> all;
  for (const StorageSlotHeader& slot : storage.slots()) {
    if (slot.type == StorageSlotType::kMap) {
      all.push_back({slot.name, StorageMapRequest::AllEntries{}});
    }
  }
  return all;
}

Result<StorageMapDetails> map_details(const ChainReader& reader, const AccountRecord& record,
                                      const StorageMapRequest& request, BlockNum block_num,
                                      std::optional<BlockNum> at) {
  const StorageSlotHeader* slot = record.public_state->storage.find(request.slot);
  if (slot == nullptr || slot->type != StorageSlotType::kMap) {
    return fail("StorageRootNotFound", "storage root not found for account " + record.id.to_hex() +
                                           ", slot " + request.slot.text() + ", block " +
                                           std::to_string(block_num.value));
  }
  const StoredTree tree(reader, storage_map_tree(record.id, request.slot.id()), at);
  StorageMapDetails details{request.slot, StorageMapDetails::TooManyEntries{}};
  if (const auto* keys = std::get_if<std::vector<StorageMapKey>>(&request.what)) {
    std::vector<Word> leaf_keys;
    for (const StorageMapKey& key : *keys) leaf_keys.push_back(storage_map_leaf_key(key));
    details.content = expect_sound(smt_open_many(tree, leaf_keys));
    return details;
  }
  const std::vector<SmtEntry> entries = tree.entries(kMaxListedEntries + 1);
  if (entries.size() <= kMaxListedEntries) details.content = with_raw_keys(reader, entries);
  return details;
}

}  // namespace

AccountWitness witness_of_opening(const AccountId& asked, SmtProof opening) {
  if (opening.leaf.entries.empty()) {
    return expect_sound(AccountWitness::make(asked, Word(), std::move(opening.path)));
  }
  // Possibly of another account whose id has the same prefix: [0, 0, suffix, prefix].
  const SmtEntry& entry = opening.leaf.entries.front();
  const AccountId held = expect_sound(AccountId::from_limbs(entry.key[3], entry.key[2]));
  return expect_sound(AccountWitness::make(held, entry.value, std::move(opening.path)));
}

Result<AccountWitness> StateView::account_witness(const AccountId& id, BlockNum block_num) const {
  TRY(check_retained(block_num, tip()));
  const Word key = account_tree_key(id);
  const StoredTree tree(*reader_, account_tree(), unless_tip(block_num, tip()));
  if (block_num < tip()) return witness_of_opening(id, expect_sound(smt_open(tree, key)));
  const TreeWithUpperLevels newest(tree, *upper_accounts_);
  return witness_of_opening(id, expect_sound(smt_open(newest, key)));
}

Result<std::optional<AccountRecord>> StateView::account_record(const AccountId& id,
                                                               BlockNum block_num) const {
  TRY(check_retained(block_num, tip()));
  const std::optional<Bytes> row =
      reader_->row_at(kAccounts, account_key(id), unless_tip(block_num, tip()));
  if (!row) return std::nullopt;
  return decode_stored<AccountRecord>(*row);
}

std::optional<Bytes> StateView::account_code(const Word& commitment) const {
  return reader_->rows().get(kAccountCodes, word_key(commitment));
}

Result<AccountAnswer> StateView::account(const AccountId& id, std::optional<BlockNum> requested,
                                         const AccountDetailsRequest* request) const {
  if (request != nullptr && !id.is_public()) {
    return fail("AccountNotPublic", "account " + id.to_hex() + " is not public");
  }
  const BlockNum block_num = requested.value_or(tip());
  const std::optional<BlockNum> at = unless_tip(block_num, tip());
  AccountAnswer answer{block_num, TRY(account_witness(id, block_num)), std::nullopt};
  if (request == nullptr) return answer;

  const std::optional<AccountRecord> record = TRY(account_record(id, block_num));
  if (!record || !record->public_state) {
    return fail("AccountNotFound", "account " + id.to_hex() + " not found at block " +
                                       std::to_string(block_num.value));
  }
  const auto& [header, storage] = *record->public_state;
  AccountDetails details{header, storage, std::nullopt, false, {}, {}};
  if (request->known_code_commitment && *request->known_code_commitment != header.code_commitment) {
    details.code = account_code(header.code_commitment);
  }
  if (request->known_vault_root && *request->known_vault_root != header.vault_root) {
    details.assets = StoredTree(*reader_, vault_tree(id), at).entries(kMaxListedEntries + 1);
    details.too_many_assets = details.assets.size() > kMaxListedEntries;
    if (details.too_many_assets) details.assets.clear();
  }
  for (const StorageMapRequest& map : requested_maps(*request, storage)) {
    details.maps.push_back(TRY(map_details(*reader_, *record, map, block_num, at)));
  }
  answer.details = std::move(details);
  return answer;
}

std::optional<Account> StateView::full_account(const AccountId& id) const {
  const std::optional<Bytes> row = reader_->rows().get(kAccounts, account_key(id));
  if (!row) return std::nullopt;
  const auto record = decode_stored<AccountRecord>(*row);
  if (!record.public_state) return std::nullopt;
  const auto& [header, storage] = *record.public_state;

  std::vector<Asset> assets;
  for (const SmtEntry& entry : StoredTree(*reader_, vault_tree(id)).entries(SIZE_MAX)) {
    assets.push_back(expect_sound(Asset::from_key_and_value(entry.key, entry.value)));
  }
  std::vector<StorageSlot> slots;
  for (const StorageSlotHeader& slot : storage.slots()) {
    if (slot.type == StorageSlotType::kValue) {
      slots.push_back({slot.name, slot.value});
      continue;
    }
    const StoredTree tree(*reader_, storage_map_tree(id, slot.name.id()));
    std::map<StorageMapKey, Word> entries;
    for (auto& [key, value] : with_raw_keys(*reader_, tree.entries(SIZE_MAX))) {
      entries.emplace(key, value);
    }
    slots.push_back({slot.name, expect_sound(StorageMap::from_entries(std::move(entries)))});
  }
  const std::optional<Bytes> code = account_code(header.code_commitment);
  if (!code) throw_corrupt("a public account's code is missing");
  return Account{
      .id = id,
      .vault = expect_sound(AssetVault::from_assets(assets)),
      .storage = expect_sound(AccountStorage::make(std::move(slots))),
      .code = decode_stored<AccountCode>(*code),
      .nonce = header.nonce,
      .seed = std::nullopt,
  };
}

std::set<AccountId> StateView::network_accounts(std::span<const AccountId> accounts) const {
  std::vector<Key> keys;
  for (const AccountId& account : accounts) keys.push_back(account_key(account));
  std::set<AccountId> found;
  for (const std::optional<Bytes>& row : reader_->rows().get_many(kAccounts, keys)) {
    if (!row) continue;
    const auto record = decode_stored<AccountRecord>(*row);
    if (record.is_network_account) found.insert(record.id);
  }
  return found;
}

}  // namespace miden
