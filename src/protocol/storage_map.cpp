// Maps in an account's storage, whole and partial. spec/types.md §6.6.
#include "crypto/poseidon2.hpp"
#include "protocol/account_storage.hpp"
#include "protocol/decoding.hpp"

namespace miden {
namespace {

// The tree's entries for raw ones, zero values included.
std::vector<SmtEntry> to_tree_entries(const std::map<StorageMapKey, Word>& entries) {
  std::vector<Felt> keys;
  keys.reserve(4 * entries.size());
  for (const auto& [key, value] : entries) {
    keys.insert(keys.end(), key.word.elements.begin(), key.word.elements.end());
  }
  std::vector<Word> hashes(entries.size());
  hash_elements_batch(keys, 4, hashes);

  std::vector<SmtEntry> tree_entries;
  tree_entries.reserve(entries.size());
  for (const auto& [key, value] : entries) {
    tree_entries.push_back({hashes[tree_entries.size()], value});
  }
  return tree_entries;
}

}  // namespace

Word storage_map_leaf_key(const StorageMapKey& key) { return hash_elements(key.word.elements); }

Result<StorageMap> StorageMap::from_entries(std::map<StorageMapKey, Word> entries) {
  StorageMap map;
  map.tree_ = TRY(Smt::from_entries(to_tree_entries(entries)));
  map.entries_ = std::move(entries);
  return map;
}

Result<void> StorageMap::update(const std::map<StorageMapKey, Word>& changes) {
  TRY(tree_.update(to_tree_entries(changes)));
  for (const auto& [key, value] : changes) {
    if (value.is_zero()) {
      entries_.erase(key);
    } else {
      entries_.insert_or_assign(key, value);
    }
  }
  return {};
}

void StorageMap::encode(ByteWriter& writer) const { encode_map(writer, entries_); }

Result<StorageMap> StorageMap::decode(ByteReader& reader) {
  return as_invalid_value(from_entries(TRY((decode_map<StorageMapKey, Word>(reader)))));
}

void PartialStorageMap::encode(ByteWriter& writer) const {
  tree.encode(writer);
  encode_vec(writer, keys);
}

Result<PartialStorageMap> PartialStorageMap::decode(ByteReader& reader) {
  PartialStorageMap map;
  map.tree = TRY(PartialSmt::decode(reader));
  const size_t count = TRY(reader.count(32));
  map.keys = TRY(decode_items<StorageMapKey>(reader, count));
  for (const StorageMapKey& key : map.keys) {
    if (!map.tree.get(storage_map_leaf_key(key))) {
      return invalid_value("map key " + key.to_hex() + " is not covered by the partial tree");
    }
  }
  std::ranges::sort(map.keys);
  const auto repeated = std::ranges::unique(map.keys);
  map.keys.erase(repeated.begin(), repeated.end());
  return map;
}

}  // namespace miden
